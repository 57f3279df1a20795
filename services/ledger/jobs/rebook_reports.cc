#include "services/ledger/jobs/rebook_reports.h"

#include <set>
#include <tuple>
#include <vector>

#include "services/common/pg/change_feed.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/storage/report_reader.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kDigestBytesMax = 4 << 20;

// Their changes, each once, in the same order: the first and as many more as may be read together.
std::vector<pg::Change> ChangesOf(const std::vector<SetAsideName>& names) {
  std::vector<pg::Change> changes;
  int64_t bytes = 0;
  for (const SetAsideName& set_aside : names) {
    const ReportName& name = set_aside.name;
    if (!changes.empty() && changes.back().smart_account_id == name.smart_account_id &&
        changes.back().position.change_id == name.change_id) {
      continue;
    }
    bytes += set_aside.digest_bytes;
    if (!changes.empty() && bytes > kDigestBytesMax) break;
    pg::Change& change = changes.emplace_back();
    change.smart_account_id = name.smart_account_id;
    change.position.change_id = name.change_id;
    change.at = set_aside.received_at;
  }
  return changes;
}

ReportName NameOf(const StoredReport& report) {
  return {report.smart_account_id, report.change_id, report.place};
}

// Whether it is booked now; nothing of it is there when it is not.
absl::StatusOr<bool> Rebook(pg::RawConnection& connection, SourceDirectory& directory, int32_t incarnation,
                            const StoredReport& report, const BookingTerms& terms, AppliedCounts& total) {
  RETURN_IF_ERROR(connection.Run("SAVEPOINT report"));
  const absl::StatusOr<AppliedCounts> counts =
      ApplyBatch(connection, directory, incarnation, {&report, 1}, terms);
  if (!counts.ok() && !IsAboutTheReports(counts.status(), connection)) return counts.status();
  if (counts.ok() && counts->unbookable == 0) {
    total.Add(*counts);
    RETURN_IF_ERROR(connection.Run("RELEASE SAVEPOINT report"));
    return true;
  }
  directory.Clear();
  RETURN_IF_ERROR(connection.Run("ROLLBACK TO SAVEPOINT report"));
  return false;
}

}  // namespace

absl::StatusOr<RebookOutcome> RebookReports(pg::RawConnection& connection, SourceDirectory& directory,
                                            int32_t incarnation, const ReportName& after,
                                            const BookingTerms& terms) {
  RebookOutcome outcome{.counts = {}, .last = after, .more = false};
  ASSIGN_OR_RETURN(const std::vector<SetAsideName> names,
                   NextSetAside(connection, after, kRebookedPerTransaction));
  if (names.empty()) return outcome;
  const std::vector<pg::Change> changes = ChangesOf(names);
  ASSIGN_OR_RETURN(const ReportBatch batch, ReadReports(connection, changes));
  std::set<ReportName> wanted;
  for (const SetAsideName& set_aside : names) {
    const ReportName& name = set_aside.name;
    if (std::tie(name.smart_account_id, name.change_id) >
        std::tie(changes.back().smart_account_id, changes.back().position.change_id)) {
      break;
    }
    wanted.insert(name);
    outcome.last = name;
  }
  outcome.more = wanted.size() < names.size() || std::ssize(names) == kRebookedPerTransaction;
  std::vector<ReportName> booked;
  for (const StoredReport& report : batch.reports()) {
    if (!wanted.contains(NameOf(report))) continue;
    ASSIGN_OR_RETURN(const bool is_booked,
                     Rebook(connection, directory, incarnation, report, terms, outcome.counts));
    if (is_booked) booked.push_back(NameOf(report));
  }
  RETURN_IF_ERROR(DeleteSetAside(connection, booked, terms.now));
  return outcome;
}

}  // namespace quartermaster::ledger
