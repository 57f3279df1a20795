#include "services/ledger/api/account_view.h"

#include "absl/strings/str_cat.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

void ToProto(const SmartAccount& account, v1::SmartAccount* out) {
  out->set_smart_account_id(account.id);
  out->set_domain(account.domain);
  out->set_display_name(account.display_name);
  out->set_count_unverifiable(account.count_unverifiable);
  SetTime(account.created_at, out->mutable_created_at());
  if (account.closed_at) SetTime(*account.closed_at, out->mutable_closed_at());
}

void ToProto(const VirtualAccount& account, v1::VirtualAccount* out) {
  out->set_virtual_account_id(account.id);
  out->set_name(account.name);
  out->set_description(account.description);
  out->set_is_default(account.is_default);
  SetTime(account.created_at, out->mutable_created_at());
  out->set_responsible(account.responsible);
  out->set_deputy(account.deputy);
  if (account.closed_at) SetTime(*account.closed_at, out->mutable_closed_at());
}

std::string AuditOf(const SmartAccount& account) {
  return absl::StrCat("{\"domain\":", JsonString(account.domain),
                      ",\"display_name\":", JsonString(account.display_name),
                      ",\"count_unverifiable\":", account.count_unverifiable ? "true" : "false",
                      ",\"closed\":", account.closed_at ? "true" : "false", "}");
}

}  // namespace quartermaster::ledger
