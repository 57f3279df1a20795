// Errors of the front door, one function each. `message` says field, got, want; never a secret.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_GATEWAY_ERRORS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_GATEWAY_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace quartermaster::gateway {

// Who is calling.
// No credential, a malformed one, or one that is not (or no longer) valid. Says never which.
absl::Status Unauthenticated(std::string_view message);
// The caller's role may not call this method.
absl::Status PermissionDenied(std::string_view message);
// The credential cannot be checked now (database away). Retryable.
absl::Status CredentialsUnavailable(std::string_view message);
// Too many failed credentials from this address. Retryable after `retry_after`.
absl::Status TooManyFailedAttempts(absl::Duration retry_after);

// How much a caller may ask for.
// The client called more often than gateway.requests_per_second_per_client_max. Retryable.
absl::Status RateLimited(absl::Duration retry_after);
// The gateway holds as many calls or bytes as it can. Retryable.
absl::Status Overloaded(std::string_view message);
absl::Status BodyTooLarge(std::string_view message);
absl::Status HeaderTooLarge(std::string_view message);

// What was asked for.
// No such path (REST).
absl::Status RouteUnknown(std::string_view message);
// No such method (gRPC), or one that is not for callers from outside.
absl::Status MethodUnknown(std::string_view message);
// The path exists, but not for this HTTP method.
absl::Status MethodNotAllowed(std::string_view message);
absl::Status MediaTypeUnsupported(std::string_view message);
// Not HTTP, or a path or query that cannot be read.
absl::Status RequestMalformed(std::string_view message);
// The JSON body is not this request's message.
absl::Status BodyMalformed(std::string_view message);
// A path or query field is unknown or has a value of another type.
absl::Status FieldInvalid(std::string_view message);

// What stands behind.
// The service that owns the method cannot be reached. Retryable.
absl::Status ServiceUnavailable(std::string_view message);
// The service answered bytes that are not the method's response.
absl::Status AnswerUnreadable(std::string_view message);

// First start.
// A certificate or key of the listener cannot be read or made.
absl::Status TlsFilesUnusable(std::string_view message);
// A file below the data directory cannot be read or written.
absl::Status FileUnusable(std::string_view message);
// An address cannot be listened on.
absl::Status ListenFailed(std::string_view message);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_GATEWAY_ERRORS_H_
