#include "services/ingest/storage/group_transaction.h"

#include <map>
#include <utility>

#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/storage/group_bodies.h"
#include "services/ingest/storage/group_rows.h"
#include "services/ingest/storage/group_statements.h"
#include "services/ingest/storage/identity_claims.h"
#include "services/ingest/storage/source_resolver.h"

namespace quartermaster::ingest {
namespace {

constexpr char kUniqueViolation[] = "23505";

using SubmissionsByAccount = std::map<int64_t, std::vector<Submission*>>;

void Reject(absl::Status why, ReportAnswer& answer) {
  answer = {.outcome = ReportAnswer::Outcome::kRejected, .status = std::move(why)};
}

// The share of one Smart Account, with every report whose UDI is at home there; the others are
// rejected.
absl::StatusOr<AccountShare> ResolveShare(SourceResolver& resolver, int64_t smart_account_id,
                                          absl::Time received_at,
                                          const std::vector<Submission*>& submissions) {
  std::vector<SourceRequest> requests;
  for (const Submission* submission : submissions) {
    for (const PendingReport& report : submission->reports) {
      requests.push_back({.udi = &report.udi, .entitlement_tag = report.entitlement_tag});
    }
  }
  RETURN_IF_ERROR(resolver.Resolve(smart_account_id, received_at, requests));

  AccountShare share(smart_account_id, received_at);
  size_t next = 0;
  for (Submission* submission : submissions) {
    for (size_t i = 0; i < submission->reports.size(); ++i) {
      const SourceNumbers& numbers = requests[next++].numbers;
      if (numbers.source_id == 0) {
        Reject(ProductInstanceBelongsElsewhere(), submission->answers[i]);
        continue;
      }
      share.Add({.submission = submission,
                 .report = &submission->reports[i],
                 .answer = &submission->answers[i],
                 .sender_id = numbers.sender_id,
                 .source_id = numbers.source_id});
    }
  }
  share.BuildChains();
  return share;
}

// The statements of a group, in the order that keeps two groups from waiting for each other in a
// circle: senders, sources, identities by key, system infos by sender.
class Attempt {
 public:
  Attempt(pg::RawConnection& connection, SourceCache& cache, absl::Time received_at,
          std::span<Submission* const> submissions)
      : statements_(connection),
        resolver_(statements_, cache),
        received_at_(received_at),
        submissions_(submissions) {}

  // `all_new`: as ClaimNewIdentities.
  absl::Status Write(int32_t incarnation, bool all_new);
  bool AllWereNew() const;
  absl::Status Finish(GroupOutcome& outcome);

 private:
  void RememberDoubt();

  GroupStatements statements_;
  SourceResolver resolver_;
  const absl::Time received_at_;
  const std::span<Submission* const> submissions_;
  std::vector<AccountShare> shares_;
  // Whether it writes anything.
  bool has_rows_ = false;
};

absl::Status Attempt::Write(int32_t incarnation, bool all_new) {
  SubmissionsByAccount by_account;
  for (Submission* submission : submissions_) {
    submission->answers.assign(submission->reports.size(), {});
    submission->poll_id = 0;
    by_account[submission->smart_account_id].push_back(submission);
  }
  for (const auto& [smart_account_id, submissions] : by_account) {
    ASSIGN_OR_RETURN(AccountShare share,
                     ResolveShare(resolver_, smart_account_id, received_at_, submissions));
    if (!share.reports().empty()) shares_.push_back(std::move(share));
  }
  for (AccountShare& share : shares_) {
    RETURN_IF_ERROR(all_new ? ClaimNewIdentities(statements_, share) : ClaimIdentities(statements_, share));
  }
  for (AccountShare& share : shares_) {
    RETURN_IF_ERROR(DecideChains(statements_, share));
    QueueDecisions(statements_, share);
    has_rows_ |= share.stored_count() > 0;
  }
  RETURN_IF_ERROR(StoreBodies(statements_, shares_));
  QueueChanges(statements_, incarnation, received_at_, shares_);
  has_rows_ |= QueueTickets(statements_, received_at_, shares_, submissions_);
  has_rows_ |= QueueSystemInfos(statements_, received_at_, submissions_);
  return absl::OkStatus();
}

bool Attempt::AllWereNew() const {
  for (const AccountShare& share : shares_) {
    for (const IdentityChain& chain : share.chains()) {
      if (!chain.claimed) return false;
    }
  }
  return true;
}

// What a group finds may be on the primary only: its COMMIT is in doubt, or waits for the standby
// still. A commit that writes something waits too, and so proves that what it answers is on both. Where
// no commit waits, this writes nothing and costs as much as the ROLLBACK that would stand here.
constexpr char kWriteIfCommitsWait[] = R"(
SELECT pg_logical_emit_message(true, 'quartermaster', 'answered what was there')
WHERE current_setting('synchronous_standby_names') <> '')";

absl::Status Attempt::Finish(GroupOutcome& outcome) {
  if (!has_rows_) statements_.Queue(kWriteIfCommitsWait, pg::Params());
  if (absl::Status status = statements_.Commit(); !status.ok()) {
    if (pg::IsCommitInDoubt(status)) RememberDoubt();
    return status;
  }
  resolver_.Publish();
  for (const AccountShare& share : shares_) {
    for (const GroupReport& row : share.reports()) {
      if (row.stored == StoredOutcome::kNone) continue;
      ++outcome.reports_stored;
      outcome.body_bytes += static_cast<int64_t>(row.report->body.size());
    }
  }
  return absl::OkStatus();
}

void Attempt::RememberDoubt() {
  for (AccountShare& share : shares_) {
    for (GroupReport& row : share.reports()) {
      if (row.stored == StoredOutcome::kNone) continue;
      row.report->names_in_doubt.push_back({share.change_id(), row.place});
    }
  }
}

}  // namespace

absl::Status RunGroupTransaction(pg::RawConnection& connection, int32_t incarnation, SourceCache& cache,
                                 NewReportsGuess& guess, absl::Time received_at,
                                 std::span<Submission* const> submissions, GroupOutcome& outcome) {
  int64_t reports = 0;
  for (const Submission* submission : submissions) reports += std::ssize(submission->reports);
  if (guess.AllNew(reports)) {
    Attempt attempt(connection, cache, received_at, submissions);
    const absl::Status written = attempt.Write(incarnation, /*all_new=*/true);
    if (written.ok()) return attempt.Finish(outcome);
    guess.Note(false);
    if (pg::SqlStateOf(written) != kUniqueViolation) return written;
  }
  Attempt attempt(connection, cache, received_at, submissions);
  RETURN_IF_ERROR(attempt.Write(incarnation, /*all_new=*/false));
  RETURN_IF_ERROR(attempt.Finish(outcome));
  guess.Note(attempt.AllWereNew());
  return absl::OkStatus();
}

}  // namespace quartermaster::ingest
