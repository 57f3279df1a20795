#include "clients/agent/show_license.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/agent/next_deadlines.h"
#include "clients/agent/state_directory.h"
#include "services/common/policy/default_policy.h"

namespace quartermaster::agent {
namespace {

using output::CellKind;
using output::Json;
using output::RowSpec;

// In the order of policy::LicenseClass.
constexpr std::array<const char*, policy::kLicenseClassCount> kClassTitles = {
    "Unenforced/Non-Export Perpetual Attributes", "Unenforced/Non-Export Subscription Attributes",
    "Enforced (Perpetual/Subscription) License Attributes",
    "Export (Perpetual/Subscription) License Attributes"};

std::string Time(int64_t seconds) {
  if (seconds == 0) return "<none>";
  return absl::FormatTime("%b %d %H:%M:%S %Y UTC", absl::FromUnixSeconds(seconds), absl::UTCTimeZone());
}

std::string UdiText(const Udi& udi) {
  return absl::StrCat("PID:", udi.product_id, ",SN:", udi.serial_number);
}

void AppendPolicy(const InstalledPolicy& policy, std::string& out) {
  absl::StrAppend(&out, "Policy:\n  Policy in use: ", policy.name,
                  "\n  Installed on: ", Time(policy.installed_s),
                  "\n  Reporting ACK required: ", policy.acknowledgement_required ? "yes" : "no", "\n");
  for (size_t i = 0; i < policy.classes.size() && i < kClassTitles.size(); ++i) {
    const ReportingDaysOfClass& days = policy.classes[i];
    absl::StrAppend(&out, "  ", kClassTitles[i],
                    ":\n    First report requirement (days): ", days.first_report,
                    "\n    Ongoing reporting frequency (days): ", days.ongoing,
                    "\n    On change reporting (days): ", days.on_change, "\n");
  }
}

void AppendUsage(const AgentState& state, std::string& out) {
  out += "\nLicense Usage\n=============\n";
  for (const auto& [tag, meter] : state.meters) {
    absl::StrAppend(&out, "\n", tag, ":\n  Count: ", meter.count(),
                    "\n  Status: ", meter.count() > 0 ? "IN USE" : "NOT IN USE", "\n");
  }
  if (state.meters.empty()) out += "\nNo licenses in use\n";
}

void AppendAuthorization(const AgentState& state, std::string& out) {
  out += "\nLicense Authorization\n=====================\n";
  const auto found = state.authorizations.find(state.udi);
  const bool installed = found != state.authorizations.end() && !found->second.tags.empty();
  const bool reservation = installed && found->second.reservation;
  absl::StrAppend(&out, "  Status: ",
                  !installed    ? "NOT INSTALLED"
                  : reservation ? "SPECIFIC INSTALLED"
                                : "SMART AUTHORIZATION INSTALLED",
                  "\n");
  if (found == state.authorizations.end()) return;
  const UnitAuthorization& authorization = found->second;
  if (installed) {
    absl::StrAppend(&out, "  Last Confirmation code: ", authorization.confirmation_code,
                    authorization.confirmed ? "" : " (not told yet)", "\n");
  }
  if (!authorization.removal_code.empty()) {
    absl::StrAppend(&out, "  Last return code: ", authorization.removal_code, "\n");
  }
  for (const AuthorizedTag& tag : authorization.tags) {
    absl::StrAppend(&out, "  ", tag.tag, ":\n    Total available count: ", tag.count,
                    "\n    Start date: ", Time(tag.start_s),
                    "\n    Expiration date: ", tag.end_s.has_value() ? Time(*tag.end_s) : "PERPETUAL", "\n");
  }
}

struct ReportCounts {
  int64_t closed = 0;
  int64_t unreported = 0;
  int64_t acknowledged = 0;
};

ReportCounts CountReports(const AgentState& state) {
  ReportCounts counts;
  for (const ClosedReport& report : state.reports) {
    ++counts.closed;
    counts.unreported += report.reported ? 0 : 1;
    counts.acknowledged += report.acknowledged ? 1 : 0;
  }
  return counts;
}

Json NumberOrNull(std::optional<int64_t> number) {
  return number.has_value() ? Json(*number) : Json(nullptr);
}

// "tag=count" of what is authorised; more than one of a tag where rights have different terms.
Json AuthorizedJson(const AgentState& state) {
  Json tags = Json::array();
  if (const auto found = state.authorizations.find(state.udi); found != state.authorizations.end()) {
    for (const AuthorizedTag& tag : found->second.tags) tags.push_back(absl::StrCat(tag.tag, "=", tag.count));
  }
  return tags;
}

Json UdiJson(const Udi& udi) {
  return {{"product_id", udi.product_id}, {"serial_number", udi.serial_number}};
}

void AppendCertificates(const char* title, const std::vector<crypto::Certificate>& certificates, bool renewed,
                        std::string& out) {
  absl::StrAppend(&out, "\n", title, ": ", certificates.empty() ? "<none>\n" : "\n");
  for (const crypto::Certificate& certificate : certificates) {
    absl::StrAppend(&out, "  ", certificate.subject(),
                    "\n    Until: ", Time(absl::ToUnixSeconds(certificate.not_after())), "\n");
    if (renewed) absl::StrAppend(&out, "    Renewed after: ", Time(RenewAfterS(certificate)), "\n");
  }
}

void AppendCredentials(const Credentials& credentials, std::string& out) {
  AppendCertificates("Trust Code Installed", credentials.trust_codes, true, out);
  if (!credentials.certificates.empty()) {
    AppendCertificates("Other Certificates", credentials.certificates, false, out);
  }
}

// Of the active unit's trust code; null without any.
template <typename Read>
Json OfTrust(const Credentials& credentials, Read read) {
  return credentials.trust_codes.empty() ? Json(nullptr) : read(credentials.trust_codes.front());
}

// "tag=count" of each.
Json TagsInUse(const Json& usage) {
  Json tags = Json::array();
  for (const Json& one : usage) {
    tags.push_back(absl::StrCat(one.at("tag").get<std::string>(), "=", one.at("count").get<int64_t>()));
  }
  return tags;
}

}  // namespace

std::string ShowLicense(const AgentState& state, const Credentials& credentials) {
  const InstalledPolicy policy = PolicyInForce(state);
  const ReportCounts counts = CountReports(state);
  std::string out = "Smart Licensing Status\n======================\n\n";
  out += "Smart Licensing Using Policy:\n  Status: ENABLED\n\n";
  AppendPolicy(policy, out);
  absl::StrAppend(&out, "\nUsage Reporting:\n  Last ACK received: ", Time(state.last_acknowledged_s),
                  "\n  Next ACK deadline: ", Time(NextAcknowledgement(state).value_or(0)),
                  "\n  Reporting push interval: ", policy.push_interval_days, " days",
                  "\n  Last report push: ", Time(state.last_push_s),
                  "\n  Next report push: ", Time(NextPush(state)), "\n  Reports: ", counts.closed,
                  " closed, ", counts.unreported, " not reported, ", counts.acknowledged, " acknowledged\n");
  AppendCredentials(credentials, out);
  AppendAuthorization(state, out);
  AppendUsage(state, out);
  absl::StrAppend(&out, "\nProduct Information\n===================\n  Clock: ", Time(state.clock_s),
                  "\n  Hostname: ", state.hostname, "\n  Version: ", state.software_version,
                  "\n  Active: ", UdiText(state.udi), "\n");
  if (state.ha_peer.has_value()) {
    absl::StrAppend(&out, "  Standby: ", UdiText(*state.ha_peer), "\n");
  }
  return out;
}

Json StatusJson(const AgentState& state, const Credentials& credentials) {
  const InstalledPolicy policy = PolicyInForce(state);
  const ReportCounts counts = CountReports(state);
  Json usage = Json::array();
  for (const auto& [tag, meter] : state.meters) {
    usage.push_back({{"tag", tag}, {"count", meter.count()}});
  }
  return {
      {"udi", UdiJson(state.udi)},
      {"ha_peer", state.ha_peer.has_value() ? UdiJson(*state.ha_peer) : Json(nullptr)},
      {"hostname", state.hostname},
      {"clock_s", state.clock_s},
      {"usage", usage},
      {"reports_closed", counts.closed},
      {"reports_unreported", counts.unreported},
      {"reports_acknowledged", counts.acknowledged},
      {"open_polls", state.polls},
      {"certificates", credentials.certificates.size()},
      {"last_push_s", state.last_push_s},
      {"last_acknowledged_s", state.last_acknowledged_s},
      {"policy", policy.name},
      {"policy_installed", state.policy.has_value()},
      {"policy_type", policy.type},
      {"push_interval_days", policy.push_interval_days},
      {"next_acknowledgement_due_s", NumberOrNull(NextAcknowledgement(state))},
      {"next_push_s", NextPush(state)},
      {"authorized", AuthorizedJson(state)},
      {"trust_codes", credentials.trust_codes.size()},
      {"trust_key", OfTrust(credentials, [](const auto& code) { return Json(code.key_id()); })},
      {"trust_until_s",
       OfTrust(credentials, [](const auto& code) { return Json(absl::ToUnixSeconds(code.not_after())); })},
      {"trust_renew_after_s",
       OfTrust(credentials, [](const auto& code) { return Json(RenewAfterS(code)); })}};
}

const RowSpec<Json>& StatusSpec() {
  using K = CellKind;
  const auto field = [](const char* key, CellKind kind) {
    return output::Column<Json>{key, "", kind, [key](const Json& status) { return status.at(key); }};
  };
  static const auto* spec = new RowSpec<Json>{
      {"product_id", "", K::kText, [](const Json& status) { return status.at("udi").at("product_id"); }},
      {"serial_number", "", K::kText,
       [](const Json& status) { return status.at("udi").at("serial_number"); }},
      field("hostname", K::kText),
      field("clock_s", K::kNumber),
      {"usage", "", K::kList, [](const Json& status) { return TagsInUse(status.at("usage")); }},
      field("reports_closed", K::kCount),
      field("reports_unreported", K::kCount),
      field("reports_acknowledged", K::kCount),
      field("certificates", K::kCount),
      field("last_push_s", K::kNumber),
      field("last_acknowledged_s", K::kNumber),
      field("policy", K::kText),
      field("policy_installed", K::kFlag),
      field("authorized", K::kList),
      field("policy_type", K::kText),
      field("push_interval_days", K::kNumber),
      field("next_acknowledgement_due_s", K::kNumber),
      field("next_push_s", K::kNumber),
      field("trust_codes", K::kCount),
      field("trust_key", K::kText),
      field("trust_until_s", K::kNumber),
      field("trust_renew_after_s", K::kNumber),
  };
  return *spec;
}

}  // namespace quartermaster::agent
