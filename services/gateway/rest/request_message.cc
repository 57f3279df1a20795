#include "services/gateway/rest/request_message.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/json_nesting.h"
#include "services/gateway/gateway_errors.h"
#include "services/gateway/rest/field_path.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

constexpr std::array<std::string_view, 3> kRawTypes = {"application/xml", "text/xml",
                                                       "application/octet-stream"};

// "Application/JSON; charset=utf-8" -> "application/json".
std::string MediaType(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(absl::string_view(type.data(), type.size())));
}

bool IsRaw(std::string_view content_type) {
  return std::find(kRawTypes.begin(), kRawTypes.end(), MediaType(content_type)) != kRawTypes.end();
}

// No message of ours is nested this deep; protobuf's own reader would follow lists much deeper.
constexpr int kJsonDepthMax = 32;

absl::Status ParseJson(const std::string& body, Message& message) {
  if (body.find_first_not_of(" \t\r\n") == std::string::npos) return absl::OkStatus();
  if (text::IsNestedDeeper(body, kJsonDepthMax)) {
    return BodyMalformed(
        absl::StrCat("body: got JSON nested deeper, want at most ", kJsonDepthMax, " levels"));
  }
  const auto parsed = google::protobuf::util::JsonStringToMessage(body, &message);
  if (parsed.ok()) return absl::OkStatus();
  return BodyMalformed(absl::StrCat("body: got ", std::string(parsed.message()), ", want JSON of ",
                                    message.GetDescriptor()->full_name()));
}

absl::Status FillFromBody(const Route& route, const RequestParts& parts, Message& message) {
  if (route.body.empty()) {
    if (parts.body.empty()) return absl::OkStatus();
    return BodyMalformed("body: got one, want none");
  }
  if (!IsJson(parts.content_type)) {
    return MediaTypeUnsupported(
        absl::StrCat("content-type: got \"", MediaType(parts.content_type), "\", want application/json",
                     route.raw_body.empty() ? "" : ", application/xml or application/octet-stream"));
  }
  if (route.body == "*") return ParseJson(parts.body, message);
  ASSIGN_OR_RETURN(const auto fields, FindFieldPath(*message.GetDescriptor(), route.body));
  if (fields.back()->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return absl::InternalError("a body that is no message");
  }
  return ParseJson(parts.body, *message.GetReflection()->MutableMessage(&message, fields.back()));
}

absl::StatusOr<bool> IsSet(const Message& message, std::string_view path) {
  ASSIGN_OR_RETURN(const auto fields, FindFieldPath(*message.GetDescriptor(), path));
  const Message* inner = &message;
  for (const FieldDescriptor* field : fields) {
    const google::protobuf::Reflection& reflection = *inner->GetReflection();
    if (field->is_repeated()) return reflection.FieldSize(*inner, field) > 0;
    if (!reflection.HasField(*inner, field)) return false;
    if (field != fields.back()) inner = &reflection.GetMessage(*inner, field);
  }
  return true;
}

}  // namespace

bool IsJson(std::string_view content_type) {
  const std::string type = MediaType(content_type);
  return type.empty() || type == "application/json" || type == "text/json" || type.ends_with("+json");
}

absl::Status SetFieldsFromQuery(Message& message, const QueryParameters& query) {
  std::set<std::vector<const FieldDescriptor*>> seen;
  for (const auto& [name, value] : query) {
    ASSIGN_OR_RETURN(auto path, FindFieldPath(*message.GetDescriptor(), name));
    const bool repeated = path.back()->is_repeated();
    if (!seen.insert(std::move(path)).second && !repeated) {
      return FieldInvalid(absl::StrCat("\"", name, "\": got it twice, want it once"));
    }
    RETURN_IF_ERROR(SetFieldFromText(message, name, value));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Message>> BuildRequestMessage(RequestParts parts) {
  const Route& route = *parts.match->route;
  const auto* type = route.method->descriptor->input_type();
  std::unique_ptr<Message> message(MessageFactory::generated_factory()->GetPrototype(type)->New());
  const bool raw = !route.raw_body.empty() && IsRaw(parts.content_type);
  if (raw) {
    message->GetReflection()->SetString(message.get(), type->FindFieldByName(route.raw_body),
                                        std::move(parts.body));
  } else {
    RETURN_IF_ERROR(FillFromBody(route, parts, *message));
  }
  for (const PathTemplate::Binding& binding : parts.match->bindings) {
    ASSIGN_OR_RETURN(const bool said, IsSet(*message, binding.field));
    if (said)
      return FieldInvalid(absl::StrCat("\"", binding.field, "\": got it twice, want it in the path only"));
    RETURN_IF_ERROR(SetFieldFromText(*message, binding.field, binding.value));
  }
  if (route.body == "*" && !raw && !parts.query->empty()) {
    return FieldInvalid(absl::StrCat("\"", parts.query->front().first,
                                     "\": got a query parameter, want all fields in the body"));
  }
  for (const auto& [name, value] : *parts.query) {
    for (const PathTemplate::Binding& binding : parts.match->bindings) {
      if (binding.field == name) {
        return FieldInvalid(absl::StrCat("\"", name, "\": got it twice, want it in the path only"));
      }
    }
  }
  RETURN_IF_ERROR(SetFieldsFromQuery(*message, *parts.query));
  return message;
}

}  // namespace quartermaster::gateway
