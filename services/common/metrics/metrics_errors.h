// Errors of the metrics listener.
#ifndef QUARTERMASTER_SERVICES_COMMON_METRICS_METRICS_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_METRICS_METRICS_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::metrics {

absl::Status CannotListen(std::string_view address, std::string_view why);

}  // namespace quartermaster::metrics

#endif  // QUARTERMASTER_SERVICES_COMMON_METRICS_METRICS_ERRORS_H_
