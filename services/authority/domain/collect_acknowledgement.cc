#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/acknowledgement_document.h"
#include "services/authority/domain/authority_errors.h"

namespace quartermaster::authority {
namespace {

using policy::LicenseClass;
using policy::ReportingDays;

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

}  // namespace

absl::StatusOr<AcknowledgementContent> CollectAcknowledgement(const crypto::SubjectUdi& udi,
                                                              const std::vector<AcknowledgementRound>& rounds,
                                                              const std::map<int64_t, SourceTag>& tags,
                                                              absl::Time now) {
  if (rounds.empty()) return StoredRowDamaged("acknowledgements: got none of this sender");
  const size_t listed = ListedRounds(rounds, now);
  AcknowledgementContent content;
  content.udi = udi;
  content.sequence = rounds.front().sequence;
  content.issued_at = rounds.front().issued_at;
  content.acknowledged_since = rounds[listed - 1].issued_at;

  for (size_t i = 0; i < listed; ++i) {
    for (const AcknowledgedReport& report : rounds[i].reports) {
      const auto tag = tags.find(report.source_id);
      if (tag == tags.end()) {
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
  std::array<bool, policy::kLicenseClassCount> in_use{};
  for (const auto& [source_id, tag] : tags) in_use[static_cast<size_t>(tag.license_class)] |= tag.in_use;
  content.next_report_due = content.issued_at + policy::kDefaultPushIntervalDays * kDay;
  if (const std::optional<int> days =
          policy::ShortestDays(policy::kDefaultReportingDays, in_use, &ReportingDays::ongoing)) {
    content.next_acknowledgement_due = content.issued_at + *days * kDay;
  }
  return content;
}

}  // namespace quartermaster::authority
