// Errors with an immutable id. An id such as "ingest.payload_malformed" is written once in an
// area's *_errors.cc, and is at the same time the REST `reason`, the metric label, the log field
// and the heading in docs/reference/errors.md (a test compares them).
//
// Normal outcomes (duplicate, already acknowledged) are results, not errors.
#ifndef QUARTERMASTER_SERVICES_COMMON_ERRORS_ERROR_H_
#define QUARTERMASTER_SERVICES_COMMON_ERRORS_ERROR_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace quartermaster::errors {

struct ErrorKind {
  // "<area>.<what_is_wrong>", never changed once released.
  const char* id;
  absl::StatusCode code;
  // Whether the same request can succeed later without being changed.
  bool retryable;
};

// All kinds that were constructed with RegisterErrorKind, sorted by id.
std::vector<ErrorKind> AllErrorKinds();

// Registers at static initialisation (the library needs alwayslink = True); use as `const ErrorKind kX =
// RegisterErrorKind({...});` in an area's *_errors.cc.
ErrorKind RegisterErrorKind(ErrorKind kind);

// A status of this kind; `message` says field, got, want.
absl::Status MakeError(const ErrorKind& kind, std::string_view message);

// The id that a status carries; for one without, "internal.<canonical code in lower case>".
std::string ErrorId(const absl::Status& status);

// Whether a retry can help: the kind's word, else by canonical code (UNAVAILABLE, ABORTED,
// RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED).
bool IsRetryable(const absl::Status& status);

// The same error, saying how long to wait before a retry (an overloaded queue knows best).
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// What WithRetryDelay said; zero when nobody did.
absl::Duration RetryDelay(const absl::Status& status);

// An error of an id that this binary may not know: what another process answered.
absl::Status MakeForeignError(absl::StatusCode code, std::string_view message, std::string_view id,
                              bool retryable);

}  // namespace quartermaster::errors

#endif  // QUARTERMASTER_SERVICES_COMMON_ERRORS_ERROR_H_
