#include "services/gateway/files/private_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

absl::Status Failed(const std::string& path, const char* what) {
  const int error = errno;
  return FileUnusable(absl::StrCat(path, ": cannot be ", what, ": ", std::strerror(error)));
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return Failed(directory, "opened");
  const absl::Cleanup close_file = [file] { close(file); };
  return fsync(file) == 0 ? absl::OkStatus() : Failed(directory, "synced");
}

absl::Status WriteAll(int file, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(path, "written");
    content.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(file) == 0 ? absl::OkStatus() : Failed(path, "synced");
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return absl::NotFoundError(path + ": is not there");
  if (file < 0) return Failed(path, "opened");
  const absl::Cleanup close_file = [file] { close(file); };
  std::string content;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(file, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(path, "read");
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > kFileBytesMax) {
      return FileUnusable(absl::StrCat(path, ": got more than ", kFileBytesMax, " bytes"));
    }
  }
}

absl::Status ReplaceFile(const std::string& path, std::string_view content, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return Failed(path, "made");
  absl::Cleanup remove_temporary = [&] { unlink(temporary.c_str()); };
  const absl::Cleanup close_file = [file] { close(file); };
  if (fchmod(file, mode) != 0) return Failed(path, "made");
  RETURN_IF_ERROR(WriteAll(file, path, content));
  RETURN_IF_ERROR(MoveFile(temporary, path));
  std::move(remove_temporary).Cancel();
  return absl::OkStatus();
}

absl::Status MakePrivateDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return FileUnusable(absl::StrCat(path, ": cannot be made: ", error.message()));
  if (chmod(path.c_str(), 0700) != 0) return Failed(path, "closed to others");
  return absl::OkStatus();
}

absl::Status MoveFile(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return Failed(to, "written");
  return SyncDirectoryOf(to);
}

absl::StatusOr<int> DirectoryLock::OpenLockFile(const std::string& directory) {
  const std::string path = directory + "/.lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Failed(path, "made");
  return file;
}

absl::StatusOr<DirectoryLock> DirectoryLock::Take(const std::string& directory) {
  ASSIGN_OR_RETURN(const int file, OpenLockFile(directory));
  DirectoryLock lock(file);
  while (flock(file, LOCK_EX) != 0) {
    if (errno != EINTR) return Failed(directory + "/.lock", "locked");
  }
  return lock;
}

absl::StatusOr<DirectoryLock> DirectoryLock::Own(const std::string& directory) {
  ASSIGN_OR_RETURN(const int file, OpenLockFile(directory));
  DirectoryLock lock(file);
  const absl::Time give_up = absl::Now() + absl::Seconds(5);
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) return Failed(directory + "/.lock", "locked");
    if (absl::Now() >= give_up) {
      return FileUnusable(
          absl::StrCat(directory, ": got one that another gateway uses, want one of its own"));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace quartermaster::gateway
