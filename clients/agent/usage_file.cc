#include "clients/agent/usage_file.h"

#include "absl/strings/str_cat.h"
#include "clients/agent/report_writer.h"

namespace quartermaster::agent {
namespace {

void AppendText(std::string_view name, std::string_view text, std::string& out) {
  absl::StrAppend(&out, "\"", std::string(name), "\":");
  AppendJsonString(text, out);
}

void AppendDevice(const AgentState& state, const Udi& udi, std::string& out) {
  out += "\"sudi\":{";
  AppendText("udi_pid", udi.product_id, out);
  out += ',';
  AppendText("udi_serial_number", udi.serial_number, out);
  out += "},";
  AppendText("hostname", state.hostname, out);
}

}  // namespace

std::vector<ClosedReport> SelectReports(const AgentState& state, const UsageSelection& selection) {
  std::vector<ClosedReport> selected;
  const int64_t since_s = state.clock_s - selection.days * 86400;
  for (const ClosedReport& report : state.reports) {
    const bool wanted = selection.kind == UsageSelection::Kind::kAll ||
                        (selection.kind == UsageSelection::Kind::kUnreported && !report.reported) ||
                        (selection.kind == UsageSelection::Kind::kDays && report.end_s >= since_s);
    if (wanted) selected.push_back(report);
  }
  return selected;
}

std::string UsageFileBegin(const AgentState& state) {
  const bool is_switch = state.form == ReportForm::kSwitch;
  return absl::StrCat(is_switch ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" : "", "<smartLicense>",
                      SystemInfoElement(state));
}

std::string SystemInfoElement(const AgentState& state) {
  std::string out = "<smartLicenseSystemInfo><data>{";
  AppendDevice(state, state.udi, out);
  // Milliseconds; the nonce only has to differ from file to file.
  absl::StrAppend(&out, ",\"timestamp\":", state.clock_s * 1000, ",\"nonce\":\"",
                  state.clock_s * 1000 + state.last_report_id % 1000, "\",");
  AppendText("software_tag_identifier", state.asset_name, out);
  out += ",\"device_list\":[{";
  AppendDevice(state, state.udi, out);
  out += ',';
  AppendText("software_tag_identifier", state.asset_name, out);
  out += '}';
  if (state.ha_peer.has_value()) {
    out += ",{";
    AppendDevice(state, *state.ha_peer, out);
    out += ',';
    AppendText("software_tag_identifier", state.asset_name, out);
    out += '}';
  }
  out += "]}</data></smartLicenseSystemInfo>\n";
  return out;
}

}  // namespace quartermaster::agent
