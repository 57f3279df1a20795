// One product instance takes the place of another.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_REPLACEMENT_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_REPLACEMENT_H_

#include <cstdint>
#include <pqxx/pqxx>

#include "absl/status/statusor.h"
#include "services/ledger/storage/administration/request_log.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

struct Replacement {
  UdiText old_udi, new_udi;
  // Also when the old one reported after the new one had begun to.
  bool force = false;
};

struct Replaced {
  int64_t old_id = 0;
  // It stood alone: its use is to be ended. Else its HA set goes on.
  bool ends_use = false;
};

// Under LockInstances: moves the new one to the home of the old one, names it like that where it has no name,
// and links both. What was done already is not done again. The old one still is to be removed.
// `ledger.product_instance_unknown`, `ledger.product_instances_both_report`, `ledger.field_invalid`. Throws
// what libpqxx throws.
absl::StatusOr<Replaced> ReplaceInstance(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                         const Replacement& replacement, const Act& act);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_REPLACEMENT_H_
