#include "services/gateway/rest/rest_answer.h"

#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/gateway_errors.h"
#include "services/gateway/rest/field_path.h"
#include "services/gateway/rest/json_text.h"
#include "services/gateway/upstream/message_bytes.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

int HttpCodeOfCanonical(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string WholeSecondsUp(absl::Duration duration) {
  return absl::StrCat(std::max<int64_t>(1, std::ceil(absl::ToDoubleSeconds(duration))));
}

nlohmann::ordered_json ErrorObject(const absl::Status& error) {
  nlohmann::ordered_json info = {{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                                 {"reason", errors::ErrorId(error)},
                                 {"domain", rpc::kErrorDomain}};
  nlohmann::ordered_json details = nlohmann::ordered_json::array({std::move(info)});
  if (errors::IsRetryable(error)) {
    details.push_back({{"@type", "type.googleapis.com/google.rpc.RetryInfo"},
                       {"retryDelay", absl::StrCat(absl::ToDoubleSeconds(errors::RetryDelay(error)), "s")}});
  }
  return {{"error",
           {{"code", HttpCodeOf(error)},
            {"status", std::string(absl::StatusCodeToString(error.code()))},
            {"message", std::string(error.message())},
            {"details", std::move(details)}}}};
}

}  // namespace

int HttpCodeOf(const absl::Status& error) {
  static const std::map<std::string, int> kFiner = {{"gateway.method_not_allowed", 405},
                                                    {"gateway.body_too_large", 413},
                                                    {"gateway.media_type_unsupported", 415},
                                                    {"gateway.header_too_large", 431},
                                                    {"ingest.import_idle", 408}};
  const auto finer = kFiner.find(errors::ErrorId(error));
  return finer != kFiner.end() ? finer->second : HttpCodeOfCanonical(error.code());
}

std::string ErrorJson(const absl::Status& error) {
  return ErrorObject(error).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RestAnswer ErrorAnswer(const absl::Status& error) {
  RestAnswer answer;
  answer.http_code = HttpCodeOf(error);
  answer.body = ErrorJson(error);
  if (answer.http_code == 401) {
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"quartermaster\"");
  }
  if (answer.http_code == 429 || answer.http_code == 503) {
    answer.headers.emplace_back("Retry-After", WholeSecondsUp(errors::RetryDelay(error)));
  }
  return answer;
}

absl::StatusOr<std::string> ToJson(const Message& message) {
  std::string json;
  if (!AppendJson(message, json)) {
    return AnswerUnreadable("answer: got a message that has no JSON form");
  }
  return json;
}

absl::StatusOr<RestAnswer> AnswerFromBytes(const Route& route, const grpc::ByteBuffer& bytes) {
  const auto* type = route.method->descriptor->output_type();
  const std::unique_ptr<Message> message(MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!ParseBytes(bytes, *message)) {
    return AnswerUnreadable(absl::StrCat("answer: got bytes that are no ", type->full_name()));
  }
  const Message* shown = message.get();
  if (!route.response_body.empty()) {
    ASSIGN_OR_RETURN(const auto fields, FindFieldPath(*type, route.response_body));
    shown = &message->GetReflection()->GetMessage(*message, fields.back());
  }
  RestAnswer answer;
  ASSIGN_OR_RETURN(answer.body, ToJson(*shown));
  return answer;
}

}  // namespace quartermaster::gateway
