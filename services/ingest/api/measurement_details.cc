#include "services/ingest/api/measurement_details.h"

#include <simdjson.h>

#include "absl/strings/numbers.h"

namespace quartermaster::ingest {
namespace {

std::string TextOf(simdjson::simdjson_result<simdjson::dom::element> value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

// A number, or a string of digits.
int64_t NumberOf(simdjson::simdjson_result<simdjson::dom::element> value) {
  int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  const std::string text = TextOf(value);
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

}  // namespace

std::vector<MeasurementDetails> ReadMeasurementDetails(std::string_view payload) {
  std::vector<MeasurementDetails> all;
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(payload.data(), payload.size())["measurements"].get(list) != simdjson::SUCCESS) {
    return all;
  }
  for (simdjson::dom::element measurement : list) {
    all.push_back({.log_time_s = NumberOf(measurement["log_time"]),
                   .metric_name = TextOf(measurement["metric_name"]),
                   .termination_reason = TextOf(measurement["meta"]["termination_reason"]),
                   .close_reason = TextOf(measurement["meta"]["close_reason"])});
  }
  return all;
}

}  // namespace quartermaster::ingest
