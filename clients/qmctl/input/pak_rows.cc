#include "clients/qmctl/input/pak_rows.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/input/row_file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

const std::map<std::string, std::string>& Columns() {
  static const auto* columns = new std::map<std::string, std::string>{
      {"pak", "pak"},
      {"pak_number", "pak"},
      {"pak_no", "pak"},
      {"pak_id", "pak"},
      {"sku", "sku"},
      {"product_sku", "sku"},
      {"license_sku", "sku"},
      {"sku_name", "sku"},
      {"tag", "tag"},
      {"entitlement_tag", "tag"},
      {"quantity", "quantity"},
      {"quantity_purchased", "quantity"},
      {"qty", "quantity"},
      {"start", "start"},
      {"start_date", "start"},
      {"issue_date", "start"},
      {"issued", "start"},
      {"end", "end"},
      {"end_date", "end"},
      {"expiration_date", "end"},
      {"term_end_date", "end"},
      {"virtual_account", "virtual_account"},
      {"order", "order"},
      {"order_number", "order"},
      {"sales_order_number", "order"},
  };
  return *columns;
}

// "PAK #" -> "pak", "Quantity Purchased" -> "quantity_purchased".
std::string Normalized(std::string_view heading) {
  std::string name;
  for (const char c : heading) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      name += absl::ascii_tolower(static_cast<unsigned char>(c));
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

// The row under our names. What stands in two columns for one thing is left in neither.
InputRow Renamed(const InputRow& row, std::vector<RowProblem>& problems, bool& ok) {
  InputRow renamed{row.place, nlohmann::json::object()};
  std::map<std::string, std::string> heading_of;
  for (const auto& [heading, value] : row.fields.items()) {
    const auto column = Columns().find(Normalized(heading));
    // An empty field of CSV is as good as an absent one.
    if (column == Columns().end() || value == "") continue;
    const auto [first, is_first] = heading_of.emplace(column->second, heading);
    if (!is_first) {
      ok = false;
      problems.push_back({row.place, "client.input_malformed",
                          absl::StrCat(column->second, ": got the columns ", first->second, " and ", heading,
                                       ", want one of them")});
      continue;
    }
    renamed.fields[column->second] = value;
  }
  return renamed;
}

class PakList {
 public:
  explicit PakList(const PakDefaults& defaults) : defaults_(defaults) {}

  void Add(const InputRow& input) {
    bool ok = true;
    const InputRow row = Renamed(input, result_.problems, ok);
    RowReader reader(row, result_.problems);
    ledger::v1::Entitlement right = Read(reader, row.place, ok);
    if (!ok || !reader.ok()) return;
    result_.rows.push_back(std::move(right));
    result_.places.push_back(row.place);
  }
  ImportRows<ledger::v1::Entitlement> Take() { return std::move(result_); }

 private:
  ledger::v1::Entitlement Read(RowReader& row, const std::string& place, bool& ok) {
    ledger::v1::Entitlement right;
    const std::string pak = row.RequiredText("pak");
    const std::string sku = row.RequiredText("sku");
    right.set_entitlement_id(absl::StrCat("PAK ", pak, " ", sku));
    right.set_quantity(row.RequiredNumber("quantity"));
    right.set_tag(row.Text("tag"));
    if (right.tag().empty() && !sku.empty()) {
      const auto mapped = defaults_.tags.find(sku);
      if (mapped != defaults_.tags.end()) {
        right.set_tag(mapped->second);
      } else {
        Refuse(place, absl::StrCat("sku: got '", sku, "', want one that --tags names, or a column tag"), ok);
      }
    }
    right.set_virtual_account(row.Text("virtual_account"));
    if (right.virtual_account().empty()) right.set_virtual_account(defaults_.virtual_account);
    right.set_order_id(row.Text("order"));
    if (right.order_id().empty()) right.set_order_id(pak);
    std::optional<absl::Time> start = row.Time("start", /*date_ends_day=*/false);
    if (!start.has_value()) start = defaults_.start;
    if (start.has_value()) {
      *right.mutable_start_time() = ToProto(*start);
    } else if (row.ok()) {
      Refuse(place, "start: got nothing, want a date in the list, or --start", ok);
    }
    const auto end = row.Time("end", /*date_ends_day=*/true);
    if (end.has_value()) *right.mutable_end_time() = ToProto(*end);
    right.set_term(end.has_value() ? ledger::v1::TERM_SUBSCRIPTION : ledger::v1::TERM_PERPETUAL);
    return right;
  }

  void Refuse(const std::string& place, const std::string& message, bool& ok) {
    ok = false;
    result_.problems.push_back({place, "client.input_malformed", message});
  }

  const PakDefaults& defaults_;
  ImportRows<ledger::v1::Entitlement> result_;
};

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadSkuTags(std::string_view text) {
  ASSIGN_OR_RETURN(const std::vector<InputRow> input, ReadRowFile(text, "tags"));
  std::map<std::string, std::string> tags;
  std::vector<RowProblem> problems;
  for (const InputRow& one : input) {
    RowReader row(one, problems);
    const std::string sku = row.RequiredText("sku"), tag = row.RequiredText("tag");
    row.RefuseOtherFields();
    if (!problems.empty()) {
      return client::InputMalformed(absl::StrCat("--tags: ", one.place, ": ", problems.front().message));
    }
    const auto [known, is_new] = tags.emplace(sku, tag);
    if (!is_new && known->second != tag) {
      return client::InputMalformed(absl::StrCat("--tags: ", one.place, ": sku: got '", sku, "' for '", tag,
                                                 "', want '", known->second, "' as before"));
    }
  }
  return tags;
}

absl::StatusOr<ImportRows<ledger::v1::Entitlement>> ReadPaks(std::string_view text,
                                                             const PakDefaults& defaults) {
  ASSIGN_OR_RETURN(const std::vector<InputRow> input, ReadRowFile(text, "paks"));
  PakList list(defaults);
  for (const InputRow& row : input) list.Add(row);
  return list.Take();
}

}  // namespace quartermaster::qmctl
