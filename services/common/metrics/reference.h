// docs/reference/metrics.md, made from the declarations of a binary.
#ifndef QUARTERMASTER_SERVICES_COMMON_METRICS_REFERENCE_H_
#define QUARTERMASTER_SERVICES_COMMON_METRICS_REFERENCE_H_

#include <string>
#include <vector>

#include "services/common/metrics/metrics.h"

namespace quartermaster::metrics {

// The whole page. `declarations` in the order of the page.
std::string MetricsReference(const std::vector<Declaration>& declarations);

}  // namespace quartermaster::metrics

#endif  // QUARTERMASTER_SERVICES_COMMON_METRICS_REFERENCE_H_
