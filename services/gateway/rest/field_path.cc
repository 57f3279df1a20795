#include "services/gateway/rest/field_path.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What a message quotes of a caller's text.
std::string Quoted(std::string_view text) {
  constexpr size_t kBytesMax = 80;
  const std::string_view start = text.substr(0, kBytesMax);
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape({start.data(), start.size()}), "\"",
                      text.size() > kBytesMax ? "…" : "");
}

absl::Status Invalid(std::string_view path, std::string_view got, std::string_view want) {
  return FieldInvalid(absl::StrCat(Quoted(path), ": got ", Quoted(got), ", want ",
                                   absl::string_view(want.data(), want.size())));
}

const FieldDescriptor* FindField(const Descriptor& message, const std::string& name) {
  if (const FieldDescriptor* field = message.FindFieldByName(name)) return field;
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == name) return message.field(i);
  }
  return nullptr;
}

// One field that is no message: `set` for a singular one, `add` for a repeated one.
template <typename Value>
absl::Status Put(Message& message, const FieldDescriptor* field, Value value,
                 void (Reflection::*set)(Message*, const FieldDescriptor*, Value) const,
                 void (Reflection::*add)(Message*, const FieldDescriptor*, Value) const) {
  const Reflection* reflection = message.GetReflection();
  (reflection->*(field->is_repeated() ? add : set))(&message, field, std::move(value));
  return absl::OkStatus();
}

template <typename Value>
absl::Status PutNumber(Message& message, const FieldDescriptor* field, std::string_view path,
                       const std::string& text,
                       void (Reflection::*set)(Message*, const FieldDescriptor*, Value) const,
                       void (Reflection::*add)(Message*, const FieldDescriptor*, Value) const) {
  Value value{};
  if (!absl::SimpleAtoi(text, &value)) {
    return Invalid(path, text, absl::StrCat("a decimal ", field->cpp_type_name()));
  }
  return Put<Value>(message, field, value, set, add);
}

absl::Status PutEnum(Message& message, const FieldDescriptor* field, std::string_view path,
                     const std::string& text) {
  const EnumValueDescriptor* value = field->enum_type()->FindValueByName(text);
  int number = 0;
  if (value == nullptr && absl::SimpleAtoi(text, &number)) {
    value = field->enum_type()->FindValueByNumber(number);
  }
  if (value == nullptr) {
    return Invalid(path, text,
                   absl::StrCat("a value of ", field->enum_type()->name(), ", such as ",
                                field->enum_type()->value(0)->name()));
  }
  return Put<const EnumValueDescriptor*>(message, field, value, &Reflection::SetEnum, &Reflection::AddEnum);
}

absl::Status PutBytes(Message& message, const FieldDescriptor* field, std::string_view path,
                      const std::string& text) {
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) {
    return Invalid(path, text, "base64");
  }
  return Put<std::string>(message, field, std::move(bytes), &Reflection::SetString, &Reflection::AddString);
}

// Timestamps, durations and the like have a form in text; other messages have none.
absl::Status PutMessage(Message& message, const FieldDescriptor* field, std::string_view path,
                        std::string text) {
  if (field->message_type()->full_name().rfind("google.protobuf.", 0) != 0) {
    return Invalid(path, text, "one of its fields, such as \"<field>.<inner field>\"");
  }
  // A plus sign that nobody escaped has become a blank.
  std::replace(text.begin(), text.end(), ' ', '+');
  Message* target = field->is_repeated() ? message.GetReflection()->AddMessage(&message, field)
                                         : message.GetReflection()->MutableMessage(&message, field);
  const std::string json = absl::StrCat("\"", absl::CHexEscape(text), "\"");
  if (!google::protobuf::util::JsonStringToMessage(json, target).ok()) {
    return Invalid(path, text,
                   absl::StrCat("the text form of ", field->message_type()->full_name(),
                                ", for a time such as 2026-05-01T00:00:00Z"));
  }
  return absl::OkStatus();
}

absl::Status PutText(Message& message, const FieldDescriptor* field, std::string_view path,
                     const std::string& text) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return PutNumber<int32_t>(message, field, path, text, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return PutNumber<int64_t>(message, field, path, text, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return PutNumber<uint32_t>(message, field, path, text, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return PutNumber<uint64_t>(message, field, path, text, &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double value = 0;
      if (!absl::SimpleAtod(text, &value)) return Invalid(path, text, "a number");
      return Put<double>(message, field, value, &Reflection::SetDouble, &Reflection::AddDouble);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      float value = 0;
      if (!absl::SimpleAtof(text, &value)) return Invalid(path, text, "a number");
      return Put<float>(message, field, value, &Reflection::SetFloat, &Reflection::AddFloat);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return Invalid(path, text, "true or false");
      return Put<bool>(message, field, text == "true", &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return PutEnum(message, field, path, text);
    case FieldDescriptor::CPPTYPE_STRING:
      if (field->type() == FieldDescriptor::TYPE_BYTES) {
        return PutBytes(message, field, path, text);
      }
      if (!google::protobuf::internal::IsStructurallyValidUTF8(text)) {
        return Invalid(path, text, "UTF-8");
      }
      return Put<std::string>(message, field, text, &Reflection::SetString, &Reflection::AddString);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return PutMessage(message, field, path, text);
  }
  return absl::InternalError("a field type that protobuf does not have");
}

}  // namespace

absl::StatusOr<std::vector<const FieldDescriptor*>> FindFieldPath(const Descriptor& message,
                                                                  std::string_view path) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* inside = &message;
  std::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    const FieldDescriptor* field = FindField(*inside, std::string(rest.substr(0, dot)));
    if (field == nullptr || field->is_map()) {
      return FieldInvalid(
          absl::StrCat(Quoted(path), ": got a field that is not there, want one of ", message.name()));
    }
    fields.push_back(field);
    if (dot == std::string_view::npos) return fields;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) {
      return FieldInvalid(absl::StrCat(Quoted(path), ": got a field inside of ", field->name(), ", want ",
                                       field->name(), " itself"));
    }
    inside = field->message_type();
    rest.remove_prefix(dot + 1);
  }
}

absl::Status SetFieldFromText(Message& message, std::string_view path, const std::string& text) {
  ASSIGN_OR_RETURN(const auto fields, FindFieldPath(*message.GetDescriptor(), path));
  Message* inside = &message;
  for (size_t i = 0; i + 1 < fields.size(); ++i) {
    inside = inside->GetReflection()->MutableMessage(inside, fields[i]);
  }
  return PutText(*inside, fields.back(), path, text);
}

}  // namespace quartermaster::gateway
