#include "services/authority/storage/authorization_code_store.h"

#include <pqxx/pqxx>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/authority/storage/sql_time.h"
#include "services/common/crypto/signature.h"
#include "services/common/ids/random.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

constexpr char kFindCode[] = R"sql(
SELECT content_hash, encrypted_code FROM authorization_codes
WHERE smart_account_id = $1 AND authorization_id = $2)sql";

constexpr char kInsertCode[] = R"sql(
INSERT INTO authorization_codes (smart_account_id, authorization_id, udi_pid, udi_sn, key_id, issued_at,
  content_hash, encrypted_code)
VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7, $8)
ON CONFLICT (smart_account_id, authorization_id) DO NOTHING)sql";

constexpr char kInsertAudit[] = R"sql(
INSERT INTO authority_audit (recorded_at, actor, request_id, method, after)
VALUES ($1::timestamptz, $2, $3, 'authority.v1.SigningService/SignAuthorization',
        jsonb_build_object('smart_account_id', $4::bigint, 'authorization_id', $5::bigint)))sql";

// What a code is for: names of licenses may change in the catalogue meanwhile.
std::string ContentHash(const AuthorizationContent& content) {
  const crypto::AuthorizationName& name = content.name;
  std::string text =
      absl::StrCat(name.udi.product_id, "\n", name.udi.serial_number, "\n", name.authorization_id, "\n",
                   name.sequence, "\n", content.reservation ? 1 : 0);
  for (const AuthorizedLot& lot : content.lots) {
    absl::StrAppend(&text, "\n", lot.entitlement_tag, "\n", lot.count, "\n", absl::ToUnixSeconds(lot.start),
                    "\n", lot.end.has_value() ? absl::ToUnixSeconds(*lot.end) : 0);
  }
  const crypto::Sha256Digest digest = crypto::Sha256(text);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string Context(int64_t smart_account_id, int64_t authorization_id) {
  return absl::StrCat("authorization_code/", smart_account_id, "/", authorization_id);
}

std::string NewNonce() {
  std::string nonce;
  while (nonce.size() < crypto::kAuthorizationNonceBytes) {
    const uint64_t bits = ids::SecretBits();
    nonce.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  nonce.resize(crypto::kAuthorizationNonceBytes);
  return nonce;
}

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

}  // namespace

// An envelope holds the nonce and then the code.
absl::StatusOr<std::string> AuthorizationCodeStore::Open(int64_t smart_account_id, int64_t authorization_id,
                                                         std::string_view encrypted) const {
  ASSIGN_OR_RETURN(std::string opened,
                   key_encryption_key_.Decrypt(encrypted, Context(smart_account_id, authorization_id)));
  if (opened.size() <= crypto::kAuthorizationNonceBytes) {
    return StoredRowDamaged(absl::StrCat("authorization_codes: got ", opened.size(), " bytes of a code"));
  }
  return opened;
}

absl::StatusOr<IssuedCode> AuthorizationCodeStore::Known(int64_t smart_account_id,
                                                         const AuthorizationContent& content,
                                                         const pqxx::row& row) const {
  if (Bytes(row[0]) != ContentHash(content)) return CodeIssuedForOtherContent(content.name.authorization_id);
  ASSIGN_OR_RETURN(const std::string opened,
                   Open(smart_account_id, content.name.authorization_id, Bytes(row[1])));
  const std::string_view nonce = std::string_view(opened).substr(0, crypto::kAuthorizationNonceBytes);
  return IssuedCode{opened.substr(crypto::kAuthorizationNonceBytes), crypto::ProofsOf(nonce, content.name)};
}

absl::StatusOr<IssuedCode> AuthorizationCodeStore::Issue(int64_t smart_account_id,
                                                         const AuthorizationContent& content,
                                                         const SigningKeys& keys, const IssueAct& act) {
  RETURN_IF_ERROR(CheckAuthorizationContent(content));
  const int64_t id = content.name.authorization_id;
  return pool_.Transact(
      "authority_issue_code", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<IssuedCode> {
        const pqxx::result known = transaction.exec_params(kFindCode, smart_account_id, id);
        if (!known.empty()) return Known(smart_account_id, content, known[0]);
        const std::string nonce = NewNonce();
        ASSIGN_OR_RETURN(const std::string code, ComposeAuthorizationCode(content, nonce, keys));
        ASSIGN_OR_RETURN(const std::string encrypted,
                         key_encryption_key_.Encrypt(nonce + code, Context(smart_account_id, id)));
        const SigningKey* signer = keys.Current(KeyPurpose::kAuthorization);
        const pqxx::result inserted = transaction.exec_params(
            kInsertCode, smart_account_id, id, content.name.udi.product_id, content.name.udi.serial_number,
            signer->certificate.key_id(), ToTimestamp(act.now), pqxx::binarystring(ContentHash(content)),
            pqxx::binarystring(encrypted));
        // Another replica was asked for it at once.
        if (inserted.affected_rows() == 0) {
          return Known(smart_account_id, content, transaction.exec_params1(kFindCode, smart_account_id, id));
        }
        transaction.exec_params(kInsertAudit, ToTimestamp(act.now), act.actor, act.request_id,
                                smart_account_id, id);
        return IssuedCode{code, crypto::ProofsOf(nonce, content.name)};
      });
}

absl::StatusOr<std::string> AuthorizationCodeStore::Find(int64_t smart_account_id, int64_t authorization_id) {
  return pool_.Read(
      "authority_find_code", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::string> {
        const pqxx::result known = transaction.exec_params(kFindCode, smart_account_id, authorization_id);
        if (known.empty()) return CodeUnknown(authorization_id);
        ASSIGN_OR_RETURN(const std::string opened,
                         Open(smart_account_id, authorization_id, Bytes(known[0][1])));
        return opened.substr(crypto::kAuthorizationNonceBytes);
      });
}

}  // namespace quartermaster::authority
