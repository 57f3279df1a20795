#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/acknowledgement_document.h"
#include "services/authority/domain/authority_errors.h"

namespace quartermaster::authority {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

// How many of `rounds`, from the newest on, the file lists.
size_t ListedRounds(const std::vector<AcknowledgementRound>& rounds, absl::Time now) {
  size_t count = 1;
  size_t reports = rounds.front().reports.size();
  while (count < rounds.size() && rounds[count].issued_at >= now - kListedFor) {
    reports += rounds[count].reports.size();
    if (reports > kListedReportsMax) break;
    ++count;
  }
  return count;
}

void AddPolicy(const StoredAcknowledgement& stored, AcknowledgementContent& content) {
  std::array<bool, policy::kLicenseClassCount> in_use{};
  for (const auto& [source_id, tag] : stored.tags) {
    in_use[static_cast<size_t>(tag.license_class)] |= tag.in_use;
  }
  content.policy = stored.policy;
  content.next_report_due = content.issued_at + stored.policy.push_interval_days * kDay;
  if (!stored.policy.acknowledgement_required) return;
  if (const std::optional<int> days =
          policy::ShortestDays(stored.policy.days, in_use, &policy::ReportingDays::ongoing)) {
    content.next_acknowledgement_due = content.issued_at + *days * kDay;
  }
}

}  // namespace

absl::StatusOr<AcknowledgementContent> CollectAcknowledgement(const crypto::SubjectUdi& udi,
                                                              const StoredAcknowledgement& stored,
                                                              absl::Time now) {
  const std::vector<AcknowledgementRound>& rounds = stored.rounds;
  if (rounds.empty()) return StoredRowDamaged("acknowledgements: got none of this sender");
  const size_t listed = ListedRounds(rounds, now);
  AcknowledgementContent content;
  content.udi = udi;
  content.sequence = rounds.front().sequence;
  content.issued_at = rounds.front().issued_at;
  content.acknowledged_since = rounds[listed - 1].issued_at;

  for (size_t i = 0; i < listed; ++i) {
    for (const AcknowledgedReport& report : rounds[i].reports) {
      const auto tag = stored.tags.find(report.source_id);
      if (tag == stored.tags.end()) {
        return StoredRowDamaged(absl::StrCat("acknowledgements.reports: got source ", report.source_id,
                                             ", want one of this sender"));
      }
      content.report_ids_by_tag[tag->second.entitlement_tag].push_back(report.report_id);
    }
  }
  for (auto& [tag, report_ids] : content.report_ids_by_tag) {
    std::sort(report_ids.begin(), report_ids.end());
    // A report that was acknowledged twice (an unverifiable one that a verified one replaced).
    report_ids.erase(std::unique(report_ids.begin(), report_ids.end()), report_ids.end());
    content.report_count += static_cast<int64_t>(report_ids.size());
  }
  AddPolicy(stored, content);
  return content;
}

AcknowledgementContent FirstPolicy(const crypto::SubjectUdi& udi, const policy::ReportingPolicy& policy,
                                   absl::Time now) {
  AcknowledgementContent content;
  content.udi = udi;
  content.issued_at = content.acknowledged_since = now;
  content.policy = policy;
  content.next_report_due = now + policy.push_interval_days * kDay;
  return content;
}

}  // namespace quartermaster::authority
