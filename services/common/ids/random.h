// Random numbers for names.
#ifndef QUARTERMASTER_SERVICES_COMMON_IDS_RANDOM_H_
#define QUARTERMASTER_SERVICES_COMMON_IDS_RANDOM_H_

#include <cstdint>

namespace quartermaster::ids {

// 64 bits of a per-thread generator that the kernel seeded, and seeds anew after a fork: unique, not
// secret.
uint64_t RandomBits();

// 64 bits of the kernel's own, for a name that nobody may guess. Costs a system call.
uint64_t SecretBits();

}  // namespace quartermaster::ids

#endif  // QUARTERMASTER_SERVICES_COMMON_IDS_RANDOM_H_
