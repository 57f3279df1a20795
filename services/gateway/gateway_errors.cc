#include "services/gateway/gateway_errors.h"

#include "services/common/errors/error.h"

namespace quartermaster::gateway {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;
using errors::WithRetryDelay;

const ErrorKind kUnauthenticated =
    RegisterErrorKind({"gateway.unauthenticated", absl::StatusCode::kUnauthenticated, false});
const ErrorKind kPermissionDenied =
    RegisterErrorKind({"gateway.permission_denied", absl::StatusCode::kPermissionDenied, false});
const ErrorKind kCredentialsUnavailable =
    RegisterErrorKind({"gateway.credentials_unavailable", absl::StatusCode::kUnavailable, true});
const ErrorKind kTooManyFailedAttempts =
    RegisterErrorKind({"gateway.too_many_failed_attempts", absl::StatusCode::kResourceExhausted, true});
const ErrorKind kRateLimited =
    RegisterErrorKind({"gateway.rate_limited", absl::StatusCode::kResourceExhausted, true});
const ErrorKind kOverloaded =
    RegisterErrorKind({"gateway.overloaded", absl::StatusCode::kResourceExhausted, true});
const ErrorKind kBodyTooLarge =
    RegisterErrorKind({"gateway.body_too_large", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kHeaderTooLarge =
    RegisterErrorKind({"gateway.header_too_large", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kRouteUnknown =
    RegisterErrorKind({"gateway.route_unknown", absl::StatusCode::kNotFound, false});
const ErrorKind kMethodUnknown =
    RegisterErrorKind({"gateway.method_unknown", absl::StatusCode::kUnimplemented, false});
const ErrorKind kMethodNotAllowed =
    RegisterErrorKind({"gateway.method_not_allowed", absl::StatusCode::kUnimplemented, false});
const ErrorKind kMediaTypeUnsupported =
    RegisterErrorKind({"gateway.media_type_unsupported", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kRequestMalformed =
    RegisterErrorKind({"gateway.request_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kBodyMalformed =
    RegisterErrorKind({"gateway.body_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kFieldInvalid =
    RegisterErrorKind({"gateway.field_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kServiceUnavailable =
    RegisterErrorKind({"gateway.service_unavailable", absl::StatusCode::kUnavailable, true});
const ErrorKind kAnswerUnreadable =
    RegisterErrorKind({"gateway.answer_unreadable", absl::StatusCode::kInternal, false});
const ErrorKind kTlsFilesUnusable =
    RegisterErrorKind({"gateway.tls_files_unusable", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kFileUnusable =
    RegisterErrorKind({"gateway.file_unusable", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kListenFailed =
    RegisterErrorKind({"gateway.listen_failed", absl::StatusCode::kUnavailable, false});

// How soon a caller may come back where nobody knows better.
constexpr absl::Duration kShortWait = absl::Seconds(1);

}  // namespace

absl::Status Unauthenticated(std::string_view message) { return MakeError(kUnauthenticated, message); }
absl::Status PermissionDenied(std::string_view message) { return MakeError(kPermissionDenied, message); }
absl::Status CredentialsUnavailable(std::string_view message) {
  return MakeError(kCredentialsUnavailable, message);
}
absl::Status TooManyFailedAttempts(absl::Duration retry_after) {
  return WithRetryDelay(
      MakeError(
          kTooManyFailedAttempts,
          "credentials: got too many from this address that are not valid, want none before the delay ends; "
          "they are not looked at"),
      retry_after);
}
absl::Status RateLimited(absl::Duration retry_after) {
  return WithRetryDelay(MakeError(kRateLimited,
                                  "calls: got more a second than this client may make, want a "
                                  "retry after the delay"),
                        retry_after);
}
absl::Status Overloaded(std::string_view message) {
  return WithRetryDelay(MakeError(kOverloaded, message), kShortWait);
}
absl::Status BodyTooLarge(std::string_view message) { return MakeError(kBodyTooLarge, message); }
absl::Status HeaderTooLarge(std::string_view message) { return MakeError(kHeaderTooLarge, message); }
absl::Status RouteUnknown(std::string_view message) { return MakeError(kRouteUnknown, message); }
absl::Status MethodUnknown(std::string_view message) { return MakeError(kMethodUnknown, message); }
absl::Status MethodNotAllowed(std::string_view message) { return MakeError(kMethodNotAllowed, message); }
absl::Status MediaTypeUnsupported(std::string_view message) {
  return MakeError(kMediaTypeUnsupported, message);
}
absl::Status RequestMalformed(std::string_view message) { return MakeError(kRequestMalformed, message); }
absl::Status BodyMalformed(std::string_view message) { return MakeError(kBodyMalformed, message); }
absl::Status FieldInvalid(std::string_view message) { return MakeError(kFieldInvalid, message); }
absl::Status ServiceUnavailable(std::string_view message) {
  return WithRetryDelay(MakeError(kServiceUnavailable, message), kShortWait);
}
absl::Status AnswerUnreadable(std::string_view message) { return MakeError(kAnswerUnreadable, message); }
absl::Status TlsFilesUnusable(std::string_view message) { return MakeError(kTlsFilesUnusable, message); }
absl::Status FileUnusable(std::string_view message) { return MakeError(kFileUnusable, message); }
absl::Status ListenFailed(std::string_view message) { return MakeError(kListenFailed, message); }

}  // namespace quartermaster::gateway
