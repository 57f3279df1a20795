#include "services/authority/jobs/issue_acknowledgements.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "services/authority/domain/acknowledged_reports.h"
#include "services/authority/storage/acknowledgement_round.h"
#include "services/authority/storage/issued_cursor.h"
#include "services/authority/storage/transaction.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// The changes of a round, and whether others wait behind them.
struct Selection {
  std::vector<pg::Change> changes;
  bool more = false;
};

absl::StatusOr<Selection> SelectChanges(pg::RawConnection& connection, const IssueOptions& options,
                                        const pg::FeedPosition& after) {
  ASSIGN_OR_RETURN(const pg::FeedPosition applied, ReadAppliedPosition(connection));
  Selection selection;
  if (applied <= after) return selection;
  ASSIGN_OR_RETURN(std::vector<pg::Change> changes,
                   pg::ReadChanges(connection, pg::kIngestFeed, after, options.changes_per_round_max));
  const bool cut_by_limit = static_cast<int32_t>(changes.size()) == options.changes_per_round_max;
  int64_t reports = 0;
  for (pg::Change& change : changes) {
    if (applied < change.position) return selection;
    // A change is taken whole, so a round may be larger by one change.
    if (reports >= options.reports_per_round_max) {
      selection.more = true;
      return selection;
    }
    reports += change.count;
    selection.changes.push_back(std::move(change));
  }
  selection.more = cut_by_limit && selection.changes.back().position < applied;
  return selection;
}

// Of reports that were withheld: before every change of the round.
constexpr int32_t kNoChange = -1;

// A report with the sender that it came from.
struct SentReport {
  int64_t smart_account_id;
  int64_t sender_id;
  AcknowledgedReport report;
  int32_t change_index;
  int64_t through_change_id;

  auto sender() const { return std::tie(smart_account_id, sender_id); }
};

// What a round has to sign for, and what it must not.
struct RoundReports {
  std::vector<SentReport> sent;
  // Set aside by ledger: verified, but not in the books.
  std::vector<WithheldReport> withheld;
  // Withheld by an earlier round and booked since; they are in `sent` too.
  std::vector<WithheldReport> released;
};

absl::Status ReadSentReports(pg::RawConnection& connection, SourceSenders& senders,
                             const std::vector<pg::Change>& changes, RoundReports& round) {
  if (changes.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<VerifiedReport> reports, ReadVerifiedReports(connection, changes));
  ASSIGN_OR_RETURN(const std::set<ReportName> set_aside, ReadSetAside(connection, changes));
  std::set<SourceKey> sources;
  for (const VerifiedReport& report : reports) {
    sources.insert({report.smart_account_id, report.source_id});
  }
  RETURN_IF_ERROR(senders.Load(connection, sources));
  round.sent.reserve(reports.size() + round.sent.size());
  for (const VerifiedReport& report : reports) {
    const int64_t sender = senders.SenderOf({report.smart_account_id, report.source_id});
    const int64_t change_id = changes[static_cast<size_t>(report.change_index)].position.change_id;
    if (set_aside.contains({report.smart_account_id, change_id, report.place})) {
      round.withheld.push_back({.smart_account_id = report.smart_account_id,
                                .change_id = change_id,
                                .place = report.place,
                                .sender_id = sender,
                                .source_id = report.source_id,
                                .report_id = report.report_id});
      continue;
    }
    round.sent.push_back({report.smart_account_id,
                          sender,
                          {report.source_id, report.report_id},
                          report.change_index,
                          change_id});
  }
  return absl::OkStatus();
}

absl::Status ReadReleasedReports(pg::RawConnection& connection, const IssueOptions& options,
                                 RoundReports& round) {
  ASSIGN_OR_RETURN(round.released, ReadReleased(connection, options.reports_per_round_max));
  for (const WithheldReport& report : round.released) {
    round.sent.push_back({report.smart_account_id,
                          report.sender_id,
                          {report.source_id, report.report_id},
                          kNoChange,
                          report.through_change_id});
  }
  return absl::OkStatus();
}

// One row per sender. Sorts `reports`.
std::vector<NewAcknowledgement> GroupBySender(std::vector<SentReport>& reports) {
  std::sort(reports.begin(), reports.end(),
            [](const SentReport& a, const SentReport& b) { return a.sender() < b.sender(); });
  std::vector<NewAcknowledgement> rows;
  std::vector<AcknowledgedReport> acknowledged;
  for (size_t begin = 0; begin < reports.size();) {
    acknowledged.clear();
    int32_t last_change = kNoChange;
    int64_t through_change_id = reports[begin].through_change_id;
    size_t end = begin;
    for (; end < reports.size() && reports[end].sender() == reports[begin].sender(); ++end) {
      acknowledged.push_back(reports[end].report);
      if (reports[end].change_index <= last_change) continue;
      last_change = reports[end].change_index;
      through_change_id = reports[end].through_change_id;
    }
    NewAcknowledgement& row = rows.emplace_back();
    row.smart_account_id = reports[begin].smart_account_id;
    row.sender_id = reports[begin].sender_id;
    row.packed_reports = PackAcknowledgedReports(acknowledged);
    row.report_count = static_cast<int32_t>(acknowledged.size());
    row.through_change_id = through_change_id;
    begin = end;
  }
  return rows;
}

// Locks the cursor and writes, unless another replica was here since `after` was read.
absl::StatusOr<bool> WriteRound(pg::RawConnection& connection, const pg::FeedPosition& after,
                                const pg::FeedPosition& through, const RoundReports& round,
                                const std::vector<NewAcknowledgement>& rows, absl::Time now) {
  ASSIGN_OR_RETURN(const pg::FeedPosition locked,
                   pg::LockCursor(connection, kCursorTable, kIssuedConsumer, now));
  if (locked != after) return false;
  ASSIGN_OR_RETURN(const bool ours, DeleteWithheld(connection, round.released));
  if (!ours) return pg::SerializationConflict("withheld_acknowledgements: another replica released them");
  RETURN_IF_ERROR(InsertWithheld(connection, round.withheld));
  if (!rows.empty()) {
    RETURN_IF_ERROR(InsertAcknowledgements(connection, rows, now));
    RETURN_IF_ERROR(InsertChanges(connection, rows, now));
  }
  RETURN_IF_ERROR(pg::MoveCursor(connection, kCursorTable, kIssuedConsumer, through, now));
  return true;
}

}  // namespace

absl::StatusOr<IssueResult> IssueAcknowledgements(pg::RawConnection& connection, SourceSenders& senders,
                                                  const IssueOptions& options, absl::Time now) {
  absl::StatusOr<IssueResult> result = InTransaction(connection, [&]() -> absl::StatusOr<IssueResult> {
    ASSIGN_OR_RETURN(const pg::FeedPosition after, ReadIssuedPosition(connection));
    ASSIGN_OR_RETURN(const Selection selection, SelectChanges(connection, options, after));
    RoundReports round;
    RETURN_IF_ERROR(ReadReleasedReports(connection, options, round));
    if (selection.changes.empty() && round.released.empty()) return IssueResult{};
    RETURN_IF_ERROR(ReadSentReports(connection, senders, selection.changes, round));
    std::vector<NewAcknowledgement> rows = GroupBySender(round.sent);
    RETURN_IF_ERROR(ReadPolicies(connection, rows));
    const bool moves = !selection.changes.empty();
    ASSIGN_OR_RETURN(
        const bool written,
        WriteRound(connection, after, moves ? selection.changes.back().position : after, round, rows, now));
    // Another replica did this round; look again at once.
    if (!written) return IssueResult{.more = true};
    return IssueResult{.changes = static_cast<int64_t>(selection.changes.size()),
                       .reports = static_cast<int64_t>(round.sent.size()),
                       .acknowledgements = static_cast<int64_t>(rows.size()),
                       .more = selection.more,
                       .newest_received_at = moves ? selection.changes.back().at : absl::InfinitePast()};
  });
  // A notice holds a lock of the whole server until its transaction is flushed, and is only a hint:
  // so it goes out after the commit.
  if (result.ok() && result->acknowledgements > 0) {
    pg::NotifyFeed(connection, pg::kAuthorityFeed).IgnoreError();
  }
  return result;
}

}  // namespace quartermaster::authority
