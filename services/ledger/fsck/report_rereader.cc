#include "services/ledger/fsck/report_rereader.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace quartermaster::ledger::fsck {
namespace {

using nlohmann::json;

int64_t IntegerOf(const json& value) {
  if (value.is_string()) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(value.get_ref<const std::string&>(), &number)) {
      throw std::invalid_argument(absl::StrCat("not a number: ", value.dump()));
    }
    return number;
  }
  return value.get<int64_t>();
}

std::pair<std::string, std::string> UdiOf(const json& sudi) {
  return {sudi.at("udi_pid").get<std::string>(), sudi.at("udi_serial_number").get<std::string>()};
}

RereadMeasurement MeasurementOf(const json& value) {
  RereadMeasurement measurement;
  measurement.start_s = IntegerOf(value.at("start_time"));
  measurement.end_s = IntegerOf(value.at("end_time"));
  measurement.counts = value.at("metric_name") == "ENTITLEMENT";
  if (measurement.counts) measurement.count = IntegerOf(value.at("value").at("value"));
  return measurement;
}

RereadReport ReadPayload(std::string payload) {
  const json root = json::parse(payload);
  const json& identification = root.at("asset_identification");
  const json& meta = root.at("meta");
  RereadReport report;
  report.udi = UdiOf(identification.at("instance").at("sudi"));
  report.tag = meta.at("entitlement_tag").get<std::string>();
  // v1 keeps the report id in meta.
  report.report_id =
      IntegerOf(identification.contains("report_id") ? identification.at("report_id") : meta.at("report_id"));
  if (meta.contains("ha_udi") && meta.at("ha_udi").is_array()) {
    for (const json& member : meta.at("ha_udi")) report.ha_udis.push_back(UdiOf(member.at("sudi")));
  }
  if (root.contains("measurements")) {
    for (const json& value : root.at("measurements")) {
      report.measurements.push_back(MeasurementOf(value));
    }
  }
  report.payload = std::move(payload);
  return report;
}

}  // namespace

absl::StatusOr<RereadReport> RereadReportBody(std::string_view raw) {
  try {
    return ReadPayload(json::parse(raw).at("payload").get<std::string>());
  } catch (const std::exception& error) {
    return absl::DataLossError(error.what());
  }
}

}  // namespace quartermaster::ledger::fsck
