#include "services/common/postgres_host/postgres_host_errors.h"

#include "services/common/errors/error.h"

namespace quartermaster::postgres_host {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kBinariesNotFound =
    RegisterErrorKind({"postgres_host.binaries_not_found", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kDataDirectoryUnusable = RegisterErrorKind(
    {"postgres_host.data_directory_unusable", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kStartFailed =
    RegisterErrorKind({"postgres_host.start_failed", absl::StatusCode::kUnavailable, true});
const ErrorKind kStopFailed =
    RegisterErrorKind({"postgres_host.stop_failed", absl::StatusCode::kInternal, true});

}  // namespace

absl::Status BinariesNotFound(std::string_view message) { return MakeError(kBinariesNotFound, message); }
absl::Status DataDirectoryUnusable(std::string_view message) {
  return MakeError(kDataDirectoryUnusable, message);
}
absl::Status StartFailed(std::string_view message) { return MakeError(kStartFailed, message); }
absl::Status StopFailed(std::string_view message) { return MakeError(kStopFailed, message); }

}  // namespace quartermaster::postgres_host
