// The file that holds the key-encryption key.
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/crypto/signature.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

// Longer than the key's text, so that a file that is not one is noticed.
constexpr size_t kFileBytesMax = 256;

absl::Status FileError(const std::string& path, std::string_view what) {
  const int error = errno;
  return KeyEncryptionKeyInvalid(absl::StrCat("key-encryption key file ", path, ": cannot be ",
                                              std::string(what), ": ", std::strerror(error)));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// So that the file's name survives a crash of the machine.
absl::Status SyncDirectory(const std::string& path) {
  const int directory = open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return FileError(path, "synced");
  const auto close_directory = absl::MakeCleanup([directory] { close(directory); });
  if (fsync(directory) != 0) return FileError(path, "synced");
  return absl::OkStatus();
}

absl::Status WriteNew(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return FileError(path, "made");
  const auto close_file = absl::MakeCleanup([file] { close(file); });
  if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(file) != 0) {
    return FileError(path, "written");
  }
  return absl::OkStatus();
}

// Writes a new key beside `path` and links it there, which succeeds for one process only.
absl::Status CreateKeyFile(const std::string& path) {
  std::array<uint8_t, 32> key;
  std::array<uint8_t, 8> suffix;
  if (RAND_bytes(key.data(), key.size()) != 1 || RAND_bytes(suffix.data(), suffix.size()) != 1) {
    return absl::InternalError("key-encryption key: no random bytes");
  }
  std::string text = HexEncode({reinterpret_cast<const char*>(key.data()), key.size()}) + "\n";
  const auto wipe = absl::MakeCleanup([&] {
    OPENSSL_cleanse(key.data(), key.size());
    OPENSSL_cleanse(text.data(), text.size());
  });
  const std::string directory = DirectoryOf(path);
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return FileError(path, "made");
  const std::string temporary =
      absl::StrCat(path, ".", HexEncode({reinterpret_cast<const char*>(suffix.data()), suffix.size()}));
  const auto remove_temporary = absl::MakeCleanup([&] { unlink(temporary.c_str()); });
  RETURN_IF_ERROR(WriteNew(temporary, text));
  if (link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    return FileError(path, "made");
  }
  return SyncDirectory(path);
}

}  // namespace

absl::StatusOr<KeyEncryptionKey> KeyEncryptionKey::Load(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(path, "opened");
  const auto close_file = absl::MakeCleanup([file] { close(file); });
  struct stat facts = {};
  if (fstat(file, &facts) != 0) return FileError(path, "examined");
  // A group may read it: systemd credentials and Kubernetes secrets come that way.
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) != 0) {
    return KeyEncryptionKeyInvalid(
        absl::StrCat("key-encryption key file ", path, ": got mode 0", absl::Hex((facts.st_mode >> 6) & 7),
                     absl::Hex((facts.st_mode >> 3) & 7), absl::Hex(facts.st_mode & 7),
                     ", want a regular file that others cannot read (0600, 0400 or 0440)"));
  }
  std::string text(kFileBytesMax, '\0');
  const auto wipe = absl::MakeCleanup([&] { OPENSSL_cleanse(text.data(), text.size()); });
  const ssize_t size = read(file, text.data(), text.size());
  if (size < 0) return FileError(path, "read");
  return FromText(std::string_view(text).substr(0, static_cast<size_t>(size)));
}

absl::StatusOr<KeyEncryptionKey> KeyEncryptionKey::LoadOrCreate(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) {
    if (errno != ENOENT) return FileError(path, "opened");
    RETURN_IF_ERROR(CreateKeyFile(path));
  }
  return Load(path);
}

}  // namespace quartermaster::crypto
