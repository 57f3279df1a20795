// Ids that follow one request through all services and logs.
#ifndef QUARTERMASTER_SERVICES_COMMON_IDS_REQUEST_ID_H_
#define QUARTERMASTER_SERVICES_COMMON_IDS_REQUEST_ID_H_

#include <array>
#include <string_view>

namespace quartermaster::ids {

// 16 lower-case hexadecimal characters; unique enough to tell requests apart, not secret. Costs
// some tens of nanoseconds. Thread-safe.
using RequestId = std::array<char, 16>;
RequestId NewRequestId();

// 1 to 128 printable ASCII characters without spaces: what is accepted from callers.
bool IsValidRequestId(std::string_view id);

}  // namespace quartermaster::ids

#endif  // QUARTERMASTER_SERVICES_COMMON_IDS_REQUEST_ID_H_
