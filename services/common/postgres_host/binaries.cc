#include "services/common/postgres_host/binaries.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/common/postgres_host/postgres_host_errors.h"

namespace quartermaster::postgres_host {
namespace {

namespace fs = std::filesystem;

bool HoldsPostgres(const std::string& directory) {
  return access(absl::StrCat(directory, "/initdb").c_str(), X_OK) == 0 &&
         access(absl::StrCat(directory, "/postgres").c_str(), X_OK) == 0;
}

// The major version in "/usr/lib/postgresql/15/bin" or "/usr/pgsql-15/bin"; 0 when there is none.
int MajorOf(const std::string& directory) {
  std::string name = fs::path(directory).parent_path().filename();
  if (const size_t dash = name.rfind('-'); dash != std::string::npos) name.erase(0, dash + 1);
  int major = 0;
  return absl::SimpleAtoi(name, &major) ? major : 0;
}

void AppendVersioned(const std::string& root, std::vector<std::string>& directories) {
  std::error_code ignored;
  const fs::path parent = fs::path(root).parent_path();
  const std::string prefix = absl::StrCat(fs::path(root).filename().string(), "-");
  for (const auto& entry : fs::directory_iterator(root, ignored)) {
    directories.push_back(entry.path() / "bin");
  }
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    if (entry.path().filename().string().starts_with(prefix)) {
      directories.push_back(entry.path() / "bin");
    }
  }
}

}  // namespace

std::vector<std::string> BinaryDirectories(const std::vector<std::string>& roots, const std::string& path) {
  std::vector<std::string> versioned;
  for (const std::string& root : roots) AppendVersioned(root, versioned);
  std::stable_sort(versioned.begin(), versioned.end(),
                   [](const auto& a, const auto& b) { return MajorOf(a) > MajorOf(b); });
  std::vector<std::string> all = std::move(versioned);
  for (const auto& directory : absl::StrSplit(path, ':', absl::SkipEmpty())) {
    all.emplace_back(directory);
  }
  std::erase_if(all, [](const std::string& directory) { return !HoldsPostgres(directory); });
  return all;
}

absl::StatusOr<std::string> FindBinaryDirectory(const std::string& configured, int cluster_major) {
  if (!configured.empty()) {
    if (HoldsPostgres(configured)) return configured;
    return BinariesNotFound(absl::StrCat("binary_directory: got \"", configured,
                                         "\", want a directory with initdb and postgres"));
  }
  const char* path = std::getenv("PATH");
  const std::vector<std::string> found = BinaryDirectories(
      {"/usr/lib/postgresql", "/usr/pgsql", "/usr/local/pgsql"}, path == nullptr ? "" : path);
  if (found.empty()) {
    return BinariesNotFound(
        "PostgreSQL: got no initdb and postgres in /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin or "
        "PATH, want the package postgresql installed");
  }
  if (cluster_major == 0) return found.front();
  for (const std::string& directory : found) {
    // A directory of PATH does not show its version; the server itself refuses a wrong one.
    if (MajorOf(directory) == cluster_major || MajorOf(directory) == 0) return directory;
  }
  return BinariesNotFound(absl::StrCat("PostgreSQL: got version ", MajorOf(found.front()), ", want ",
                                       cluster_major, ", in which the data directory is written"));
}

}  // namespace quartermaster::postgres_host
