#include "services/ingest/domain/json_fields.h"

#include "absl/strings/str_cat.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/json_fault.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Enough for most reports without growing.
constexpr size_t kFirstCapacityBytes = size_t{16} << 10;
// simdjson refuses the level that it is given, unless what stands there is empty.
constexpr size_t kParserDepth = kNestingDepthMax + 1;

bool IsControl(std::string_view text, size_t i) {
  const uint8_t c = static_cast<uint8_t>(text[i]);
  if (c < 0x20 || c == 0x7f) return true;
  // U+0080 to U+009F in UTF-8.
  return c == 0xc2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xa0;
}

bool HasControl(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsControl(text, i)) return true;
  }
  return false;
}

absl::Status Refusal(std::string_view text, FieldPath::Text kind, simdjson::error_code code) {
  const bool is_report = kind == FieldPath::Text::kReport;
  const char* name = is_report ? "report" : "payload";
  // Both readings refuse the same (a test compares them); the fast one has the last word.
  const JsonFault fault = FindJsonFault(text).value_or(
      JsonFault{0, simdjson::error_message(code), "well-formed JSON", code == simdjson::DEPTH_ERROR});
  const int64_t offset = static_cast<int64_t>(fault.offset);
  if (fault.too_deep) return NestingTooDeep(name, offset);
  if (is_report) return ReportMalformed(name, fault.got, fault.want, offset);
  return PayloadMalformed(fault.got, offset, fault.want);
}

}  // namespace

absl::Status FieldPath::Missing(std::string_view want) const {
  if (text_ == Text::kPayload) return PayloadFieldMissing(ToString(), want);
  return ReportMalformed(ToString(), "nothing", want);
}

absl::Status FieldPath::Invalid(std::string_view got, std::string_view want) const {
  if (text_ == Text::kPayload) return PayloadFieldInvalid(ToString(), got, want);
  return ReportMalformed(ToString(), got, want);
}

absl::Status FieldPath::Invalid(element got, std::string_view want) const {
  return Invalid(Describe(got), want);
}

std::string FieldPath::ToString() const {
  if (parent_ == nullptr) return text_ == Text::kPayload ? "payload" : "report";
  const bool below_root = parent_->parent_ == nullptr;
  if (name_.empty()) return absl::StrCat(parent_->ToString(), "[", index_, "]");
  return below_root ? std::string(name_) : absl::StrCat(parent_->ToString(), ".", std::string(name_));
}

std::string Describe(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::INT64:
      return absl::StrCat("number ", int64_t{value.get_int64()});
    case element_type::UINT64:
      return absl::StrCat("number ", uint64_t{value.get_uint64()});
    case element_type::DOUBLE:
      return absl::StrCat("number ", double{value.get_double()});
    case element_type::STRING:
      return absl::StrCat("string ", Quoted(std::string_view{value.get_string()}));
    case element_type::BOOL:
      return bool{value.get_bool()} ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
  }
  return "another value";
}

std::optional<uint64_t> ParseDigits(std::string_view text, uint64_t most) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    // Once too large it stays so; what follows must still be digits.
    if (value > most) continue;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value) || value > most) {
      value = most + 1;
    }
  }
  return value;
}

absl::Status ReadText(const FieldPath& path, element value, size_t bytes_min, size_t bytes_max,
                      std::string& text) {
  std::string_view view;
  if (value.get(view) != simdjson::SUCCESS) return path.Invalid(value, "a string");
  if (view.size() < bytes_min || view.size() > bytes_max) {
    return path.Invalid(absl::StrCat(view.size(), " bytes"),
                        absl::StrCat(bytes_min, " to ", bytes_max, " bytes"));
  }
  if (HasControl(view)) return path.Invalid(value, "no control characters");
  text = view;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ReadNumber(const FieldPath& path, element value, int64_t most) {
  int64_t number = -1;
  std::string_view digits;
  if (value.get(digits) == simdjson::SUCCESS) {
    const auto parsed = ParseDigits(digits, static_cast<uint64_t>(most));
    if (parsed.has_value() && *parsed <= static_cast<uint64_t>(most)) {
      number = static_cast<int64_t>(*parsed);
    }
  } else if (!value.is_int64() || value.get(number) != simdjson::SUCCESS || number > most) {
    number = -1;
  }
  if (number < 0) return path.Invalid(value, absl::StrCat("a whole number from 0 to ", most));
  return number;
}

absl::StatusOr<element> JsonText::Parse(std::string& text, FieldPath::Text kind) {
  if (parser_.capacity() == 0 && parser_.allocate(kFirstCapacityBytes, kParserDepth) != simdjson::SUCCESS) {
    return absl::ResourceExhaustedError("JSON parser: out of memory");
  }
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  element root;
  const simdjson::error_code code =
      parser_.parse(text.data(), text.size(), /*realloc_if_needed=*/false).get(root);
  if (code != simdjson::SUCCESS) return Refusal(text, kind, code);
  return root;
}

}  // namespace quartermaster::ingest
