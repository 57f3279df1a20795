#include "services/authority/api/trust_requests.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// A leaf and the intermediates of any real manufacturer.
constexpr size_t kFactoryChainMax = 8;
constexpr int64_t kYear10000S = 253402300800;

}  // namespace

absl::Status CheckMemberCount(std::string_view field, int count) {
  if (count >= 1 && count <= kTrustCodeMembersMax) return absl::OkStatus();
  return FieldInvalid(field, absl::StrCat(count, " members"), absl::StrCat("1 to ", kTrustCodeMembersMax));
}

absl::Status CheckUdisDiffer(const std::vector<TrustMember>& members) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const TrustMember& member : members) {
    const crypto::SubjectUdi& udi = member.csr.udi();
    if (seen.emplace(udi.product_id, udi.serial_number).second) continue;
    return FieldInvalid("csr", absl::StrCat(udi.product_id, ":", udi.serial_number, " twice"),
                        "each of another UDI");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<absl::Time>> DeviceTime(bool set, const google::protobuf::Timestamp& time) {
  if (!set) return std::nullopt;
  if (time.seconds() < 0 || time.seconds() >= kYear10000S || time.nanos() < 0 ||
      time.nanos() >= 1'000'000'000) {
    return FieldInvalid("device_time", absl::StrCat(time.seconds(), " s"), "a time from 1970 to 9999");
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::Status CheckProof(const crypto::PublicKey& key, const char* domain,
                        const crypto::CertificateRequest& csr, std::string_view signature) {
  if (key.Verify(absl::StrCat(domain, csr.der()), signature)) return absl::OkStatus();
  return TrustProofInvalid("signature");
}

absl::StatusOr<crypto::Certificate> ReadFactoryCertificate(std::string_view pem,
                                                           const crypto::TrustAnchors& manufacturers,
                                                           const crypto::SubjectUdi& udi, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<crypto::BundledCertificate> bundle, crypto::ParseCertificateBundle(pem));
  if (bundle.size() > kFactoryChainMax) {
    return FieldInvalid("certificate_chain", absl::StrCat(bundle.size(), " certificates"),
                        absl::StrCat("1 to ", kFactoryChainMax));
  }
  std::vector<crypto::Certificate> chain;
  for (const crypto::BundledCertificate& entry : bundle) {
    RETURN_IF_ERROR(entry.certificate.status());
    chain.push_back(*entry.certificate);
  }
  const crypto::Certificate leaf = chain.front();
  chain.erase(chain.begin());
  if (leaf.is_ca()) return CaAsTrustCertificate(leaf.subject());
  ASSIGN_OR_RETURN(const crypto::SubjectUdi certified, leaf.Udi());
  if (certified != udi) {
    return FieldInvalid("certificate_chain", absl::StrCat(certified.product_id, ":", certified.serial_number),
                        absl::StrCat("one of ", udi.product_id, ":", udi.serial_number));
  }
  RETURN_IF_ERROR(leaf.Key().status());
  RETURN_IF_ERROR(leaf.CheckKeyForImport());
  RETURN_IF_ERROR(manufacturers.Verify(leaf, chain, now));
  return leaf;
}

}  // namespace quartermaster::authority
