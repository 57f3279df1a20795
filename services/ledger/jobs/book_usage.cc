#include "services/ledger/jobs/book_usage.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

// The reports of a batch for one consumer and tag.
struct Share {
  PositionKey key;
  int64_t virtual_account_id = 0;
  int64_t home_since_s = 0;
  std::vector<const DecodedReport*> reports;
  std::vector<UsageReport> usage;  // as many
  StoredPosition* position = nullptr;
  bool is_new = false;
};

bool KnowsReporters(const Share& share) {
  const std::vector<int64_t>& members = share.position->timeline.members();
  return std::all_of(share.reports.begin(), share.reports.end(), [&](const DecodedReport* report) {
    return std::find(members.begin(), members.end(), report->source.product_instance_id) != members.end();
  });
}

class Booking {
 public:
  Booking(const DecodedReports& decoded, BatchContext& batch) : decoded_(decoded), batch_(batch) {}

  absl::Status Run() {
    Divide();
    RETURN_IF_ERROR(LoadPositions());
    RETURN_IF_ERROR(IntroduceMembers());
    for (Share& share : shares_) FillUsage(share);
    RETURN_IF_ERROR(LoadNeededChunks());
    for (Share& share : shares_) Apply(share);
    RETURN_IF_ERROR(Post());
    return NoteAcknowledged();
  }

 private:
  const UnverifiablePolicy& PolicyOf(const Share& share) const {
    return batch_.policies.at(share.key.smart_account_id);
  }

  void Divide() {
    absl::flat_hash_map<PositionKey, size_t> share_of;
    for (const DecodedReport& report : decoded_.reports()) {
      const Instance& instance = batch_.instances.at(report.source.product_instance_id);
      const PositionKey key{report.stored->smart_account_id, instance.lead_id, report.source.tag_id};
      const auto [number, is_new] = share_of.try_emplace(key, shares_.size());
      if (is_new) {
        shares_.push_back({.key = key,
                           .virtual_account_id = instance.consumer_virtual_account_id,
                           .home_since_s = instance.consumer_home_since_s,
                           .reports = {},
                           .usage = {}});
      }
      shares_[number->second].reports.push_back(&report);
    }
  }

  absl::Status LoadPositions() {
    std::vector<PositionKey> keys;
    keys.reserve(shares_.size());
    for (const Share& share : shares_) keys.push_back(share.key);
    RETURN_IF_ERROR(batch_.positions.Load(batch_.connection, keys));
    for (Share& share : shares_) {
      share.position = batch_.positions.Find(share.key);
      if (share.position != nullptr) continue;
      share.is_new = true;
      share.position = &batch_.positions.Put({.key = share.key,
                                              .virtual_account_id = share.virtual_account_id,
                                              .suspect_arrived = false,
                                              .timeline = UsageTimeline(share.key.consumer_id)});
    }
    return absl::OkStatus();
  }

  // Timelines learn of members of their HA set that report this tag for the first time.
  absl::Status IntroduceMembers() {
    std::map<int64_t, std::vector<Share*>> by_account;
    std::vector<StoredPosition*> positions;
    for (Share& share : shares_) {
      if (KnowsReporters(share)) continue;
      by_account[share.key.smart_account_id].push_back(&share);
      positions.push_back(share.position);
    }
    if (positions.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(LoadChunks(batch_.connection, positions));
    for (const auto& [account, shares] : by_account) {
      std::set<int64_t> leads;
      for (const Share* share : shares) leads.insert(share->key.consumer_id);
      ASSIGN_OR_RETURN(
          std::vector<InstanceRow> rows,
          FindHaMembers(batch_.connection, account, std::vector<int64_t>(leads.begin(), leads.end())));
      std::sort(rows.begin(), rows.end(),
                [](const InstanceRow& a, const InstanceRow& b) { return a.udi < b.udi; });
      std::map<int64_t, std::vector<int64_t>> members_of;
      for (const InstanceRow& row : rows) members_of[row.lead_id].push_back(row.product_instance_id);
      for (Share* share : shares) {
        if (!share->position->timeline.SetMembers(members_of[share->key.consumer_id]) ||
            !KnowsReporters(*share)) {
          return ReportUnbookable(
              absl::StrCat("a reporter outside of the HA set of consumer ", share->key.consumer_id));
        }
      }
    }
    return absl::OkStatus();
  }

  void FillUsage(Share& share) {
    const std::vector<int64_t>& members = share.position->timeline.members();
    share.usage.reserve(share.reports.size());
    for (const DecodedReport* report : share.reports) {
      const auto member = std::find(members.begin(), members.end(), report->source.product_instance_id);
      share.usage.push_back({.report_id = report->stored->report_id,
                             .received_s = absl::ToUnixSeconds(report->stored->received_at),
                             .member = static_cast<uint16_t>(member - members.begin()),
                             .unverifiable = report->unverifiable(),
                             .supersedes = report->stored->outcome == StoredOutcome::kSuperseding,
                             .measurements = decoded_.MeasurementsOf(*report)});
    }
  }

  absl::Status LoadNeededChunks() {
    std::vector<StoredPosition*> positions;
    for (const Share& share : shares_) {
      if (share.position->timeline.NeedsChunks(share.usage, PolicyOf(share))) {
        positions.push_back(share.position);
      }
    }
    return LoadChunks(batch_.connection, positions);
  }

  void Apply(Share& share) {
    StoredPosition& position = *share.position;
    const bool had_gap = batch_.HasGap(position);
    const PoolKey pool{share.key.smart_account_id, position.virtual_account_id, share.key.tag_id};
    for (const CausedDelta& caused : position.timeline.Apply(share.usage, PolicyOf(share))) {
      const StoredReport& cause = *share.reports[caused.report]->stored;
      movements_.push_back({.smart_account_id = share.key.smart_account_id,
                            .virtual_account_id = position.virtual_account_id,
                            .consumer_id = share.key.consumer_id,
                            .tag_id = share.key.tag_id,
                            .effective_s = caused.delta.effective_s,
                            .quantity = caused.delta.quantity,
                            .cause_change_id = cause.change_id,
                            .cause_place = cause.place});
      if (caused.delta.effective_s < share.home_since_s) {
        moved_since_[share.key.smart_account_id].insert(share.key.consumer_id);
      }
    }
    // What measured nothing that counts leaves no position.
    if (position.timeline.empty()) return;
    if (share.is_new) batch_.books.TouchPool(pool);
    TouchPoolsAtHome(share);
    NoteFindings(share, had_gap);
    batch_.positions.MarkChanged(position);
  }

  // What reaches back before a move is booked where its consumer was at home then.
  absl::Status Post() {
    for (const auto& [account, consumers] : moved_since_) {
      RETURN_IF_ERROR(batch_.books.LearnFormerHomes(batch_.connection, account,
                                                    std::vector(consumers.begin(), consumers.end())));
    }
    for (const UsageMovement& movement : movements_) batch_.books.Add(movement);
    return absl::OkStatus();
  }

  // Which change is still open depends on what was acknowledged; hardly any position changes at all.
  absl::Status NoteAcknowledged() {
    std::map<int64_t, std::vector<int64_t>> leads;
    for (const Share& share : shares_) {
      if (share.position->timeline.position().last_change_s == 0) {
        share.position->timeline.NoteAcknowledged(0);
      } else {
        leads[share.key.smart_account_id].push_back(share.key.consumer_id);
      }
    }
    for (auto& [account, ids] : leads) {
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      ASSIGN_OR_RETURN(const auto times, LastAcknowledged(batch_.connection, account, ids));
      for (const Share& share : shares_) {
        if (share.key.smart_account_id != account) continue;
        const auto time = times.find(share.key.consumer_id);
        share.position->timeline.NoteAcknowledged(time == times.end() ? 0 : time->second);
      }
    }
    return absl::OkStatus();
  }

  // A member of an HA set at home elsewhere had a pool there before the set was known; it has one too
  // when the set was known first.
  void TouchPoolsAtHome(const Share& share) {
    for (const DecodedReport* report : share.reports) {
      const int64_t home = batch_.instances.at(report->source.product_instance_id).virtual_account_id;
      const bool supersedes = report->stored->outcome == StoredOutcome::kSuperseding;
      if (home == share.position->virtual_account_id || !(report->has_counted || supersedes)) continue;
      batch_.books.TouchPool({share.key.smart_account_id, home, share.key.tag_id});
    }
  }

  void NoteFindings(Share& share, bool had_gap) {
    const auto key = [&](FindingKind kind) {
      return FindingKey{share.key.smart_account_id, share.key.consumer_id, share.key.tag_id, kind};
    };
    const absl::Time seen_at = share.reports.back()->stored->received_at;
    NoteGap(share, had_gap, key(FindingKind::kGap), seen_at);
    NoteSuspects(share, key(FindingKind::kClockSuspect));
  }

  void NoteGap(const Share& share, bool had_gap, const FindingKey& key, absl::Time seen_at) {
    const bool has_gap = batch_.HasGap(*share.position);
    if (has_gap == had_gap) return;
    if (!has_gap) {
      batch_.findings.Resolve(key, seen_at);
      return;
    }
    const std::vector<CoverageHole> holes =
        share.position->timeline.coverage().Holes(batch_.terms.gap_after_s);
    const auto gap =
        std::find_if(holes.rbegin(), holes.rend(), [](const CoverageHole& hole) { return !hole.explained; });
    const auto text = [](int64_t time_s) {
      return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time_s), absl::UTCTimeZone());
    };
    batch_.findings.Raise(
        key, seen_at, absl::StrCat("nothing reported from ", text(gap->start_s), " to ", text(gap->end_s)));
  }

  // Open while a suspect is the last thing that arrived.
  void NoteSuspects(Share& share, const FindingKey& key) {
    const absl::Time seen_at = share.reports.back()->stored->received_at;
    const bool arrived = share.reports.back()->has_suspect;
    const bool any = std::any_of(share.reports.begin(), share.reports.end(),
                                 [](const DecodedReport* report) { return report->has_suspect; });
    if (any) {
      batch_.findings.Raise(key, seen_at, kClockSuspectDetail);
    }
    if (!arrived && (any || share.position->suspect_arrived)) {
      batch_.findings.Resolve(key, seen_at);
    }
    share.position->suspect_arrived = arrived;
  }

  const DecodedReports& decoded_;
  BatchContext& batch_;
  std::vector<Share> shares_;
  std::vector<UsageMovement> movements_;
  // Consumers, by Smart Account, with movements from before they were moved.
  std::map<int64_t, std::set<int64_t>> moved_since_;
};

}  // namespace

absl::Status BookUsage(const DecodedReports& decoded, BatchContext& batch) {
  return Booking(decoded, batch).Run();
}

}  // namespace quartermaster::ledger
