// UUIDv7 (RFC 9562): names for the outside that sort by time.
#ifndef QUARTERMASTER_SERVICES_COMMON_IDS_UUID_H_
#define QUARTERMASTER_SERVICES_COMMON_IDS_UUID_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace quartermaster::ids {

using Uuid = std::array<uint8_t, 16>;

// 48 bits of milliseconds from `now`, 74 random bits (a per-thread generator seeded by the kernel:
// unique, not secret). Thread-safe.
Uuid NewUuidV7(absl::Time now);

// Lower case, with hyphens: 36 characters.
std::string UuidToString(const Uuid& uuid);
// Accepts upper and lower case with hyphens only.
std::optional<Uuid> ParseUuid(std::string_view text);

// The time of a version 7 UUID, to the millisecond.
absl::Time UuidV7Time(const Uuid& uuid);

}  // namespace quartermaster::ids

#endif  // QUARTERMASTER_SERVICES_COMMON_IDS_UUID_H_
