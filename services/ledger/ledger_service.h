// The ledger service: the books and every license rule.
#ifndef QUARTERMASTER_SERVICES_LEDGER_LEDGER_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_LEDGER_SERVICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "services/common/lifecycle/service.h"

namespace quartermaster {

// Makes sure that a default Smart Account with a default Virtual Account exists. Role qm_ledger.
absl::StatusOr<std::unique_ptr<Service>> MakeLedgerService(const ServiceContext& context);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_LEDGER_LEDGER_SERVICE_H_
