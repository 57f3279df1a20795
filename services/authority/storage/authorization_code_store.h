// The codes that the authority issued, closed with the key-encryption key: who reads one can say its proofs.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_AUTHORIZATION_CODE_STORE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_AUTHORIZATION_CODE_STORE_H_

#include <cstdint>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/authorization_document.h"
#include "services/authority/domain/signing_keys.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/pg/pool.h"

namespace quartermaster::authority {

struct IssuedCode {
  // The file.
  std::string code;
  crypto::AuthorizationProofs proofs;
};

// Who wants the code, for the audit.
struct IssueAct {
  std::string actor;
  std::string request_id;
  absl::Time now;
};

// Thread-safe.
class AuthorizationCodeStore {
 public:
  // `pool` outlives it.
  AuthorizationCodeStore(pg::Pool* pool, crypto::KeyEncryptionKey key_encryption_key)
      : pool_(*pool), key_encryption_key_(std::move(key_encryption_key)) {}

  // Signs and keeps the code, or answers the one that was issued under this id. For another UDI, sequence or
  // other lots than then: `authority.code_issued_for_other_content`.
  absl::StatusOr<IssuedCode> Issue(int64_t smart_account_id, const AuthorizationContent& content,
                                   const SigningKeys& keys, const IssueAct& act);

  // `authority.code_unknown` when none was issued under this id.
  absl::StatusOr<std::string> Find(int64_t smart_account_id, int64_t authorization_id);

 private:
  absl::StatusOr<std::string> Open(int64_t smart_account_id, int64_t authorization_id,
                                   std::string_view encrypted) const;
  absl::StatusOr<IssuedCode> Known(int64_t smart_account_id, const AuthorizationContent& content,
                                   const pqxx::row& row) const;

  pg::Pool& pool_;
  const crypto::KeyEncryptionKey key_encryption_key_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_AUTHORIZATION_CODE_STORE_H_
