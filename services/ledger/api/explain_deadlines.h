// Why a product instance must report when it must, rule by rule.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_EXPLAIN_DEADLINES_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_EXPLAIN_DEADLINES_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "quartermaster/ledger/v1/policies.pb.h"
#include "services/ledger/api/instance_reporting.h"

namespace quartermaster::ledger {

struct ExplanationWanted {
  int64_t smart_account_id = 0;
  UdiText udi;
  // Its `now` is `as_of`, where there is one.
  ReportingMoment moment;
  std::optional<absl::Time> as_of;
};

// Reads in the caller's transaction. `ledger.product_instance_unknown`.
// With `as_of`: the policies and the acknowledgement of that time; of the product instance what is known
// today of its uses and changes that had begun by then.
absl::Status Explain(pqxx::transaction_base& transaction, const ExplanationWanted& wanted,
                     v1::ExplainDeadlinesResponse* out);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_EXPLAIN_DEADLINES_H_
