#include "services/ingest/testing/test_reports.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace quartermaster::ingest {
namespace {

std::string Payload(const TestReport& report, const std::string& signing_type, const std::string& key) {
  const std::string sudi =
      absl::StrCat(R"({"udi_pid":")", report.pid, R"(","udi_serial_number":")", report.sn, R"("})");
  return absl::StrCat(
      R"({"version":"2.0","asset_identification":{"report_id":)", report.report_id,
      R"(,"asset":{"name":"regid.2017-05.com.example.software"},"instance":{"sudi":)", sudi,
      R"(}},"signature":{"signing_type":")", signing_type, R"(","key":")", key,
      R"(","value":""},"meta":{"entitlement_tag":")", report.tag,
      R"(","utility_enabled":false,"software_version":"17.09.02","ha_udi":[{"role":"Active","sudi":)", sudi,
      R"(}]},"measurements":[{"log_time":)", report.start_s, R"(,"metric_name":"ENTITLEMENT","start_time":)",
      report.start_s, R"(,"end_time":)", report.end_s, R"(,"sample_interval":)",
      report.end_s - report.start_s,
      R"(,"num_samples":97,"meta":{"termination_reason":"CurrentUsageRequested"},)"
      R"("value":{"type":"COUNT","value":")",
      report.count, R"("}}]})");
}

std::string Outer(const TestReport& report, const std::string& payload, const std::string& signing_type,
                  const std::string& key, const std::string& signature) {
  return absl::StrCat(R"({"payload":")", absl::StrReplaceAll(payload, {{"\"", "\\\""}}),
                      R"(","signature":{"sudi":{"udi_pid":")", report.pid, R"(","udi_serial_number":")",
                      report.sn, R"("},"signing_type":")", signing_type, R"(","key":")", key,
                      R"(","value":")", crypto::Base64Encode(signature), R"("}})");
}

}  // namespace

std::string BuiltinText(const TestReport& report) {
  const std::string key = "regid.2017-05.com.example.software";
  return Outer(report, Payload(report, "builtin", key), "builtin", key, std::string(32, '\x5a'));
}

std::string SignedText(const TestReport& report, const crypto::PrivateKey& key) {
  const std::string signing_type(crypto::AlgorithmName(key.algorithm()));
  const std::string key_id = key.Public().key_id();
  const std::string payload = Payload(report, signing_type, key_id);
  return Outer(report, payload, signing_type, key_id, key.Sign(payload).value());
}

std::string Enclosed(const std::string& text) {
  return absl::StrCat("<RUMReport><![CDATA[", text, "]]></RUMReport>");
}

std::string FileOf(const std::vector<std::string>& texts) {
  std::string file = "<smartLicense>\n";
  for (const std::string& text : texts) absl::StrAppend(&file, Enclosed(text), "\n");
  return file + "</smartLicense>\n";
}

}  // namespace quartermaster::ingest
