#include "services/authority/storage/signing_key_store.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/authority/domain/key_schedule.h"
#include "services/authority/storage/audit.h"
#include "services/authority/storage/transaction.h"
#include "services/common/crypto/certificate.h"
#include "services/common/log/log.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;
using crypto::KeyEncryptionKey;
using crypto::PrivateKey;

// Current keys, and the certificates of all.
struct StoredKeys {
  std::vector<SigningKey> current;
  std::vector<Certificate> certificates;
};

// Binds an envelope to its row: one that was moved to another row does not open.
std::string EnvelopeContext(KeyPurpose purpose, const std::string& key_id) {
  return absl::StrCat("signing_key/", PurposeName(purpose), "/", key_id);
}

// One replica at a time decides which keys are missing. The unique index on the current key of a
// purpose would refuse the second one too, but only with an error.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(hashtext('authority_signing_keys'))";

constexpr char kSelectKeys[] = R"sql(
SELECT purpose, certificate, encrypted_private_key, retired_at IS NULL
FROM signing_keys ORDER BY purpose <> 'ca', created_at DESC)sql";

// A later release made it, which runs beside this one or ran before it. Once: keys are read every hour.
void WarnOfUnknownPurpose(const std::string& purpose) {
  static std::once_flag warned;
  std::call_once(warned, [&] {
    log::Warning("a signing key of a purpose that this release does not know stays closed",
                 {{"purpose", purpose}});
  });
}

absl::StatusOr<StoredKeys> Load(pg::RawConnection& connection, const KeyEncryptionKey& opener) {
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectKeys, pg::Params()));
  StoredKeys keys;
  for (int row = 0; row < rows.rows(); ++row) {
    ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromDer(rows.Bytes(row, 1)));
    keys.certificates.push_back(certificate);
    const std::optional<KeyPurpose> purpose = ParsePurpose(rows.Bytes(row, 0));
    if (!purpose.has_value()) WarnOfUnknownPurpose(std::string(rows.Bytes(row, 0)));
    if (!rows.Bool(row, 3) || !purpose.has_value()) continue;
    ASSIGN_OR_RETURN(const std::string pem,
                     opener.Decrypt(rows.Bytes(row, 2), EnvelopeContext(*purpose, certificate.key_id())));
    ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::FromPem(pem));
    if (key.Public().key_id() != certificate.key_id()) {
      return StoredRowDamaged(
          absl::StrCat("signing_keys: key ", certificate.key_id(), " is not the one of its certificate"));
    }
    keys.current.push_back({*purpose, std::move(key), std::move(certificate)});
  }
  return keys;
}

constexpr char kRetire[] =
    "UPDATE signing_keys SET retired_at = $2 WHERE purpose = $1 AND retired_at IS NULL";
constexpr char kInsertKey[] = R"sql(
INSERT INTO signing_keys (key_id, purpose, alg, certificate, encrypted_private_key, created_at,
                          not_after)
VALUES ($1, $2, $3, $4, $5, $6, $7))sql";

absl::Status Store(pg::RawConnection& connection, const KeyEncryptionKey& closer, const SigningKey& key,
                   absl::Time now) {
  pg::Params retire;
  retire.AddText(PurposeName(key.purpose));
  retire.Add(now);
  RETURN_IF_ERROR(connection.Execute(kRetire, retire).status());

  const std::string& key_id = key.certificate.key_id();
  ASSIGN_OR_RETURN(const std::string envelope,
                   closer.Encrypt(key.key.ToPem(), EnvelopeContext(key.purpose, key_id)));
  pg::Params insert;
  insert.AddText(key_id);
  insert.AddText(PurposeName(key.purpose));
  insert.AddText(crypto::AlgorithmName(key.key.algorithm()));
  insert.AddBytes(key.certificate.der());
  insert.AddBytes(envelope);
  insert.Add(now);
  insert.Add(key.certificate.not_after());
  RETURN_IF_ERROR(connection.Execute(kInsertKey, insert).status());

  const nlohmann::json after = {{"key_id", key_id}, {"purpose", PurposeName(key.purpose)}};
  return WriteAudit(connection, {kServiceActor, "", "make_signing_key", after.dump()}, now);
}

absl::StatusOr<SigningKey> Make(KeyPurpose purpose, const std::vector<SigningKey>& current, absl::Time now) {
  if (purpose == KeyPurpose::kCa) return MakeCaKey(now);
  const auto ca = std::find_if(current.begin(), current.end(),
                               [](const SigningKey& key) { return key.purpose == KeyPurpose::kCa; });
  if (ca == current.end()) return SigningKeyMissing(PurposeName(KeyPurpose::kCa));
  return MakeSignerKey(*ca, purpose, now);
}

}  // namespace

SigningKeyStore::SigningKeyStore(pg::Options database, KeyEncryptionKey key_encryption_key)
    : database_(std::move(database)), key_encryption_key_(std::move(key_encryption_key)) {}

absl::StatusOr<std::shared_ptr<const SigningKeys>> SigningKeyStore::LoadOrMake(
    absl::Time now, std::optional<KeyPurpose> needed) {
  ASSIGN_OR_RETURN(const std::unique_ptr<pg::RawConnection> connection,
                   pg::RawConnection::Connect(database_));
  ASSIGN_OR_RETURN(StoredKeys keys, InTransaction(*connection, [&]() -> absl::StatusOr<StoredKeys> {
                     RETURN_IF_ERROR(connection->Execute(kLock, pg::Params()).status());
                     ASSIGN_OR_RETURN(StoredKeys stored, Load(*connection, key_encryption_key_));
                     const std::vector<KeyPurpose> due = KeysToMake(stored.current, now, needed);
                     if (due.empty()) return stored;
                     for (KeyPurpose purpose : due) {
                       ASSIGN_OR_RETURN(SigningKey key, Make(purpose, stored.current, now));
                       RETURN_IF_ERROR(Store(*connection, key_encryption_key_, key, now));
                       std::erase_if(stored.current,
                                     [&](const SigningKey& old) { return old.purpose == purpose; });
                       stored.current.push_back(std::move(key));
                     }
                     return Load(*connection, key_encryption_key_);
                   }));
  return std::make_shared<const SigningKeys>(std::move(keys.current), std::move(keys.certificates));
}

}  // namespace quartermaster::authority
