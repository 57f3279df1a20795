// Waiting for what another thread or process brings about: as long as a loaded machine may need,
// and no longer than it takes.
#ifndef QUARTERMASTER_SERVICES_COMMON_TESTING_EVENTUALLY_H_
#define QUARTERMASTER_SERVICES_COMMON_TESTING_EVENTUALLY_H_

#include "absl/functional/function_ref.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace quartermaster::testing {

// Asks until `condition` holds, and answers whether it did within half a minute.
//
//   EXPECT_TRUE(testing::Eventually([&] { return backend.cancelled() == 1; }));
inline bool Eventually(absl::FunctionRef<bool()> condition) {
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!condition()) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

}  // namespace quartermaster::testing

#endif  // QUARTERMASTER_SERVICES_COMMON_TESTING_EVENTUALLY_H_
