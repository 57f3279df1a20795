#include "services/ingest/domain/measurement_fields.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

using simdjson::dom::element;

enum MeasurementField { kLogTime, kMetricName, kStartTime, kEndTime, kMeta, kValue };
constexpr Fields<6>::Names kMeasurementNames = {"log_time", "metric_name", "start_time",
                                                "end_time", "meta",        "value"};

enum MetaField { kTerminationReason, kCloseReason };
constexpr Fields<2>::Names kMetaNames = {"termination_reason", "close_reason"};

enum ValueField { kType, kCount };
constexpr Fields<2>::Names kValueNames = {"type", "value"};

constexpr char kWantCount[] = "a decimal string";

absl::Status ReadTime(const Fields<6>& fields, MeasurementField field, bool required, int64_t& time_s) {
  if (!fields.Has(field)) {
    return required ? fields.Path(field).Missing("Unix seconds") : absl::OkStatus();
  }
  ASSIGN_OR_RETURN(time_s, ReadNumber(fields.Path(field), fields[field], kTimeMaxS));
  return absl::OkStatus();
}

// The count is a string of digits by the format: a bare number means that something re-encoded the
// payload on its way, so it is refused and not guessed at.
absl::Status ReadCount(const FieldPath& path, element value, uint32_t& count) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return path.Invalid(value, kWantCount);
  const bool negative = text.size() > 1 && text[0] == '-';
  const auto number = ParseDigits(text.substr(negative ? 1 : 0), kCountMax);
  if (!number.has_value()) return path.Invalid(value, kWantCount);
  if ((negative && *number != 0) || *number > kCountMax) {
    return CountOutOfRange(path.ToString(), Describe(value));
  }
  if (negative) return path.Invalid(value, kWantCount);
  count = static_cast<uint32_t>(*number);
  return absl::OkStatus();
}

absl::Status ReadValue(const FieldPath& path, element value, uint32_t& count) {
  Fields<2> fields(kValueNames, path);
  RETURN_IF_ERROR(fields.Read(value));
  RETURN_IF_ERROR(fields.Require(kType, "\"COUNT\""));
  std::string_view type;
  if (fields[kType].get(type) != simdjson::SUCCESS || type != "COUNT") {
    return fields.Path(kType).Invalid(fields[kType], "\"COUNT\"");
  }
  RETURN_IF_ERROR(fields.Require(kCount, kWantCount));
  return ReadCount(fields.Path(kCount), fields[kCount], count);
}

absl::Status ReadReasons(const FieldPath& path, element meta, uint32_t& flags) {
  Fields<2> fields(kMetaNames, path);
  RETURN_IF_ERROR(fields.Read(meta));
  for (MetaField field : {kTerminationReason, kCloseReason}) {
    if (!fields.Has(field)) continue;
    std::string_view reason;
    if (fields[field].get(reason) != simdjson::SUCCESS) {
      return fields.Path(field).Invalid(fields[field], "a string");
    }
    // Fillers for "no reason".
    if (reason.empty() || reason == "NA") continue;
    flags |= kEndExplained;
    if (reason == "ProductReload") flags |= kEndedByReload;
  }
  return absl::OkStatus();
}

absl::Status ReadTimes(const Fields<6>& fields, bool counted, Measurement& measurement) {
  int64_t log_s = 0;
  // May precede start_time after a clock change; only what it is matters here.
  RETURN_IF_ERROR(ReadTime(fields, kLogTime, /*required=*/false, log_s));
  measurement.start_s = log_s;
  RETURN_IF_ERROR(ReadTime(fields, kStartTime, counted, measurement.start_s));
  measurement.end_s = measurement.start_s;
  RETURN_IF_ERROR(ReadTime(fields, kEndTime, counted, measurement.end_s));
  if (measurement.end_s < measurement.start_s) {
    return fields.Path(kEndTime).Invalid(absl::StrCat(measurement.end_s),
                                         absl::StrCat("start_time ", measurement.start_s, " or later"));
  }
  return absl::OkStatus();
}

absl::Status ReadMeasurement(const FieldPath& path, element value, int64_t received_s,
                             Measurement& measurement) {
  Fields<6> fields(kMeasurementNames, path);
  RETURN_IF_ERROR(fields.Read(value));

  RETURN_IF_ERROR(fields.Require(kMetricName, "a string"));
  std::string_view metric;
  if (fields[kMetricName].get(metric) != simdjson::SUCCESS) {
    return fields.Path(kMetricName).Invalid(fields[kMetricName], "a string");
  }
  const bool counted = metric == "ENTITLEMENT";
  measurement.flags = counted ? 0u : kNotCounted;

  RETURN_IF_ERROR(ReadTimes(fields, counted, measurement));
  if (measurement.end_s > received_s + kClockSuspectAfterS) measurement.flags |= kClockSuspect;
  if (fields.Has(kMeta)) {
    RETURN_IF_ERROR(ReadReasons(fields.Path(kMeta), fields[kMeta], measurement.flags));
  }
  measurement.count = 0;
  if (!counted) return absl::OkStatus();
  RETURN_IF_ERROR(fields.Require(kValue, "an object"));
  return ReadValue(fields.Path(kValue), fields[kValue], measurement.count);
}

}  // namespace

absl::Status ReadMeasurements(const FieldPath& path, element list, int64_t received_s,
                              std::vector<Measurement>& measurements) {
  simdjson::dom::array array;
  if (list.get(array) != simdjson::SUCCESS) return path.Invalid(list, "a list");
  for (element value : array) {
    if (measurements.size() == kMeasurementsMax) {
      return path.Invalid(absl::StrCat("more than ", kMeasurementsMax, " measurements"),
                          absl::StrCat("at most ", kMeasurementsMax));
    }
    Measurement& measurement = measurements.emplace_back();
    RETURN_IF_ERROR(
        ReadMeasurement(FieldPath(path, measurements.size() - 1), value, received_s, measurement));
  }
  // No form that devices write is without one, and it would claim an identity for ever without
  // covering any time or saying any count.
  if (measurements.empty()) return path.Invalid("an empty list", "at least one measurement");
  return absl::OkStatus();
}

}  // namespace quartermaster::ingest
