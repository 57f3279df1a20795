#include "services/ledger/fsck/report_rereader.h"

#include <limits>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/ledger/fsck/json_tree.h"

namespace quartermaster::ledger::fsck {
namespace {

using Kind = JsonValue::Kind;

constexpr size_t kRawBytesMax = size_t{1} << 20;
constexpr size_t kUdiBytesMax = 64;
constexpr size_t kWordBytesMax = 64;
constexpr size_t kTextBytesMax = 255;
constexpr size_t kSignatureBytesMax = 4096;
constexpr size_t kMeasurementsMax = 10'000;
constexpr size_t kHaMembersMax = 64;
constexpr int64_t kCountMax = 2'147'483'647;
constexpr int64_t kTimeMaxS = 253'402'300'799;
constexpr int64_t kAnyNumber = std::numeric_limits<int64_t>::max();

[[noreturn]] void Refuse(std::string_view field, std::string_view why) {
  throw std::invalid_argument(absl::StrCat(std::string(field), ": ", std::string(why)));
}

// Null when it is absent; null in the text is absent too.
const JsonValue* Find(const JsonValue& object, std::string_view name) {
  if (object.kind != Kind::kObject) Refuse(name, "looked for in what is no object");
  const JsonValue* found = nullptr;
  for (size_t i = 0; i < object.names.size(); ++i) {
    if (object.names[i] != name) continue;
    if (found != nullptr) Refuse(name, "stands twice");
    found = &object.items[i];
  }
  return found == nullptr || found->kind == Kind::kNull ? nullptr : found;
}

const JsonValue& Get(const JsonValue& object, std::string_view name) {
  const JsonValue* found = Find(object, name);
  if (found == nullptr) Refuse(name, "absent");
  return *found;
}

const std::string& TextOf(const JsonValue& value, std::string_view name) {
  if (value.kind != Kind::kText) Refuse(name, "not a string");
  return value.text;
}

// U+0000 to U+001F and U+007F to U+009F, in UTF-8.
bool HasControlCharacter(const std::string& text) {
  uint8_t before = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte < 0xa0)) return true;
    before = byte;
  }
  return false;
}

std::string NameOf(const JsonValue& value, std::string_view name, size_t bytes_min, size_t bytes_max) {
  const std::string& text = TextOf(value, name);
  if (text.size() < bytes_min || text.size() > bytes_max) Refuse(name, "too short or too long");
  if (HasControlCharacter(text)) Refuse(name, "control characters");
  return text;
}

std::string RequiredName(const JsonValue& object, std::string_view name, size_t bytes_max) {
  return NameOf(Get(object, name), name, 1, bytes_max);
}

std::string OptionalName(const JsonValue& object, std::string_view name, size_t bytes_max) {
  const JsonValue* value = Find(object, name);
  return value == nullptr ? "" : NameOf(*value, name, 0, bytes_max);
}

int64_t DigitsOf(const std::string& text, std::string_view name, int64_t most) {
  if (text.empty()) Refuse(name, "no digits");
  int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') Refuse(name, "not only digits");
    const int64_t digit = c - '0';
    if (number > (most - digit) / 10) Refuse(name, "too large");
    number = number * 10 + digit;
  }
  return number;
}

// As a number or as a string of digits.
int64_t NumberOf(const JsonValue& value, std::string_view name, int64_t most) {
  if (value.kind == Kind::kText) return DigitsOf(value.text, name, most);
  if (value.kind != Kind::kInteger || value.integer < 0 || value.integer > most) {
    Refuse(name, "not a whole number in range");
  }
  return value.integer;
}

int64_t OptionalNumber(const JsonValue& object, std::string_view name, int64_t most, int64_t otherwise) {
  const JsonValue* value = Find(object, name);
  return value == nullptr ? otherwise : NumberOf(*value, name, most);
}

UdiPair UdiOf(const JsonValue& sudi) {
  return {RequiredName(sudi, "udi_pid", kUdiBytesMax), RequiredName(sudi, "udi_serial_number", kUdiBytesMax)};
}

// Covered by no signature itself, so only its form is judged.
void CheckSignature(const JsonValue& signature) {
  if (const JsonValue* sudi = Find(signature, "sudi"); sudi != nullptr) {
    OptionalName(*sudi, "udi_pid", kUdiBytesMax);
    OptionalName(*sudi, "udi_serial_number", kUdiBytesMax);
  }
  RequiredName(signature, "signing_type", kWordBytesMax);
  OptionalName(signature, "key", kTextBytesMax);
  const std::string& value = TextOf(Get(signature, "value"), "signature.value");
  if (value.empty() || value.size() > kSignatureBytesMax) Refuse("signature.value", "too short or too long");
  if (!crypto::Base64Decode(value).ok()) Refuse("signature.value", "not base64");
}

// v2 has the id beside the UDI, v1 in meta; where both stand they agree.
int64_t ReportIdOf(const JsonValue& identification, const JsonValue& meta) {
  const JsonValue* beside = Find(identification, "report_id");
  const JsonValue* within = Find(meta, "report_id");
  if (beside == nullptr && within == nullptr) Refuse("report_id", "absent");
  const int64_t first = NumberOf(beside != nullptr ? *beside : *within, "report_id", kAnyNumber);
  if (within != nullptr && NumberOf(*within, "meta.report_id", kAnyNumber) != first) {
    Refuse("meta.report_id", "not asset_identification.report_id");
  }
  return first;
}

std::vector<RereadHaMember> HaMembersOf(const JsonValue& meta) {
  std::vector<RereadHaMember> members;
  const JsonValue* list = Find(meta, "ha_udi");
  if (list == nullptr) return members;
  if (list->kind != Kind::kList || list->items.size() > kHaMembersMax) {
    Refuse("ha_udi", "no list, or too long");
  }
  for (const JsonValue& value : list->items) {
    std::string role = OptionalName(value, "role", kWordBytesMax);
    members.push_back({UdiOf(Get(value, "sudi")), std::move(role)});
  }
  return members;
}

// A reason says that the device itself ended the measurement; "" and "NA" are fillers.
void ReadReasons(const JsonValue& meta, RereadMeasurement& measurement) {
  for (const JsonValue* value : {Find(meta, "termination_reason"), Find(meta, "close_reason")}) {
    if (value == nullptr) continue;
    const std::string& reason = TextOf(*value, "reason");
    if (reason.empty() || reason == "NA") continue;
    measurement.end_explained = true;
    measurement.ended_by_reload |= reason == "ProductReload";
  }
}

// What is not counted may lack any of its times: then its end is its start, and its start when it was
// logged.
void ReadTimes(const JsonValue& value, RereadMeasurement& measurement) {
  const int64_t logged_s = OptionalNumber(value, "log_time", kTimeMaxS, 0);
  if (measurement.counts) {
    Get(value, "start_time");
    Get(value, "end_time");
  }
  measurement.start_s = OptionalNumber(value, "start_time", kTimeMaxS, logged_s);
  measurement.end_s = OptionalNumber(value, "end_time", kTimeMaxS, measurement.start_s);
  if (measurement.end_s < measurement.start_s) Refuse("end_time", "before start_time");
}

RereadMeasurement MeasurementOf(const JsonValue& value) {
  RereadMeasurement measurement;
  measurement.counts = TextOf(Get(value, "metric_name"), "metric_name") == "ENTITLEMENT";
  ReadTimes(value, measurement);
  if (const JsonValue* meta = Find(value, "meta"); meta != nullptr) ReadReasons(*meta, measurement);
  const JsonValue* count = Find(value, "value");
  if (!measurement.counts) return measurement;
  if (count == nullptr) Refuse("value", "absent");
  if (TextOf(Get(*count, "type"), "value.type") != "COUNT") Refuse("value.type", "not COUNT");
  measurement.count = DigitsOf(TextOf(Get(*count, "value"), "value.value"), "value.value", kCountMax);
  return measurement;
}

RereadReport ReadPayload(std::string payload) {
  const JsonValue root = ParseJson(payload);
  const JsonValue& identification = Get(root, "asset_identification");
  const JsonValue& meta = Get(root, "meta");
  RereadReport report;
  report.udi = UdiOf(Get(Get(identification, "instance"), "sudi"));
  report.tag = RequiredName(meta, "entitlement_tag", kTextBytesMax);
  report.report_id = ReportIdOf(identification, meta);
  report.previous_report_id = OptionalNumber(meta, "previous_report_id", kAnyNumber, 0);
  report.software_version = OptionalName(meta, "software_version", kTextBytesMax);
  report.ha_members = HaMembersOf(meta);
  const JsonValue& measurements = Get(root, "measurements");
  if (measurements.kind != Kind::kList) Refuse("measurements", "no list");
  if (measurements.items.empty() || measurements.items.size() > kMeasurementsMax) {
    Refuse("measurements", "none, or too many");
  }
  for (const JsonValue& value : measurements.items) report.measurements.push_back(MeasurementOf(value));
  report.payload = std::move(payload);
  return report;
}

}  // namespace

absl::StatusOr<RereadReport> RereadReportBody(std::string_view raw) {
  try {
    if (raw.size() > kRawBytesMax) Refuse("report", "too large");
    const JsonValue outer = ParseJson(raw);
    CheckSignature(Get(outer, "signature"));
    return ReadPayload(TextOf(Get(outer, "payload"), "payload"));
  } catch (const std::exception& error) {
    return absl::DataLossError(error.what());
  }
}

}  // namespace quartermaster::ledger::fsck
