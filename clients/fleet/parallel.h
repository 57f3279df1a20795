// Work in numbered pieces on all cores, with the results taken in order.
#ifndef QUARTERMASTER_CLIENTS_FLEET_PARALLEL_H_
#define QUARTERMASTER_CLIENTS_FLEET_PARALLEL_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::fleet {

// Calls `make(piece)` for 0 to pieces - 1 from several threads, and `take(text)` with the results,
// one at a time and in order. At most one result per thread waits, so memory is bounded. Answers
// the first error; later pieces may have been made by then, but not taken.
absl::Status InOrder(int64_t pieces, const std::function<absl::StatusOr<std::string>(int64_t piece)>& make,
                     const std::function<absl::Status(const std::string& text)>& take);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_PARALLEL_H_
