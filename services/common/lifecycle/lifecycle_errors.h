// Errors of starting and stopping a process.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_LIFECYCLE_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_LIFECYCLE_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster {

absl::Status CommandLineInvalid(std::string_view got, std::string_view want);
// The internal listener. `why` as the system says it.
absl::Status CannotListen(std::string_view address, std::string_view why);
// A hosted service that is not up yet, for probes.
absl::Status Starting(std::string_view what);
absl::Status Stopping();
// The schema is not there, or too old for this version; someone else migrates it. Retryable.
absl::Status SchemaNotReady(int got, int want);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_LIFECYCLE_ERRORS_H_
