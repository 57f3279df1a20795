#include "services/gateway/rest/json_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdint>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Of the range that JSON's form of a time has: years 1 to 9999.
constexpr int64_t kSecondsMin = -62'135'596'800;
constexpr int64_t kSecondsMax = 253'402'300'799;

bool MustBeEscaped(char c) {
  return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == 0x7f;
}

// Angle brackets too, so that no browser takes an answer for a page.
void AppendString(std::string_view text, std::string& json) {
  json += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!MustBeEscaped(text[i])) continue;
    json.append(text, plain, i - plain);
    plain = i + 1;
    switch (text[i]) {
      case '"':
        json += "\\\"";
        break;
      case '\\':
        json += "\\\\";
        break;
      case '\n':
        json += "\\n";
        break;
      case '\r':
        json += "\\r";
        break;
      case '\t':
        json += "\\t";
        break;
      default:
        absl::StrAppendFormat(&json, "\\u%04x", static_cast<uint8_t>(text[i]));
    }
  }
  json.append(text, plain, text.size() - plain);
  json += '"';
}

bool AppendTime(const Message& message, std::string& json) {
  google::protobuf::Timestamp time;
  time.CopyFrom(message);
  if (time.seconds() < kSecondsMin || time.seconds() > kSecondsMax || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return false;
  }
  absl::StrAppend(
      &json, "\"",
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%S", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone()));
  // In thousandths, as many as are needed.
  if (time.nanos() % 1'000'000 == 0 && time.nanos() != 0) {
    absl::StrAppendFormat(&json, ".%03d", time.nanos() / 1'000'000);
  } else if (time.nanos() % 1'000 == 0 && time.nanos() != 0) {
    absl::StrAppendFormat(&json, ".%06d", time.nanos() / 1'000);
  } else if (time.nanos() != 0) {
    absl::StrAppendFormat(&json, ".%09d", time.nanos());
  }
  json += "Z\"";
  return true;
}

template <typename Float>
void AppendFloat(Float value, std::string& json) {
  if (std::isnan(value)) {
    json += "\"NaN\"";
  } else if (std::isinf(value)) {
    json += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    absl::StrAppendFormat(&json, "%.*g", sizeof(Float) == 4 ? 9 : 17, value);
  }
}

void AppendEnum(const EnumDescriptor& type, int value, std::string& json) {
  const auto* word = type.FindValueByNumber(value);
  if (word == nullptr) {
    absl::StrAppend(&json, value);
  } else {
    absl::StrAppend(&json, "\"", word->name(), "\"");
  }
}

// The value of a field, or with an index of one of its values.
class FieldValue {
 public:
  FieldValue(const Message& message, const FieldDescriptor& field, int index)
      : message_(message), reflection_(*message.GetReflection()), field_(field), index_(index) {}

  bool Append(std::string& json) const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        absl::StrAppend(&json, Get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
        return true;
      case FieldDescriptor::CPPTYPE_UINT32:
        absl::StrAppend(&json, Get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
        return true;
      // Numbers of JSON are doubles.
      case FieldDescriptor::CPPTYPE_INT64:
        absl::StrAppend(&json, "\"", Get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64), "\"");
        return true;
      case FieldDescriptor::CPPTYPE_UINT64:
        absl::StrAppend(&json, "\"", Get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64), "\"");
        return true;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        AppendFloat(Get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble), json);
        return true;
      case FieldDescriptor::CPPTYPE_FLOAT:
        AppendFloat(Get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat), json);
        return true;
      case FieldDescriptor::CPPTYPE_BOOL:
        json += Get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
        return true;
      case FieldDescriptor::CPPTYPE_ENUM:
        AppendEnum(*field_.enum_type(), Get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue),
                   json);
        return true;
      case FieldDescriptor::CPPTYPE_STRING:
        AppendText(json);
        return true;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return AppendJson(index_ < 0 ? reflection_.GetMessage(message_, &field_)
                                     : reflection_.GetRepeatedMessage(message_, &field_, index_),
                          json);
    }
    return false;
  }

 private:
  template <typename Value>
  Value Get(Value (Reflection::*one)(const Message&, const FieldDescriptor*) const,
            Value (Reflection::*of_list)(const Message&, const FieldDescriptor*, int) const) const {
    return index_ < 0 ? (reflection_.*one)(message_, &field_)
                      : (reflection_.*of_list)(message_, &field_, index_);
  }

  void AppendText(std::string& json) const {
    std::string copy;
    const std::string& text = index_ < 0
                                  ? reflection_.GetStringReference(message_, &field_, &copy)
                                  : reflection_.GetRepeatedStringReference(message_, &field_, index_, &copy);
    if (field_.type() == FieldDescriptor::TYPE_BYTES) {
      absl::StrAppend(&json, "\"", absl::Base64Escape(text), "\"");
    } else {
      AppendString(text, json);
    }
  }

  const Message& message_;
  const Reflection& reflection_;
  const FieldDescriptor& field_;
  const int index_;
};

bool AppendList(const Message& message, const FieldDescriptor& field, std::string& json) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  json += '[';
  for (int i = 0; i < size; ++i) {
    if (i > 0) json += ',';
    if (!FieldValue(message, field, i).Append(json)) return false;
  }
  json += ']';
  return true;
}

// Keys are strings whatever they are.
bool AppendMap(const Message& message, const FieldDescriptor& field, std::string& json) {
  const Reflection& reflection = *message.GetReflection();
  json += '{';
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (i > 0) json += ',';
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    std::string key;
    if (!FieldValue(entry, *field.message_type()->map_key(), -1).Append(key)) return false;
    absl::StrAppend(&json, absl::StartsWith(key, "\"") ? key : absl::StrCat("\"", key, "\""), ":");
    if (!FieldValue(entry, *field.message_type()->map_value(), -1).Append(json)) return false;
  }
  json += '}';
  return true;
}

bool AppendFields(const Message& message, std::string& json) {
  const auto& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  json += '{';
  const char* separator = "";
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!field.is_repeated() && field.has_presence() && !reflection.HasField(message, &field)) continue;
    absl::StrAppend(&json, separator, "\"", field.json_name(), "\":");
    separator = ",";
    const bool has_form = field.is_map()        ? AppendMap(message, field, json)
                          : field.is_repeated() ? AppendList(message, field, json)
                                                : FieldValue(message, field, -1).Append(json);
    if (!has_form) return false;
  }
  json += '}';
  return true;
}

// Wrappers, durations and the like have forms of their own, and are rare.
bool AppendWellKnown(const Message& message, std::string& json) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return false;
  json += text;
  return true;
}

}  // namespace

bool AppendJson(const Message& message, std::string& json) {
  const std::string& name = message.GetDescriptor()->full_name();
  if (name == "google.protobuf.Timestamp") return AppendTime(message, json);
  if (absl::StartsWith(name, "google.protobuf.")) return AppendWellKnown(message, json);
  return AppendFields(message, json);
}

}  // namespace quartermaster::gateway
