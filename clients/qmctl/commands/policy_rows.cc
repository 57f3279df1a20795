#include "clients/qmctl/commands/policy_rows.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/convert/proto_json.h"

namespace quartermaster::qmctl {

using ledger::v1::ReportingPolicy;

namespace {

// As `policy set` takes them.
std::string DaysText(const ledger::v1::ClassDays& row) {
  return absl::StrCat(row.first_report_days(), ",", row.ongoing_days(), ",", row.on_change_days());
}

Json ClassesJson(const ReportingPolicy& policy) {
  Json classes = Json::array();
  for (const auto& row : policy.classes()) {
    classes.push_back({{"license_class", EnumWord(row.license_class())},
                       {"first_report_days", row.first_report_days()},
                       {"ongoing_days", row.ongoing_days()},
                       {"on_change_days", row.on_change_days()}});
  }
  return classes;
}

// The same in words, for CSV: "unenforced_perpetual=30,60,60" of each.
Json DaysJson(const ReportingPolicy& policy) {
  Json days = Json::array();
  for (const auto& row : policy.classes()) {
    // A class that a newer node has and this client does not know is left out of the words.
    const Json word = EnumWord(row.license_class());
    if (word.is_string()) days.push_back(absl::StrCat(word.get<std::string>(), "=", DaysText(row)));
  }
  return days;
}

output::Column<ReportingPolicy> ClassColumn(const char* heading, ledger::v1::LicenseClass license_class) {
  return {"", heading, CellKind::kText, [license_class](const ReportingPolicy& policy) {
            Json text = "";
            for (const auto& row : policy.classes()) {
              if (row.license_class() == license_class) text = DaysText(row);
            }
            return text;
          }};
}

}  // namespace

const RowSpec<ReportingPolicy>& PolicySpec() {
  using K = CellKind;
  using R = ReportingPolicy;
  static const auto* spec = new RowSpec<R>{
      {"policy_id", "", K::kNumber, [](const R& r) { return Json(r.policy_id()); }},
      {"", "Virtual account", K::kText,
       [](const R& r) { return Json(r.virtual_account().empty() ? "(all)" : r.virtual_account()); }},
      {"virtual_account", "", K::kText, [](const R& r) { return TextOrNull(r.virtual_account()); }},
      {"name", "Policy", K::kText, [](const R& r) { return Json(r.name()); }},
      {"type", "Type", K::kText, [](const R& r) { return EnumWord(r.type()); }},
      {"acknowledgement_required", "Ack required", K::kFlag,
       [](const R& r) { return Json(r.acknowledgement_required()); }},
      {"push_interval_days", "Push days", K::kNumber,
       [](const R& r) { return Json(r.push_interval_days()); }},
      {"classes", "", K::kNested, ClassesJson},
      {"days", "", K::kList, DaysJson},
      ClassColumn("Perpetual", ledger::v1::LICENSE_CLASS_UNENFORCED_PERPETUAL),
      ClassColumn("Subscription", ledger::v1::LICENSE_CLASS_UNENFORCED_SUBSCRIPTION),
      ClassColumn("Enforced", ledger::v1::LICENSE_CLASS_ENFORCED),
      ClassColumn("Export", ledger::v1::LICENSE_CLASS_EXPORT_CONTROLLED),
      {"effective_at", "Since", K::kTime,
       [](const R& r) { return TimeJson(r.has_effective_at(), r.effective_at()); }},
      {"ended_at", "Until", K::kTime, [](const R& r) { return TimeJson(r.has_ended_at(), r.ended_at()); }},
      {"actor", "Set by", K::kText, [](const R& r) { return TextOrNull(r.actor()); }},
  };
  return *spec;
}

}  // namespace quartermaster::qmctl
