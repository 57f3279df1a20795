// Product instances as the API shows them: home, deadlines, positions, gaps, findings together.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_VIEW_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_VIEW_H_

#include <pqxx/pqxx>
#include <vector>

#include "absl/time/time.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {

struct ViewOptions {
  absl::Time now;
  // Adds the positions.
  bool with_usage = false;
  // Holes longer than this are gaps.
  int64_t gap_after_s = kGapAfterS;
};
// In the order given. Reads in the caller's transaction.
std::vector<v1::ProductInstance> ViewInstances(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                               const std::vector<InstanceDetails>& instances,
                                               const ViewOptions& options);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_VIEW_H_
