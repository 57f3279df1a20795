// The rule that decides what the signature of a report is worth. Pure: what is known about
// certificates comes through TrustLookup.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_VERIFICATION_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_VERIFICATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/crypto/signature.h"
#include "services/ingest/domain/report.h"

namespace quartermaster::ingest {

// Values are stored (rum_reports.verification): never renumber. A rejected report is an error
// with its reason, and is not stored.
enum class Verification : int16_t { kVerified = 1, kUnverifiable = 2 };

// A certificate that binds a key to one UDI.
struct TrustBinding {
  Udi udi;
  int64_t not_before_s = 0;  // Unix seconds
  int64_t not_after_s = 0;
  bool revoked = false;
  // When another key of the UDI has taken its place for good; none while none has.
  std::optional<int64_t> retired_s = std::nullopt;
};

// A public key with every certificate that carries it.
struct TrustedKey {
  crypto::PublicKey key;
  std::vector<TrustBinding> bindings;
};

// What this node knows. Implementations are in memory and safe from many threads; an answer is
// shared, so that a cache may drop its own copy at any time.
class TrustLookup {
 public:
  virtual ~TrustLookup() = default;
  // `key_id` is lower-case hex SHA-256 of the SubjectPublicKeyInfo; nullptr when it is not ours.
  virtual std::shared_ptr<const TrustedKey> FindKey(std::string_view key_id) const = 0;
  // Whether the UDI has, or ever had, a certificate of our trust.
  virtual bool HasTrust(const Udi& udi) const = 0;
};

// Whether a text can be the id of a key at all: 64 lower-case hex digits. A vendor's key names
// cannot, so they need no look-up.
bool IsKeyId(std::string_view text);

// `payload_digest` is SHA-256 of report.payload (also the report's identity: computed once).
// `received_s` is the time of receipt in Unix seconds; certificates are given an hour of skew.
//
// kVerified: the signature checks under a certificate bound to the report's UDI.
// kUnverifiable: the key is none of ours, and the UDI never had our trust.
// Otherwise rejected, with the first of these that holds:
//   ingest.report_signature_missing            key is none of ours, but the UDI had our trust
//   ingest.report_key_bound_elsewhere          key of ours, bound to other UDIs only
//   ingest.report_certificate_revoked          whenever the report was closed: since the revocation nobody
//                                              can say who signs
//   ingest.report_key_retired                  renewed, and the overlap is over
//   ingest.report_certificate_not_yet_valid
//   ingest.report_certificate_expired
//   ingest.report_algorithm_mismatch           signing_type is not the key's algorithm
//   ingest.report_signature_invalid            wrong length, wrong bytes, changed payload
// When several certificates bind the key to the UDI, one that is in force decides.
absl::StatusOr<Verification> Verify(const ParsedReport& report, const crypto::Sha256Digest& payload_digest,
                                    int64_t received_s, const TrustLookup& lookup);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_VERIFICATION_H_
