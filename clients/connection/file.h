// Whole small files, read and written safely.
#ifndef QUARTERMASTER_CLIENTS_CONNECTION_FILE_H_
#define QUARTERMASTER_CLIENTS_CONNECTION_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::client {

// The file's bytes; "-" reads standard input. client.file_unreadable when it cannot be read or is
// larger than `bytes_max`.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t bytes_max = 256ll << 20);

// Writes beside the target and renames, so that a reader sees the old or the new file, never half.
// `mode` as in chmod. Reaches the disk before it answers.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes, int mode = 0644);

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_CONNECTION_FILE_H_
