// What product instances send to get trust, checked as far as it can be without the database.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_REQUESTS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_REQUESTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/authority/domain/trust_code.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/crypto/certificate_request.h"

namespace quartermaster::authority {

// Who asks for a trust code, and on what grounds.
struct TrustMember {
  crypto::CertificateRequest csr;
  TrustOrigin origin = TrustOrigin::kIdToken;
  int64_t smart_account_id = 0;
  bool export_controlled = false;
  // Of a renewal: the present key.
  std::string proven_by{};
};

// `authority.field_invalid` for another number than 1 to kTrustCodeMembersMax.
absl::Status CheckMemberCount(std::string_view field, int count);
// `authority.field_invalid` when two are of one UDI.
absl::Status CheckUdisDiffer(const std::vector<TrustMember>& members);

// Nothing when the message is not set.
absl::StatusOr<std::optional<absl::Time>> DeviceTime(bool set, const google::protobuf::Timestamp& time);

// The signature over `domain` and the request's DER: `authority.trust_proof_invalid`.
absl::Status CheckProof(const crypto::PublicKey& key, const char* domain,
                        const crypto::CertificateRequest& csr, std::string_view signature);

// The factory certificate of the request's UDI, first in `pem`, found good: a sound key that signs, no CA,
// valid at `now`, and a chain through the rest of `pem` to one of `manufacturers`.
absl::StatusOr<crypto::Certificate> ReadFactoryCertificate(std::string_view pem,
                                                           const crypto::TrustAnchors& manufacturers,
                                                           const crypto::SubjectUdi& udi, absl::Time now);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_REQUESTS_H_
