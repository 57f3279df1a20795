// The authority's keys in the database: certificates in the open, private keys in envelopes.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SIGNING_KEY_STORE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SIGNING_KEY_STORE_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/signing_keys.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/pg/pool.h"

namespace quartermaster::authority {

// Thread-safe: each call has a connection of its own.
class SigningKeyStore {
 public:
  SigningKeyStore(pg::Options database, crypto::KeyEncryptionKey key_encryption_key);

  // Opens the current keys; makes those that domain/key_schedule.h says are due, one that is `needed` among
  // them, retiring their predecessors, with an audit row each. Keys of purposes that this release does not
  // know stay closed; their certificates are read like any other. Replicas that do so at once end up with the
  // same keys. `crypto.envelope_key_mismatch` when this replica has another key-encryption key than the one
  // that stored them.
  absl::StatusOr<std::shared_ptr<const SigningKeys>> LoadOrMake(
      absl::Time now, std::optional<KeyPurpose> needed = std::nullopt);

 private:
  const pg::Options database_;
  const crypto::KeyEncryptionKey key_encryption_key_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SIGNING_KEY_STORE_H_
