// The key-encryption key of a node and the envelopes that it closes: how private keys, ID tokens and
// codes of authorizations lie at rest.
// The key comes from a file or a systemd credential and never enters the database.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_KEY_ENCRYPTION_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_KEY_ENCRYPTION_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::crypto {

// 32 random bytes, as text: 64 hex digits and an optional newline (`openssl rand -hex 32`).
//
// Envelope (AES-256-GCM), all bytes in this order:
//   1 version (1) | 8 id of the key-encryption key | 12 nonce | ciphertext | 16 tag
// Version, key id and the caller's `context` are authenticated with it, so an envelope opens only
// where and for what it was made. Nonces are random: fewer than 2^32 envelopes per key.
//
// Immutable; thread-safe. Wiped from memory when destroyed.
class KeyEncryptionKey {
 public:
  // `crypto.key_encryption_key_invalid` when the text is not of the form above.
  static absl::StatusOr<KeyEncryptionKey> FromText(std::string_view text);
  // Reads the file, which must be readable by its owner (and at most its group) only.
  static absl::StatusOr<KeyEncryptionKey> Load(const std::string& path);
  // The same; when there is no such file, makes one with a new key (mode 0600, its directory 0700).
  // Processes that start at once end up with the same key.
  static absl::StatusOr<KeyEncryptionKey> LoadOrCreate(const std::string& path);

  KeyEncryptionKey(const KeyEncryptionKey&) = default;
  KeyEncryptionKey& operator=(const KeyEncryptionKey&) = default;
  ~KeyEncryptionKey();

  // `context` names what is inside, for example "signing_key/<key id>".
  absl::StatusOr<std::string> Encrypt(std::string_view secret, std::string_view context) const;
  // `crypto.envelope_key_mismatch` when another key closed it; `crypto.envelope_invalid` when it was
  // changed, cut, or made for another context.
  absl::StatusOr<std::string> Decrypt(std::string_view envelope, std::string_view context) const;

  // 16 hex digits that say which key it is and nothing about it.
  std::string key_id() const;

 private:
  KeyEncryptionKey() = default;

  std::array<uint8_t, 32> key_{};
  std::string id_;  // 8 bytes
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_KEY_ENCRYPTION_H_
