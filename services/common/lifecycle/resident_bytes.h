// Memory of this process, as the kernel counts it.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_RESIDENT_BYTES_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_RESIDENT_BYTES_H_

#include <cstdint>

namespace quartermaster {

// Bytes that are in memory now; 0 when the kernel does not say.
int64_t ResidentBytes();

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_RESIDENT_BYTES_H_
