// Reading an acknowledgement file or a policy file (docs/reference/formats.md) as a product
// instance does: nothing of it is believed before its signatures check under a CA that the reader
// has pinned. Used by agents, and by tests of the authority.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_FILE_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/policy/reporting_policy.h"

namespace quartermaster::crypto {

inline constexpr size_t kAcknowledgementFileBytesMax = 4 << 20;

struct AcknowledgedTag {
  std::string entitlement_tag;
  // Ascending.
  std::vector<int64_t> report_ids;
  bool operator==(const AcknowledgedTag&) const = default;
};

// The policy in force, and what it means for the product instance now.
struct PolicyInForce {
  policy::ReportingPolicy policy;
  absl::Time next_report_due;
  // None when no class in use requires one.
  std::optional<absl::Time> next_acknowledgement_due;
};

struct AcknowledgementFile {
  SubjectUdi udi;
  // Counts up per product instance.
  int64_t sequence = 0;
  absl::Time issued_at;
  // Reports acknowledged before this are no longer listed.
  absl::Time acknowledged_since;
  std::vector<AcknowledgedTag> acknowledged;
  PolicyInForce policy;
};

// A policy that comes by itself.
struct PolicyFile {
  SubjectUdi udi;
  // Of the last acknowledgement of the product instance; 0 = there was none.
  int64_t sequence = 0;
  absl::Time issued_at;
  PolicyInForce policy;
};

// Who reads, and when.
struct AcknowledgementReader {
  SubjectUdi udi;
  // Of the last file that was accepted; 0 = none yet.
  int64_t sequence_seen = 0;
  absl::Time now;
  // Of the policy that is installed.
  absl::Time policy_issued_at = absl::InfinitePast();
};

// Immutable; thread-safe.
class AcknowledgementVerifier {
 public:
  // `pinned`: of these certificates the CAs are trusted, the others ignored, so that the answer to
  // GetAuthorityCertificates can be given as it is. At least one must be a CA.
  static absl::StatusOr<AcknowledgementVerifier> Create(std::span<const Certificate> pinned);

  // The file's content, once everything checks. Errors, in this order:
  //   crypto.acknowledgement_file_malformed      not a file of ours, cut off, or re-encoded
  //   crypto.certificate_expired, …_not_yet_valid, …_untrusted
  //                                              the signing certificate, at reader.now
  //   crypto.acknowledgement_signature_invalid   wrong key, wrong algorithm, changed content
  //   crypto.acknowledgement_for_another         of another product instance
  //   crypto.acknowledgement_outdated            sequence below the one seen (the same is accepted)
  absl::StatusOr<AcknowledgementFile> Verify(std::string_view file,
                                             const AcknowledgementReader& reader) const;

  // The same of a policy file. Outdated is also one that was issued before the policy that is installed.
  absl::StatusOr<PolicyFile> VerifyPolicy(std::string_view file, const AcknowledgementReader& reader) const;

 private:
  explicit AcknowledgementVerifier(TrustAnchors anchors) : anchors_(std::move(anchors)) {}
  absl::StatusOr<std::string> VerifiedPayload(std::string_view envelope, const char* domain,
                                              absl::Time now) const;

  TrustAnchors anchors_;
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_FILE_H_
