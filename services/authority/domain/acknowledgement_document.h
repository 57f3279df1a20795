// Composes the acknowledgement file and the policy file of docs/reference/formats.md.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_ACKNOWLEDGEMENT_DOCUMENT_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_ACKNOWLEDGEMENT_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/acknowledged_reports.h"
#include "services/authority/domain/signing_keys.h"
#include "services/common/crypto/certificate.h"
#include "services/common/policy/reporting_policy.h"

namespace quartermaster::authority {

// What a file lists at most; formats.md says the same.
inline constexpr absl::Duration kListedFor = absl::Hours(24 * 400);
inline constexpr size_t kListedReportsMax = 20000;

// One stored acknowledgement of a product instance.
struct AcknowledgementRound {
  int64_t sequence = 0;
  absl::Time issued_at;
  std::vector<AcknowledgedReport> reports;
};

// What a source id stands for.
struct SourceTag {
  std::string entitlement_tag;
  policy::LicenseClass license_class = policy::LicenseClass::kUnenforcedSubscription;
  // Whether the consumer uses any of it now: only such classes have a deadline.
  bool in_use = false;
};

// Everything that a file says.
struct AcknowledgementContent {
  crypto::SubjectUdi udi;
  int64_t sequence = 0;
  absl::Time issued_at;
  absl::Time acknowledged_since;
  // In byte order of the tag; report ids ascending.
  std::map<std::string, std::vector<int64_t>> report_ids_by_tag;
  int64_t report_count = 0;
  policy::ReportingPolicy policy;
  absl::Time next_report_due;
  std::optional<absl::Time> next_acknowledgement_due;
};

// What a file is made of.
struct StoredAcknowledgement {
  // Newest first; those issued since some time, and always the newest.
  std::vector<AcknowledgementRound> rounds;
  std::map<int64_t, SourceTag> tags;
  // That the newest round carries.
  policy::ReportingPolicy policy;
};

// `stored.rounds`: of one product instance, not empty. Takes the newest and, of the others, those issued
// within kListedFor before `now`, until kListedReportsMax is reached. Deadlines follow from the policy and
// the classes in use, as the ledger computes them.
// `authority.stored_row_damaged` when a source is not in `stored.tags`.
absl::StatusOr<AcknowledgementContent> CollectAcknowledgement(const crypto::SubjectUdi& udi,
                                                              const StoredAcknowledgement& stored,
                                                              absl::Time now);

// Of a product instance that nothing is acknowledged of yet: sequence 0, issued now. When its first
// acknowledgement is due depends on its first use, which it knows itself.
AcknowledgementContent FirstPolicy(const crypto::SubjectUdi& udi, const policy::ReportingPolicy& policy,
                                   absl::Time now);

// The file, signed.
absl::StatusOr<std::string> ComposeAcknowledgementFile(const AcknowledgementContent& content,
                                                       const SigningKeys& keys);
// Only the policy of it, as a file of its own.
absl::StatusOr<std::string> ComposePolicyFile(const AcknowledgementContent& content, const SigningKeys& keys);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_ACKNOWLEDGEMENT_DOCUMENT_H_
