// Durations and times as people type them.
#ifndef QUARTERMASTER_CLIENTS_AGENT_DURATION_WORDS_H_
#define QUARTERMASTER_CLIENTS_AGENT_DURATION_WORDS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace quartermaster::agent {

// Seconds of "90d", "12h", "15m", "30s", "2w", or several of them in one word ("1d12h").
absl::StatusOr<int64_t> ParseSeconds(std::string_view text);

// Unix seconds of "now", a date (its beginning, UTC) or an RFC 3339 time.
absl::StatusOr<int64_t> ParseUnixSeconds(std::string_view text);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_DURATION_WORDS_H_
