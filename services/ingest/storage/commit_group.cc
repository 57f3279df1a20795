#include "services/ingest/storage/commit_group.h"

#include <algorithm>
#include <tuple>

namespace quartermaster::ingest {
namespace {

void AnswerWith(const StandingReport& standing, ReportAnswer::Outcome outcome, ReportAnswer& answer) {
  answer.outcome = outcome;
  answer.received_at = standing.received_at;
  answer.name = standing.name;
  answer.verification = standing.verification;
}

// Whether `name` is one that an earlier attempt for this very report wrote: its COMMIT, in doubt
// then, did succeed.
bool IsOwnEarlierAttempt(const PendingReport& report, const StoredName& name) {
  return std::find(report.names_in_doubt.begin(), report.names_in_doubt.end(), name) !=
         report.names_in_doubt.end();
}

}  // namespace

void AccountShare::Add(GroupReport report) {
  report.place = static_cast<int32_t>(reports_.size());
  reports_.push_back(report);
}

void AccountShare::BuildChains() {
  sorted_.reserve(reports_.size());
  for (GroupReport& report : reports_) sorted_.push_back(&report);
  std::sort(sorted_.begin(), sorted_.end(), [](const GroupReport* a, const GroupReport* b) {
    return std::tie(a->source_id, a->report->report_id, a->place) <
           std::tie(b->source_id, b->report->report_id, b->place);
  });
  size_t begin = 0;
  for (size_t end = 1; end <= sorted_.size(); ++end) {
    if (end < sorted_.size() && sorted_[end]->source_id == sorted_[begin]->source_id &&
        sorted_[end]->report->report_id == sorted_[begin]->report->report_id) {
      continue;
    }
    chains_.push_back({.reports = std::span(sorted_).subspan(begin, end - begin)});
    begin = end;
  }
}

void AccountShare::Decide(IdentityChain& chain) {
  size_t next = 0;
  if (chain.claimed) {
    GroupReport& first = *chain.reports[next++];
    Store(first, StoredOutcome::kAccepted);
    chain.standing = AsStanding(first);
    AnswerWith(chain.standing, ReportAnswer::Outcome::kAccepted, *first.answer);
  }
  for (; next < chain.reports.size(); ++next) DecideOne(chain, *chain.reports[next]);
}

bool AccountShare::IsPlainDuplicate(const IdentityChain& chain) {
  return std::all_of(chain.reports.begin(), chain.reports.end(), [&](const GroupReport* report) {
    return DecideIdentity(chain.standing, {}, report->report->payload_hash, report->report->verification) ==
           IdentityDecision::kDuplicate;
  });
}

int32_t AccountShare::stored_count() const {
  return static_cast<int32_t>(std::count_if(reports_.begin(), reports_.end(), [](const GroupReport& report) {
    return report.stored != StoredOutcome::kNone;
  }));
}

StandingReport AccountShare::AsStanding(const GroupReport& report) const {
  return {.payload_hash = report.report->payload_hash,
          .received_at = received_at_,
          .name = {change_id_, report.place},
          .verification = report.report->verification};
}

void AccountShare::Store(GroupReport& report, StoredOutcome outcome) { report.stored = outcome; }

void AccountShare::DecideOne(IdentityChain& chain, GroupReport& report) {
  ReportAnswer& answer = *report.answer;
  const pg::Uuid& hash = report.report->payload_hash;
  if (IsOwnEarlierAttempt(*report.report, chain.standing.name)) {
    AnswerWith(chain.standing, ReportAnswer::Outcome::kAccepted, answer);
    return;
  }
  switch (DecideIdentity(chain.standing, chain.others, hash, report.report->verification)) {
    case IdentityDecision::kDuplicate:
      AnswerWith(chain.standing, ReportAnswer::Outcome::kDuplicate, answer);
      return;
    case IdentityDecision::kDuplicateOfReplaced: {
      const OtherPayload& other = *FindOtherPayload(chain.others, hash, OtherPayload::Kind::kReplaced);
      answer = {.outcome = ReportAnswer::Outcome::kDuplicate,
                .received_at = other.received_at,
                .name = other.name,
                .verification = Verification::kUnverifiable};
      return;
    }
    case IdentityDecision::kSupersede: {
      const StandingReport replaced = chain.standing;
      Store(report, StoredOutcome::kSuperseding);
      chain.standing = AsStanding(report);
      chain.standing_changed = true;
      chain.others.push_back({.kind = OtherPayload::Kind::kReplaced,
                              .payload_hash = replaced.payload_hash,
                              .received_at = replaced.received_at,
                              .name = replaced.name});
      AnswerWith(chain.standing, ReportAnswer::Outcome::kAccepted, answer);
      return;
    }
    case IdentityDecision::kConflict:
      Store(report, StoredOutcome::kConflict);
      chain.others.push_back({.kind = OtherPayload::Kind::kConflict,
                              .payload_hash = hash,
                              .received_at = received_at_,
                              .name = {change_id_, report.place}});
      AnswerWith(chain.standing, ReportAnswer::Outcome::kConflict, answer);
      return;
    case IdentityDecision::kConflictAgain:
      AnswerWith(chain.standing, ReportAnswer::Outcome::kConflict, answer);
      return;
  }
}

}  // namespace quartermaster::ingest
