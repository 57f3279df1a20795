#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/common/config/config_errors.h"
#include "services/common/config/node_config.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::config {
namespace {

constexpr size_t kSecretBytesMax = 64 << 10;
// 128 bits even of hexadecimal digits.
constexpr size_t kAdministratorSecretBytesMin = 32;
constexpr size_t kAdministratorSecretBytesMax = 256;

std::string Where(const SecretReference& reference) {
  if (!reference.file.empty()) return reference.file;
  return absl::StrCat("environment variable ", reference.environment);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return SecretUnreadable(path, strerror(errno));
  struct stat info {};
  std::string text(kSecretBytesMax + 1, '\0');
  const bool known = fstat(file, &info) == 0;
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  if (!known || size < 0) return SecretUnreadable(path, "an error while it was read");
  if (!S_ISREG(info.st_mode)) return SecretUnreadable(path, "something that is no regular file");
  if ((info.st_mode & S_IRWXO) != 0) {
    return SecretUnreadable(path, absl::StrFormat("mode %04o", info.st_mode & 07777));
  }
  if (size > static_cast<ssize_t>(kSecretBytesMax)) return SecretUnreadable(path, "over 64 KiB");
  text.resize(static_cast<size_t>(size));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return SecretUnreadable(path, "an empty file");
  return text;
}

}  // namespace

absl::StatusOr<log::Secret> SecretReference::Read() const {
  if (!file.empty()) {
    ASSIGN_OR_RETURN(std::string text, ReadSecretFile(file));
    return log::Secret(std::move(text));
  }
  const char* value = environment.empty() ? nullptr : getenv(environment.c_str());
  if (value == nullptr || *value == '\0') {
    return SecretUnreadable(Where(*this), "nothing");
  }
  return log::Secret(value);
}

absl::StatusOr<log::Secret> GatewayConfig::ReadAdministratorSecret() const {
  constexpr char kWant[] = ", want 32 to 256 printable characters without blanks";
  ASSIGN_OR_RETURN(log::Secret secret, administrator_secret.Read());
  const std::string& text = secret.Reveal();
  if (text.size() < kAdministratorSecretBytesMin || text.size() > kAdministratorSecretBytesMax) {
    return Invalid({absl::StrCat(Where(administrator_secret), ": got ", text.size(), " bytes", kWant)});
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return Invalid({absl::StrCat(Where(administrator_secret), ": got a blank or another character", kWant)});
  }
  return secret;
}

}  // namespace quartermaster::config
