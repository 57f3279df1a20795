// The services of the all-in-one process, in the order of their start: whoever is called comes
// before its callers, so that the gateway opens last and closes first.
#ifndef QUARTERMASTER_SERVICES_ALLINONE_HOSTED_SERVICES_H_
#define QUARTERMASTER_SERVICES_ALLINONE_HOSTED_SERVICES_H_

#include <vector>

#include "services/common/lifecycle/service.h"

namespace quartermaster {

std::vector<HostedService> AllServices();

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_ALLINONE_HOSTED_SERVICES_H_
