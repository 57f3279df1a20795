#include "clients/agent/report_writer.h"

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

// One sample each quarter of an hour, and one where the interval begins.
constexpr int64_t kSampleSeconds = 900;

void AppendField(std::string_view name, std::string_view text, std::string& out) {
  out += '"';
  out += name;
  out += "\":";
  AppendJsonString(text, out);
}

void AppendUdi(const Udi& udi, std::string& out) {
  out += "\"sudi\":{";
  AppendField("udi_pid", udi.product_id, out);
  out += ',';
  AppendField("udi_serial_number", udi.serial_number, out);
  out += '}';
}

void AppendSignatureFields(const ReportSignature& signature, std::string& out) {
  AppendField("signing_type", signature.signing_type, out);
  out += ',';
  AppendField("key", signature.key, out);
  out += ',';
  AppendField("value", signature.value, out);
}

void AppendAsset(const ReportContent& content, const ReportSignature& inner, std::string& out) {
  out += "\"asset_identification\":{";
  if (content.form != ReportForm::kV1) {
    absl::StrAppend(&out, "\"report_id\":", content.report_id, ",");
  }
  out += "\"asset\":{";
  AppendField("name", content.asset_name, out);
  out += "},\"instance\":{";
  if (content.form == ReportForm::kSwitch) {
    AppendField("product_instance_identifier", content.product_instance_identifier, out);
    out += ',';
  }
  AppendUdi(content.udi, out);
  out += '}';
  if (content.form == ReportForm::kV1) {
    out += ",\"signature\":{";
    AppendSignatureFields(inner, out);
    out += '}';
  }
  out += '}';
}

void AppendMeta(const ReportContent& content, std::string& out) {
  out += "\"meta\":{";
  AppendField("entitlement_tag", content.entitlement_tag, out);
  if (content.form == ReportForm::kV1) {
    absl::StrAppend(&out, ",\"report_id\":", content.report_id);
  } else {
    out += ",\"utility_enabled\":false";
  }
  out += ',';
  AppendField("software_version", content.software_version, out);
  out += ",\"ha_udi\":[";
  for (const HaUnit& unit : content.ha_units) {
    if (&unit != &content.ha_units.front()) out += ',';
    out += '{';
    AppendField("role", unit.role, out);
    out += ',';
    AppendUdi(unit.udi, out);
    out += '}';
  }
  out += ']';
  if (content.previous_report_id != 0) {
    absl::StrAppend(&out, ",\"previous_report_id\":", content.previous_report_id);
  }
  out += '}';
}

void AppendMeasurement(const MeasuredInterval& interval, std::string& out) {
  const int64_t seconds = interval.end_s - interval.start_s;
  absl::StrAppend(&out, "{\"log_time\":", interval.log_s,
                  ",\"metric_name\":\"ENTITLEMENT\",\"start_time\":", interval.start_s,
                  ",\"end_time\":", interval.end_s, ",\"sample_interval\":", seconds,
                  ",\"num_samples\":", seconds / kSampleSeconds + 1, ",\"meta\":{");
  out += "\"removed_sudi_list\":[],\"added_sudi_list\":[]";
  if (!interval.termination_reason.empty()) {
    out += ',';
    AppendField("termination_reason", interval.termination_reason, out);
  }
  if (!interval.close_reason.empty()) {
    out += ',';
    AppendField("close_reason", interval.close_reason, out);
  }
  absl::StrAppend(&out, "},\"value\":{\"type\":\"COUNT\",\"value\":\"", interval.count, "\"}}");
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t plain_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const bool quoted = c == '"' || c == '\\';
    const bool coded = c < 0x20 || c == 0x7F || c == '<' || c == '>' || c == '&';
    if (!quoted && !coded) continue;
    out.append(text.substr(plain_from, i - plain_from));
    plain_from = i + 1;
    out += '\\';
    if (quoted) {
      out += static_cast<char>(c);
    } else {
      out += "u00";
      out += kHex[c >> 4];
      out += kHex[c & 0xF];
    }
  }
  out.append(text.substr(plain_from));
  out += '"';
}

std::string WritePayload(const ReportContent& content, const ReportSignature& inner) {
  std::string out;
  out.reserve(1024 + 320 * content.measurements.size());
  out += '{';
  // Version 1 names no version.
  if (content.form != ReportForm::kV1) out += "\"version\":\"2.0\",";
  AppendAsset(content, inner, out);
  out += ',';
  if (content.form != ReportForm::kV1) {
    out += "\"signature\":{";
    AppendSignatureFields(inner, out);
    out += "},";
  }
  AppendMeta(content, out);
  out += ",\"measurements\":[";
  for (const MeasuredInterval& interval : content.measurements) {
    if (&interval != &content.measurements.front()) out += ',';
    AppendMeasurement(interval, out);
  }
  out += "]}";
  return out;
}

absl::StatusOr<std::string> WriteReport(const ReportContent& content, const ReportSigner& signer) {
  const std::string payload = WritePayload(content, signer.Inner(content));
  ASSIGN_OR_RETURN(const ReportSignature signature, signer.Sign(content, payload));
  std::string out;
  out.reserve(payload.size() * 5 / 4 + 1024);
  out += "{\"payload\":";
  AppendJsonString(payload, out);
  if (content.form == ReportForm::kV1) out += ",\"header\":{\"type\":\"rum\"}";
  out += ",\"signature\":{";
  AppendUdi(content.udi, out);
  out += ',';
  AppendSignatureFields(signature, out);
  out += "}}";
  return out;
}

std::string WrapReport(std::string_view report) {
  std::string out = "<RUMReport><![CDATA[";
  out += report;
  out += "]]></RUMReport>";
  return out;
}

}  // namespace quartermaster::agent
