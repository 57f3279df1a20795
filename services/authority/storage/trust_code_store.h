// Trust codes: the rows of trust_certificates that the authority issued itself, and every revocation.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRUST_CODE_STORE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRUST_CODE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/trust_code.h"
#include "services/authority/storage/audit.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/revocation_list.h"
#include "services/common/pg/pool.h"

namespace quartermaster::authority {

// A trust code that is asked for.
struct WantedTrustCode {
  crypto::SubjectUdi udi;
  // Issued for this request; not used when the key has one already.
  crypto::Certificate certificate;
  // crypto::AlgorithmName of its key.
  std::string algorithm;
  TrustOrigin origin = TrustOrigin::kIdToken;
  int64_t smart_account_id = 0;
  bool export_controlled = false;
  // Of a renewal: the key that proved it.
  std::string proven_by;
};

struct TrustCodeIssue {
  std::vector<WantedTrustCode> wanted;
  // How long the keys before stay good.
  absl::Duration overlap;
  AuditEntry audit;
  absl::Time now;
};

struct RevocationFilter {
  // Leaves out what belongs to another Smart Account.
  std::optional<int64_t> smart_account_id;
  // Both or none; empty = any.
  std::string product_id;
  std::string serial_number;
  // Empty = any.
  std::string key_id;
};

// Thread-safe. Everything that is issued or revoked takes its turn, so that its marks (imported_at,
// revocation_number) count up in the order of commits.
class TrustCodeStore {
 public:
  // `pool` outlives this.
  explicit TrustCodeStore(pg::Pool* pool) : pool_(*pool) {}

  // Where trust belongs that names no Smart Account.
  absl::StatusOr<int64_t> DefaultSmartAccount();

  // What is known by a key, of any UDI.
  absl::StatusOr<std::vector<KnownTrustKey>> FindKey(const std::string& key_id);

  // The certificates (DER) in the order of `wanted`: new ones, or, for keys that have one, those that were
  // given before. All or none; asking again changes nothing. The rules of domain/trust_code.h hold at the
  // moment of writing; `authority.product_instance_elsewhere`; `authority.trust_revoked` for factory trust
  // of a UDI whose trust was revoked.
  absl::StatusOr<std::vector<std::string>> Issue(const TrustCodeIssue& issue);

  // How many were revoked just now. `authority.trust_code_unknown` when the filter meets nothing.
  absl::StatusOr<int64_t> Revoke(const RevocationFilter& filter, int reason, const AuditEntry& audit,
                                 absl::Time now);

  // Number of the last revocation, and the revoked certificates of this issuer that would be valid
  // otherwise. `issued_at` and `next_update` are left to the caller.
  absl::StatusOr<crypto::RevocationListContent> ReadRevocations(const std::string& issuer, absl::Time now);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRUST_CODE_STORE_H_
