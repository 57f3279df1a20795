#include "services/common/postgres_host/socket_directory.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/postgres_host/postgres_host_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::postgres_host {
namespace {

constexpr std::string_view kSocketName = "/.s.PGSQL.5432";

// A directory that `owner` alone may enter, not a link to one. Makes it when it is not there.
absl::Status MakePrivate(const std::string& directory, const OsUser& owner) {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return DataDirectoryUnusable(absl::StrCat(directory, ": cannot make it: ", std::strerror(errno)));
  }
  struct stat info;
  if (lstat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return DataDirectoryUnusable(absl::StrCat(directory, ": got no directory, want one"));
  }
  if (info.st_uid != owner.uid && info.st_uid != geteuid()) {
    return DataDirectoryUnusable(
        absl::StrCat(directory, ": got user id ", info.st_uid, " as owner, want ", owner.name));
  }
  if ((info.st_uid != owner.uid && lchown(directory.c_str(), owner.uid, owner.gid) != 0) ||
      chmod(directory.c_str(), 0700) != 0) {
    return DataDirectoryUnusable(
        absl::StrCat(directory, ": cannot give it to ", owner.name, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeShortDirectory(const OsUser& owner) {
  std::vector<std::string> places = {"/run", "/tmp"};
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && owner.uid == geteuid()) {
    places.insert(places.begin(), runtime);
  }
  for (const std::string& place : places) {
    std::string directory = absl::StrCat(place, "/quartermaster-XXXXXX");
    if (!SocketPathFits(directory) || mkdtemp(directory.data()) == nullptr) continue;
    RETURN_IF_ERROR(MakePrivate(directory, owner));
    return directory;
  }
  return DataDirectoryUnusable(
      "socket directory: got none that can be made in /run or /tmp, want one for a data directory "
      "whose own path is too long for a socket");
}

}  // namespace

bool SocketPathFits(std::string_view directory) {
  return directory.size() + kSocketName.size() < sizeof(sockaddr_un::sun_path);
}

absl::StatusOr<std::string> MakeSocketDirectory(const std::string& data_directory, const OsUser& owner) {
  std::string directory = absl::StrCat(data_directory, "/run");
  if (SocketPathFits(directory)) {
    RETURN_IF_ERROR(MakePrivate(directory, owner));
    return directory;
  }
  const std::string record = absl::StrCat(data_directory, "/postgres.socket_directory");
  std::ifstream input(record);
  if (std::getline(input, directory) && SocketPathFits(directory) && MakePrivate(directory, owner).ok()) {
    return directory;
  }
  ASSIGN_OR_RETURN(directory, MakeShortDirectory(owner));
  std::ofstream output(record, std::ios::trunc);
  output << directory << "\n";
  output.close();
  if (!output) return DataDirectoryUnusable(absl::StrCat(record, ": cannot write"));
  return directory;
}

}  // namespace quartermaster::postgres_host
