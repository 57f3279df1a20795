#include "clients/usage_import/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "clients/connection/client_errors.h"

namespace quartermaster::client {

absl::StatusOr<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  const int file = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileUnreadable(path, strerror(errno));
  struct stat status {};
  if (fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
    if (file != STDIN_FILENO) close(file);
    return FileUnreadable(path, strerror(error));
  }
  const bool seekable = S_ISREG(status.st_mode);
  const int64_t size = seekable ? status.st_size : 0;
  return std::unique_ptr<ByteSource>(new ByteSource(path, file, size, seekable));
}

ByteSource::~ByteSource() {
  if (file_ != STDIN_FILENO) close(file_);
}

absl::StatusOr<std::string> ByteSource::Read(size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  size_t filled = 0;
  read_from_ = true;
  if (kept_given_ < kept_.size()) {
    const std::string again = kept_.substr(kept_given_, bytes_max);
    kept_given_ += again.size();
    return again;
  }
  while (filled < bytes_max) {
    const ssize_t got = read(file_, bytes.data() + filled, bytes_max - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileUnreadable(name_, strerror(errno));
    if (got == 0) break;
    filled += got;
    // What a pipe has now goes on now.
    if (!seekable_) break;
  }
  bytes.resize(filled);
  if (!seekable_) Keep(bytes);
  return bytes;
}

void ByteSource::Keep(const std::string& bytes) {
  kept_whole_ = kept_whole_ && kept_.size() + bytes.size() <= kKeptBytesMax;
  kept_ = kept_whole_ ? kept_ + bytes : std::string();
  kept_given_ = kept_.size();
}

bool ByteSource::Rewind() {
  if (!read_from_) return true;
  if (!seekable_) {
    kept_given_ = 0;
    return kept_whole_;
  }
  return lseek(file_, 0, SEEK_SET) == 0;
}

}  // namespace quartermaster::client
