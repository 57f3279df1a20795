#include "clients/fleet/stream_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "clients/connection/client_errors.h"

namespace quartermaster::fleet {

absl::StatusOr<std::unique_ptr<StreamFile>> StreamFile::Create(const std::string& path) {
  const std::string partial = path + ".partial";
  const int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return client::FileUnwritable(path, strerror(errno));
  return std::unique_ptr<StreamFile>(new StreamFile(path, file));
}

StreamFile::~StreamFile() {
  if (file_ >= 0) close(file_);
}

absl::Status StreamFile::Append(std::string_view bytes) {
  bytes_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return client::FileUnwritable(path_, strerror(errno));
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status StreamFile::Close() {
  const bool closed = close(file_) == 0;
  file_ = -1;
  if (!closed || rename((path_ + ".partial").c_str(), path_.c_str()) != 0) {
    return client::FileUnwritable(path_, strerror(errno));
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::fleet
