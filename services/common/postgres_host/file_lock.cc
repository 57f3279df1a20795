#include "services/common/postgres_host/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/postgres_host/postgres_host_errors.h"

namespace quartermaster::postgres_host {

FileLock::~FileLock() { Release(); }

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    Release();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileLock::Release() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

absl::StatusOr<FileLock> FileLock::Lock(const std::string& file, int operation) {
  FileLock lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.fd_ < 0) {
    return DataDirectoryUnusable(absl::StrCat(file, ": cannot open: ", std::strerror(errno)));
  }
  while (flock(lock.fd_, operation) != 0) {
    if (errno == EINTR) continue;
    return DataDirectoryUnusable(absl::StrCat(file, ": cannot lock: ", std::strerror(errno)));
  }
  return lock;
}

absl::StatusOr<FileLock> FileLock::Exclusive(const std::string& file) { return Lock(file, LOCK_EX); }
absl::StatusOr<FileLock> FileLock::Shared(const std::string& file) { return Lock(file, LOCK_SH); }

bool FileLock::TryUpgrade() { return fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0; }

}  // namespace quartermaster::postgres_host
