// What every process says about itself.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_PROCESS_METRICS_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_PROCESS_METRICS_H_

#include "services/common/metrics/metrics.h"

namespace quartermaster {

// Version, start time, resident memory, processor time, open files. Until the hook is destroyed.
[[nodiscard]] metrics::CollectHook ReportProcess(metrics::Registry& registry);

// Whether an answered report has two copies: a synchronous standby.
void ReportSynchronousStandby(metrics::Registry& registry, bool standby);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_PROCESS_METRICS_H_
