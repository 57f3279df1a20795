#include "services/common/errors/error.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace quartermaster::errors {
namespace {

constexpr char kIdPayload[] = "quartermaster/error_id";
constexpr char kRetryPayload[] = "quartermaster/retryable";
constexpr char kDelayPayload[] = "quartermaster/retry_delay";  // nanoseconds, decimal

std::vector<ErrorKind>& Registry() {
  static auto* kinds = new std::vector<ErrorKind>();
  return *kinds;
}

}  // namespace

std::vector<ErrorKind> AllErrorKinds() {
  std::vector<ErrorKind> kinds = Registry();
  std::sort(kinds.begin(), kinds.end(),
            [](const ErrorKind& a, const ErrorKind& b) { return std::strcmp(a.id, b.id) < 0; });
  return kinds;
}

ErrorKind RegisterErrorKind(ErrorKind kind) {
  Registry().push_back(kind);
  return kind;
}

absl::Status MakeError(const ErrorKind& kind, std::string_view message) {
  return MakeForeignError(kind.code, message, kind.id, kind.retryable);
}

absl::Status MakeForeignError(absl::StatusCode code, std::string_view message, std::string_view id,
                              bool retryable) {
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kIdPayload, absl::Cord(absl::string_view(id.data(), id.size())));
  status.SetPayload(kRetryPayload, absl::Cord(retryable ? "1" : "0"));
  return status;
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  status.SetPayload(kDelayPayload, absl::Cord(absl::StrCat(absl::ToInt64Nanoseconds(delay))));
  return status;
}

absl::Duration RetryDelay(const absl::Status& status) {
  int64_t nanoseconds = 0;
  if (auto delay = status.GetPayload(kDelayPayload); delay.has_value()) {
    (void)absl::SimpleAtoi(std::string(*delay), &nanoseconds);
  }
  return absl::Nanoseconds(nanoseconds);
}

std::string ErrorId(const absl::Status& status) {
  if (auto id = status.GetPayload(kIdPayload); id.has_value()) {
    return std::string(*id);
  }
  return absl::StrCat("internal.", absl::AsciiStrToLower(absl::StatusCodeToString(status.code())));
}

bool IsRetryable(const absl::Status& status) {
  if (auto retry = status.GetPayload(kRetryPayload); retry.has_value()) {
    return *retry == "1";
  }
  return absl::IsUnavailable(status) || absl::IsAborted(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status);
}

}  // namespace quartermaster::errors
