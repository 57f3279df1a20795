// A lock on a file that the kernel gives up when the process ends, however it ends.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_FILE_LOCK_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_FILE_LOCK_H_

#include <string>

#include "absl/status/statusor.h"

namespace quartermaster::postgres_host {

// Movable, not thread-safe. Two locks of one process on the same file exclude each other too.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  // Waits. Makes the file when it is not there.
  static absl::StatusOr<FileLock> Exclusive(const std::string& file);
  static absl::StatusOr<FileLock> Shared(const std::string& file);

  // From shared to exclusive; false when another holder is left.
  bool TryUpgrade();
  bool held() const { return fd_ >= 0; }
  void Release();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  static absl::StatusOr<FileLock> Lock(const std::string& file, int operation);
  int fd_ = -1;
};

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_FILE_LOCK_H_
