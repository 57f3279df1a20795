#include "services/ledger/storage/administration/instance_replacement.h"

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/instance_moves.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {
namespace {

constexpr char kLink[] =
    "UPDATE product_instances SET replaced_by_id = $3 WHERE smart_account_id = $1 AND product_instance_id = "
    "$2";
constexpr char kTakeName[] =
    "UPDATE product_instances SET hostname = $3"
    " WHERE smart_account_id = $1 AND product_instance_id = $2 AND hostname = ''";

std::string Name(const UdiText& udi) { return absl::StrCat(udi.product_id, ":", udi.serial_number); }

absl::StatusOr<InstanceDetails> Known(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const UdiText& udi) {
  const auto found = FindInstance(transaction, smart_account_id, udi);
  if (!found) return ProductInstanceUnknown(udi.product_id, udi.serial_number);
  return *found;
}

absl::Status Check(const Replacement& replacement, const InstanceDetails& old_one,
                   const InstanceDetails& new_one) {
  if (old_one.id == new_one.id) {
    return FieldInvalid("new_udi", Name(replacement.new_udi), "another one than old_udi");
  }
  if (old_one.replaced_by_id != 0 && old_one.replaced_by_id != new_one.id) {
    return FieldInvalid("old_udi", Name(replacement.old_udi), "one that was not replaced by another yet");
  }
  if (new_one.replaced_by_id != 0) {
    return FieldInvalid("new_udi", Name(replacement.new_udi), "one that was not replaced itself");
  }
  const bool both = old_one.last_contact_at && new_one.first_contact_at &&
                    *old_one.last_contact_at > *new_one.first_contact_at;
  // The same call again finds it done.
  if (both && !replacement.force && old_one.replaced_by_id == 0) {
    return ProductInstancesBothReport(Name(replacement.old_udi), Name(replacement.new_udi));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Replaced> ReplaceInstance(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                         const Replacement& replacement, const Act& act) {
  ASSIGN_OR_RETURN(const InstanceDetails old_one, Known(transaction, smart_account_id, replacement.old_udi));
  ASSIGN_OR_RETURN(const InstanceDetails new_one, Known(transaction, smart_account_id, replacement.new_udi));
  RETURN_IF_ERROR(Check(replacement, old_one, new_one));
  const bool same_set = old_one.lead_id == new_one.lead_id;
  const bool alone = ReadHaSets(transaction, smart_account_id, {old_one.lead_id}).empty();
  if (!same_set) {
    RETURN_IF_ERROR(
        MoveInstances(transaction, smart_account_id, {new_one.lead_id}, old_one.virtual_account_id, act)
            .status());
  }
  transaction.exec_params(kTakeName, smart_account_id, new_one.id, old_one.hostname);
  transaction.exec_params(kLink, smart_account_id, old_one.id, new_one.id);
  WriteChange(transaction, smart_account_id, ChangeKind::kAdministration, {}, act);
  WriteAudit(transaction, smart_account_id, act,
             absl::StrCat("{\"product_instance\":", JsonString(Name(replacement.old_udi)), "}"),
             absl::StrCat("{\"product_instance\":", JsonString(Name(replacement.new_udi)),
                          ",\"forced\":", replacement.force ? "true" : "false", "}"));
  return Replaced{.old_id = old_one.id, .ends_use = alone};
}

}  // namespace quartermaster::ledger
