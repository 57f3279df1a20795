#include "services/common/metrics/metrics_errors.h"

#include <string>

#include "services/common/errors/error.h"

namespace quartermaster::metrics {
namespace {

const errors::ErrorKind kCannotListen = errors::RegisterErrorKind(
    {"metrics.cannot_listen", absl::StatusCode::kFailedPrecondition, /*retryable=*/false});

}  // namespace

absl::Status CannotListen(std::string_view address, std::string_view why) {
  return errors::MakeError(kCannotListen, "metrics listener: got " + std::string(why) + " for \"" +
                                              std::string(address) + "\", want a free address");
}

}  // namespace quartermaster::metrics
