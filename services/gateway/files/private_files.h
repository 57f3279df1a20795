// Files below the data directory that only the node's user may read: keys and credentials.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_FILES_PRIVATE_FILES_H_
#define QUARTERMASTER_SERVICES_GATEWAY_FILES_PRIVATE_FILES_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::gateway {

// NOT_FOUND when there is none, else `gateway.file_unusable`. At most 1 MiB.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// Puts `content` there whole or not at all, also when the machine stops half-way.
absl::Status ReplaceFile(const std::string& path, std::string_view content, mode_t mode);

// Makes it, and its parents, where it is not there; closes it to others (0700).
absl::Status MakePrivateDirectory(const std::string& path);

// rename(2), and what follows is on the disk.
absl::Status MoveFile(const std::string& from, const std::string& to);

// Processes that share a data directory take turns. The kernel gives it up when the process ends.
class DirectoryLock {
 public:
  // Waits.
  static absl::StatusOr<DirectoryLock> Take(const std::string& directory);
  // For as long as the process lives: waits some seconds for one that is just ending, then
  // `gateway.file_unusable`.
  static absl::StatusOr<DirectoryLock> Own(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  static absl::StatusOr<int> OpenLockFile(const std::string& directory);
  int file_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_FILES_PRIVATE_FILES_H_
