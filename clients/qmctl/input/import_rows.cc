#include "clients/qmctl/input/import_rows.h"

#include <functional>
#include <utility>

#include "clients/qmctl/convert/proto_json.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

template <typename Row>
absl::StatusOr<ImportRows<Row>> ReadRows(std::string_view text, const std::string& array_key,
                                         const std::function<Row(RowReader&)>& read) {
  ASSIGN_OR_RETURN(const std::vector<InputRow> input, ReadRowFile(text, array_key));
  ImportRows<Row> result;
  for (const InputRow& row : input) {
    RowReader reader(row, result.problems);
    Row message = read(reader);
    reader.RefuseOtherFields();
    if (!reader.ok()) continue;
    result.rows.push_back(std::move(message));
    result.places.push_back(row.place);
  }
  return result;
}

ledger::v1::LicenseTag CatalogRow(RowReader& row) {
  ledger::v1::LicenseTag tag;
  tag.set_tag(row.RequiredText("tag"));
  tag.set_display_name(row.Text("display_name"));
  tag.set_description(row.Text("description"));
  // The words stand in the order of the enum, whose value 0 is "unspecified".
  const size_t enforcement =
      row.Word("enforcement", {"unenforced", "enforced", "export_controlled"}).value_or(0);
  tag.set_enforcement(static_cast<ledger::v1::Enforcement>(enforcement + 1));
  const size_t term = row.Word("term", {"perpetual", "subscription"}).value_or(1);
  tag.set_term(static_cast<ledger::v1::Term>(term + 1));
  for (std::string& lower : row.List("substitutes_for")) tag.add_substitutes_for(std::move(lower));
  // What `catalog list -o json` adds, so that its output can be imported again.
  tag.set_known(row.Flag("known", true));
  return tag;
}

ledger::v1::Entitlement EntitlementRow(RowReader& row) {
  ledger::v1::Entitlement entitlement;
  entitlement.set_entitlement_id(row.RequiredText("entitlement_id"));
  entitlement.set_virtual_account(row.Text("virtual_account"));
  entitlement.set_tag(row.RequiredText("tag"));
  entitlement.set_quantity(row.RequiredNumber("quantity"));
  const auto term = row.Word("term", {"perpetual", "subscription"});
  if (const auto start = row.Time("start", /*date_ends_day=*/false)) {
    *entitlement.mutable_start_time() = ToProto(*start);
  }
  const auto end = row.Time("end", /*date_ends_day=*/true);
  if (end.has_value()) *entitlement.mutable_end_time() = ToProto(*end);
  entitlement.set_term(static_cast<ledger::v1::Term>(term.value_or(end.has_value() ? 1 : 0) + 1));
  entitlement.set_subscription_id(row.Text("subscription_id"));
  entitlement.set_order_id(row.Text("order_id"));
  entitlement.set_overage_quantity(row.Number("overage_quantity"));
  return entitlement;
}

ledger::v1::ProductInstance ProductInstanceRow(RowReader& row) {
  ledger::v1::ProductInstance instance;
  instance.mutable_udi()->set_product_id(row.RequiredText("product_id"));
  instance.mutable_udi()->set_serial_number(row.RequiredText("serial_number"));
  instance.set_virtual_account(row.Text("virtual_account"));
  instance.set_hostname(row.Text("hostname"));
  return instance;
}

}  // namespace

absl::StatusOr<ImportRows<ledger::v1::LicenseTag>> ReadCatalog(std::string_view text) {
  return ReadRows<ledger::v1::LicenseTag>(text, "license_tags", CatalogRow);
}

absl::StatusOr<ImportRows<ledger::v1::Entitlement>> ReadEntitlements(std::string_view text) {
  return ReadRows<ledger::v1::Entitlement>(text, "entitlements", EntitlementRow);
}

absl::StatusOr<ImportRows<ledger::v1::ProductInstance>> ReadProductInstances(std::string_view text) {
  return ReadRows<ledger::v1::ProductInstance>(text, "product_instances", ProductInstanceRow);
}

}  // namespace quartermaster::qmctl
