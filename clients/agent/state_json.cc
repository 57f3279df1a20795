// The state file: see docs/reference/formats.md, "State of the agent".
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "clients/agent/agent_state.h"

namespace quartermaster::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr std::array<const char*, 3> kFormWords = {"v2", "v1", "switch"};

Json UdiToJson(const Udi& udi) {
  return {{"udi_pid", udi.product_id}, {"udi_serial_number", udi.serial_number}};
}

Udi UdiFromJson(const Json& json) {
  return {json.at("udi_pid").get<std::string>(), json.at("udi_serial_number").get<std::string>()};
}

Json IntervalToJson(const MeasuredInterval& interval) {
  return {{"log_s", interval.log_s},
          {"start_s", interval.start_s},
          {"end_s", interval.end_s},
          {"count", interval.count}};
}

MeasuredInterval IntervalFromJson(const Json& json) {
  MeasuredInterval interval;
  interval.log_s = json.at("log_s");
  interval.start_s = json.at("start_s");
  interval.end_s = json.at("end_s");
  interval.count = json.at("count");
  return interval;
}

Json MeterToJson(const std::string& tag, const UsageMeter& meter) {
  const UsageMeter::Snapshot snapshot = meter.snapshot();
  Json intervals = Json::array();
  for (const MeasuredInterval& interval : snapshot.intervals) {
    intervals.push_back(IntervalToJson(interval));
  }
  return {{"tag", tag},
          {"count", snapshot.count},
          {"told_count", snapshot.told_count},
          {"running_since_s", snapshot.running_since_s},
          {"opened_s", snapshot.opened_s},
          {"suspended", snapshot.suspended},
          {"ended", snapshot.ended},
          {"intervals", std::move(intervals)}};
}

UsageMeter MeterFromJson(const Json& json) {
  UsageMeter::Snapshot snapshot;
  snapshot.count = json.at("count");
  snapshot.told_count = json.at("told_count");
  snapshot.running_since_s = json.at("running_since_s");
  snapshot.opened_s = json.at("opened_s");
  snapshot.suspended = json.at("suspended");
  snapshot.ended = json.at("ended");
  for (const Json& interval : json.at("intervals")) {
    snapshot.intervals.push_back(IntervalFromJson(interval));
  }
  return UsageMeter::FromSnapshot(snapshot);
}

Json ReportToJson(const ClosedReport& report) {
  return {{"report_id", report.report_id}, {"udi", UdiToJson(report.udi)},
          {"tag", report.entitlement_tag}, {"start_s", report.start_s},
          {"end_s", report.end_s},         {"count", report.count},
          {"reported", report.reported},   {"acknowledged", report.acknowledged}};
}

ClosedReport ReportFromJson(const Json& json) {
  ClosedReport report;
  report.report_id = json.at("report_id");
  report.udi = UdiFromJson(json.at("udi"));
  report.entitlement_tag = json.at("tag");
  report.start_s = json.at("start_s");
  report.end_s = json.at("end_s");
  report.count = json.at("count");
  report.reported = json.at("reported");
  report.acknowledged = json.at("acknowledged");
  return report;
}

Json PolicyToJson(const InstalledPolicy& policy) {
  Json classes = Json::array();
  for (const ReportingDaysOfClass& days : policy.classes) {
    classes.push_back({{"first_report_days", days.first_report},
                       {"ongoing_days", days.ongoing},
                       {"on_change_days", days.on_change}});
  }
  Json json = {{"name", policy.name},
               {"type", policy.type},
               {"acknowledgement_required", policy.acknowledgement_required},
               {"push_interval_days", policy.push_interval_days},
               {"classes", std::move(classes)},
               {"installed_s", policy.installed_s},
               {"issued_s", policy.issued_s},
               {"next_report_due_s", policy.next_report_due_s}};
  json["next_acknowledgement_due_s"] = policy.next_acknowledgement_due_s.has_value()
                                           ? Json(*policy.next_acknowledgement_due_s)
                                           : Json(nullptr);
  return json;
}

InstalledPolicy PolicyFromJson(const Json& json) {
  InstalledPolicy policy;
  policy.name = json.at("name");
  policy.acknowledgement_required = json.at("acknowledgement_required");
  policy.push_interval_days = json.at("push_interval_days");
  for (const Json& days : json.at("classes")) {
    policy.classes.push_back(
        {days.at("first_report_days"), days.at("ongoing_days"), days.at("on_change_days")});
  }
  policy.installed_s = json.at("installed_s");
  // States that were written before these were kept.
  policy.type = json.value("type", policy.type);
  policy.issued_s = json.value("issued_s", policy.issued_s);
  policy.next_report_due_s = json.at("next_report_due_s");
  const Json& due = json.at("next_acknowledgement_due_s");
  if (!due.is_null()) policy.next_acknowledgement_due_s = due.get<int64_t>();
  return policy;
}

Json AuthorizationToJson(const Udi& udi, const UnitAuthorization& authorization) {
  Json tags = Json::array();
  for (const AuthorizedTag& tag : authorization.tags) {
    tags.push_back({{"tag", tag.tag},
                    {"count", tag.count},
                    {"start_s", tag.start_s},
                    {"end_s", tag.end_s.has_value() ? Json(*tag.end_s) : Json(nullptr)}});
  }
  return {{"udi", UdiToJson(udi)},
          {"sequence", authorization.sequence},
          {"tags", std::move(tags)},
          {"reservation", authorization.reservation},
          {"confirmed", authorization.confirmed},
          {"confirmation_code", authorization.confirmation_code},
          {"removal_code", authorization.removal_code},
          {"removal_code_when_removed", authorization.removal_code_when_removed}};
}

UnitAuthorization AuthorizationFromJson(const Json& json) {
  UnitAuthorization authorization;
  authorization.sequence = json.at("sequence");
  for (const Json& tag : json.at("tags")) {
    AuthorizedTag& one = authorization.tags.emplace_back();
    one.tag = tag.at("tag");
    one.count = tag.at("count");
    one.start_s = tag.at("start_s");
    if (!tag.at("end_s").is_null()) one.end_s = tag.at("end_s").get<int64_t>();
  }
  authorization.reservation = json.at("reservation");
  authorization.confirmed = json.at("confirmed");
  authorization.confirmation_code = json.at("confirmation_code");
  authorization.removal_code = json.at("removal_code");
  authorization.removal_code_when_removed = json.at("removal_code_when_removed");
  return authorization;
}

void IdentityToJson(const AgentState& state, Json& json) {
  json["udi"] = UdiToJson(state.udi);
  json["ha_peer"] = state.ha_peer.has_value() ? UdiToJson(*state.ha_peer) : Json(nullptr);
  json["hostname"] = state.hostname;
  json["software_version"] = state.software_version;
  json["asset_name"] = state.asset_name;
  json["product_instance_identifier"] = state.product_instance_identifier;
  json["form"] = kFormWords[static_cast<size_t>(state.form)];
  json["signing"] = std::string(SigningKindWord(state.signing));
}

void IdentityFromJson(const Json& json, AgentState& state) {
  state.udi = UdiFromJson(json.at("udi"));
  if (!json.at("ha_peer").is_null()) state.ha_peer = UdiFromJson(json.at("ha_peer"));
  state.hostname = json.at("hostname");
  state.software_version = json.at("software_version");
  state.asset_name = json.at("asset_name");
  state.product_instance_identifier = json.at("product_instance_identifier");
  const std::string form = json.at("form");
  for (size_t i = 0; i < kFormWords.size(); ++i) {
    if (form == kFormWords[i]) state.form = static_cast<ReportForm>(i);
  }
  state.signing = ParseSigningKind(json.at("signing").get<std::string>()).value_or(SigningKind::kNone);
}

AgentState FromJson(const Json& json) {
  AgentState state;
  IdentityFromJson(json, state);
  state.clock_s = json.at("clock_s");
  state.report_interval_s = json.at("report_interval_s");
  state.last_report_id = json.at("last_report_id");
  for (const Json& meter : json.at("tags")) {
    state.meters.emplace(meter.at("tag").get<std::string>(), MeterFromJson(meter));
  }
  for (const Json& report : json.at("reports")) state.reports.push_back(ReportFromJson(report));
  state.polls = json.at("polls").get<std::vector<int64_t>>();
  state.last_push_s = json.at("last_push_s");
  for (const Json& entry : json.at("acknowledgement_sequences")) {
    state.acknowledgement_sequences[UdiFromJson(entry.at("udi"))] = entry.at("sequence");
  }
  state.last_acknowledged_s = json.at("last_acknowledged_s");
  if (!json.at("policy").is_null()) state.policy = PolicyFromJson(json.at("policy"));
  // A state of before has neither.
  for (const Json& tag : json.value("enforced_tags", Json::array())) state.enforced_tags.insert(tag);
  for (const Json& entry : json.value("authorizations", Json::array())) {
    state.authorizations[UdiFromJson(entry.at("udi"))] = AuthorizationFromJson(entry);
  }
  return state;
}

}  // namespace

std::string StateToJson(const AgentState& state) {
  Json json = {{"format", kFormat}};
  IdentityToJson(state, json);
  json["clock_s"] = state.clock_s;
  json["report_interval_s"] = state.report_interval_s;
  json["last_report_id"] = state.last_report_id;
  json["tags"] = Json::array();
  for (const auto& [tag, meter] : state.meters) json["tags"].push_back(MeterToJson(tag, meter));
  json["reports"] = Json::array();
  for (const ClosedReport& report : state.reports) json["reports"].push_back(ReportToJson(report));
  json["polls"] = state.polls;
  json["last_push_s"] = state.last_push_s;
  json["acknowledgement_sequences"] = Json::array();
  for (const auto& [udi, sequence] : state.acknowledgement_sequences) {
    json["acknowledgement_sequences"].push_back({{"udi", UdiToJson(udi)}, {"sequence", sequence}});
  }
  json["last_acknowledged_s"] = state.last_acknowledged_s;
  json["policy"] = state.policy.has_value() ? PolicyToJson(*state.policy) : Json(nullptr);
  json["enforced_tags"] = state.enforced_tags;
  json["authorizations"] = Json::array();
  for (const auto& [udi, authorization] : state.authorizations) {
    json["authorizations"].push_back(AuthorizationToJson(udi, authorization));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<AgentState> StateFromJson(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != kFormat) {
      return StateMalformed(absl::StrCat("format: got ", json.at("format").dump(), ", want ", kFormat));
    }
    return FromJson(json);
  } catch (const nlohmann::json::exception& error) {
    return StateMalformed(error.what());
  }
}

}  // namespace quartermaster::agent
