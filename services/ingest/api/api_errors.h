// Errors of ingest's calls, one function each.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_API_ERRORS_H_
#define QUARTERMASTER_SERVICES_INGEST_API_API_ERRORS_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace quartermaster::ingest {

// The messages of an import came in another order than start, chunk, chunk, …
absl::Status ImportOutOfOrder(std::string_view got, std::string_view want);
absl::Status ChunkTooLarge(size_t got_bytes, size_t want_bytes_max);
// So many imports run already. Retryable, with a delay.
absl::Status TooManyImports(int running);
// Nothing came of the client, or it read no answer, for so long.
absl::Status ImportIdle(absl::Duration got, absl::Duration want_less_than);
// The client went away; nobody reads this.
absl::Status ImportCancelled();

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_API_ERRORS_H_
