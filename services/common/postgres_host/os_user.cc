#include "services/common/postgres_host/os_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "services/common/postgres_host/postgres_host_errors.h"

namespace quartermaster::postgres_host {
namespace {

OsUser FromEntry(const passwd& entry) {
  OsUser user{entry.pw_name, entry.pw_uid, entry.pw_gid, {}};
  int count = 64;
  user.groups.resize(count);
  // The second call has the room that the first one asked for.
  for (int i = 0; i < 2; ++i) {
    if (getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) >= 0) break;
    user.groups.resize(count);
  }
  user.groups.resize(count);
  return user;
}

}  // namespace

absl::StatusOr<OsUser> UserById(uid_t uid) {
  passwd entry;
  passwd* found = nullptr;
  std::vector<char> buffer(16384);
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return StartFailed(absl::StrCat("user id: got ", uid, ", want one that has a name"));
  }
  return FromEntry(entry);
}

absl::StatusOr<OsUser> UserByName(const std::string& name) {
  passwd entry;
  passwd* found = nullptr;
  std::vector<char> buffer(16384);
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return StartFailed(absl::StrCat("user: got no \"", name,
                                    "\" on this machine, want one to run "
                                    "PostgreSQL as, which refuses root"));
  }
  return FromEntry(entry);
}

absl::StatusOr<OsUser> ServerUser(const std::string& cluster_directory) {
  if (geteuid() != 0) return UserById(geteuid());
  struct stat info;
  if (stat(cluster_directory.c_str(), &info) == 0 && info.st_uid != 0) {
    return UserById(info.st_uid);
  }
  return UserByName("postgres");
}

}  // namespace quartermaster::postgres_host
