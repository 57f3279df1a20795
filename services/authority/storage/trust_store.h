// Manufacturer CAs and the certificates of product instances.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRUST_STORE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRUST_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/trust_code.h"
#include "services/authority/storage/audit.h"
#include "services/common/crypto/certificate.h"
#include "services/common/pg/pool.h"

namespace quartermaster::authority {

// A certificate that was found good, with what is stored beside it.
struct TrustCertificateRow {
  crypto::SubjectUdi udi;
  crypto::Certificate certificate;
  // crypto::AlgorithmName of its key.
  std::string algorithm;
};

struct TrustCertificateSummary {
  std::string key_id;
  crypto::SubjectUdi udi;
  std::string issuer;
  std::string algorithm;
  absl::Time not_before;
  absl::Time not_after;
  bool revoked = false;
  TrustOrigin origin = TrustOrigin::kImported;
  std::optional<absl::Time> retired_at;
  std::string replaced_by;
  std::optional<absl::Time> revoked_at;
  bool export_controlled = false;
};

struct TrustCertificateFilter {
  // Leaves out those of product instances that belong to another Smart Account, and its trust codes.
  std::optional<int64_t> smart_account_id;
  // Exact; empty = any.
  std::string product_id;
  std::string serial_number;
};

// Order of a list.
struct TrustCertificateKey {
  std::string product_id;
  std::string serial_number;
  std::string key_id;
};

// Thread-safe. Imports have a connection of their own: they are rare and large.
class TrustStore {
 public:
  // `pool` outlives this.
  explicit TrustStore(pg::Pool* pool) : pool_(*pool) {}

  // All CAs that a product instance's certificate may end in: the manufacturers' and our own.
  absl::StatusOr<std::vector<crypto::Certificate>> ReadAnchors();
  // The manufacturers' alone: what a factory certificate must end in.
  absl::StatusOr<std::vector<crypto::Certificate>> ReadManufacturerCas();

  // Each stores what is new, and replaces a certificate of the same key (and UDI) that ends earlier
  // and is not revoked. Answers how many rows changed; `audit` is written when any did. All in one
  // transaction; running it again changes nothing.
  absl::StatusOr<int64_t> StoreManufacturerCas(const std::vector<crypto::Certificate>& cas,
                                               const AuditEntry& audit, absl::Time now);
  absl::StatusOr<int64_t> StoreTrustCertificates(const std::vector<TrustCertificateRow>& rows,
                                                 const AuditEntry& audit, absl::Time now);

  // At most `limit`, after `after` in the order (product id, serial number, key id).
  absl::StatusOr<std::vector<TrustCertificateSummary>> ListTrustCertificates(
      const TrustCertificateFilter& filter, const std::optional<TrustCertificateKey>& after, int limit);

  // Id of the Smart Account with this domain or name (services/common/accounts).
  // `authority.smart_account_unknown`.
  absl::StatusOr<int64_t> FindSmartAccount(std::string_view domain_or_name);

 private:
  absl::StatusOr<std::vector<crypto::Certificate>> ReadCertificates(const char* name, const char* sql);

  pg::Pool& pool_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRUST_STORE_H_
