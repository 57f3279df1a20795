#include "clients/connection/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"

namespace quartermaster::client {
namespace {

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(written);
  }
  return true;
}

// Makes the rename itself durable.
void SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int handle = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  fsync(handle);
  close(handle);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t bytes_max) {
  const bool standard_input = path == "-";
  const int file = standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileUnreadable(path, strerror(errno));
  const auto close_file = absl::MakeCleanup([&] {
    if (!standard_input) close(file);
  });
  std::string bytes;
  char buffer[64 << 10];
  while (true) {
    const ssize_t got = read(file, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileUnreadable(path, strerror(errno));
    if (got == 0) return bytes;
    bytes.append(buffer, got);
    if (static_cast<int64_t>(bytes.size()) > bytes_max) {
      return FileUnreadable(path, absl::StrCat("got more than ", bytes_max, " bytes"));
    }
  }
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes, int mode) {
  const std::string temporary = absl::StrCat(path, ".new.", getpid());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return FileUnwritable(path, strerror(errno));
  const bool written = WriteAll(file, bytes) && fsync(file) == 0;
  const int write_error = errno;
  close(file);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = written ? errno : write_error;
    unlink(temporary.c_str());
    return FileUnwritable(path, strerror(error));
  }
  SyncDirectoryOf(path);
  return absl::OkStatus();
}

}  // namespace quartermaster::client
