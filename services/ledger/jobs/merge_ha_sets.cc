#include "services/ledger/jobs/merge_ha_sets.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ha_sets.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/authorized_usage.h"
#include "services/ledger/storage/ha_claim_store.h"

namespace quartermaster::ledger {
namespace {

// Of the UDIs, whatever their order and roles; never 0.
uint64_t Fingerprint(std::span<const usage::DigestHaMember> members) {
  uint64_t sum = 1;
  for (const usage::DigestHaMember& member : members) {
    sum += absl::Hash<std::pair<std::string_view, std::string_view>>()(
        {member.product_id, member.serial_number});
  }
  return sum == 0 ? 1 : sum;
}

UdiText UdiOf(const usage::DigestHaMember& member) { return {member.product_id, member.serial_number}; }

// What the instances of one Smart Account say of each other in this batch.
class AccountClaims {
 public:
  AccountClaims(int64_t smart_account_id, BatchContext& batch)
      : smart_account_id_(smart_account_id), batch_(batch) {}

  void Add(const DecodedReport& report) { reports_.push_back(&report); }

  absl::Status Settle() {
    ASSIGN_OR_RETURN(const auto mutual, KeepClaims());
    if (!mutual.empty()) {
      RETURN_IF_ERROR(LoadSets(mutual));
      for (const auto& [claimer, named] : mutual) Join(claimer, named);
      for (const HaSet& set : sets_.Changed()) RETURN_IF_ERROR(Merge(set));
    }
    RememberFingerprints();
    return absl::OkStatus();
  }

 private:
  using Pairs = std::vector<std::pair<int64_t, int64_t>>;

  // Returns which of the claims that are new are mutual now; the others were settled when they came.
  absl::StatusOr<Pairs> KeepClaims() {
    std::set<HaClaim> claims;
    for (const DecodedReport* report : reports_) {
      for (const usage::DigestHaMember& member : report->ha_members) {
        claims.insert({report->source.product_instance_id, UdiOf(member)});
      }
    }
    ASSIGN_OR_RETURN(const std::vector<HaClaim> added,
                     InsertHaClaims(batch_.connection, smart_account_id_, {claims.begin(), claims.end()}));
    if (added.empty()) return Pairs();
    return FindMutualClaims(batch_.connection, smart_account_id_, added);
  }

  // All members of every set that is touched.
  absl::Status LoadSets(const Pairs& mutual) {
    std::vector<InstanceKey> keys;
    for (const auto& [claimer, named] : mutual) {
      keys.push_back({smart_account_id_, claimer});
      keys.push_back({smart_account_id_, named});
    }
    ASSIGN_OR_RETURN(const std::vector<InstanceRow> named, FindInstancesById(batch_.connection, keys));
    std::set<int64_t> leads;
    for (const InstanceRow& row : named) leads.insert(row.lead_id);
    ASSIGN_OR_RETURN(const std::vector<InstanceRow> rows,
                     FindHaMembers(batch_.connection, smart_account_id_,
                                   std::vector<int64_t>(leads.begin(), leads.end())));
    for (const InstanceRow& row : rows) {
      rows_by_id_.emplace(row.product_instance_id, row);
      sets_.Add({.product_instance_id = row.product_instance_id,
                 .udi_pid = row.udi.product_id,
                 .udi_sn = row.udi.serial_number,
                 .lead_id = row.lead_id});
    }
    return absl::OkStatus();
  }

  void Join(int64_t claimer, int64_t named) {
    if (sets_.Join(claimer, named)) return;
    const UdiText& udi = rows_by_id_.at(named).udi;
    batch_.findings.Raise(
        {smart_account_id_, claimer, 0, FindingKind::kHaSetTooLarge}, batch_.terms.now,
        absl::StrCat("ha_udi: got ", udi.product_id, " ", udi.serial_number,
                     " as a further member, want at most ", kHaSetMembersMax, "; booked without it"));
  }

  absl::Status Merge(const HaSet& set) {
    RETURN_IF_ERROR(SetLead(batch_.connection, smart_account_id_, set.lead_id, set.members));
    const int64_t home = rows_by_id_.at(set.lead_id).virtual_account_id;
    for (const int64_t member : set.members) {
      Instance instance{.product_instance_id = member,
                        .virtual_account_id = rows_by_id_.at(member).virtual_account_id,
                        .lead_id = set.lead_id,
                        .consumer_virtual_account_id = home,
                        .consumer_home_since_s = rows_by_id_.at(set.lead_id).home_since_s};
      batch_.directory.Remember(instance);
      if (const auto known = batch_.instances.find(member); known != batch_.instances.end()) {
        known->second = instance;
      }
    }
    RETURN_IF_ERROR(MergeAuthorized(set));
    return MergePositions(set, home);
  }

  absl::Status MergeAuthorized(const HaSet& set) {
    ASSIGN_OR_RETURN(
        const std::vector<PositionKey> moved,
        MoveAuthorizedUsage(batch_.connection, smart_account_id_, set.lead_id, set.leads_before));
    for (const PositionKey& consumer : moved) batch_.books.TouchAuthorized(consumer);
    return absl::OkStatus();
  }

  absl::Status MergePositions(const HaSet& set, int64_t home) {
    ASSIGN_OR_RETURN(std::vector<StoredPosition> positions,
                     LoadPositionsOfConsumers(batch_.connection, smart_account_id_, set.leads_before));
    std::map<int32_t, std::vector<StoredPosition*>> by_tag;
    std::vector<StoredPosition*> all;
    for (StoredPosition& position : positions) {
      by_tag[position.key.tag_id].push_back(&position);
      all.push_back(&position);
    }
    RETURN_IF_ERROR(LoadChunks(batch_.connection, all));
    std::vector<int64_t> consumers = set.leads_before;
    consumers.push_back(set.lead_id);
    RETURN_IF_ERROR(batch_.books.LearnFormerHomes(batch_.connection, smart_account_id_, consumers));
    ASSIGN_OR_RETURN(const auto acknowledged,
                     LastAcknowledged(batch_.connection, smart_account_id_, {&set.lead_id, 1}));
    acknowledged_s_ = acknowledged.empty() ? 0 : acknowledged.at(set.lead_id);
    for (const auto& [tag_id, parts] : by_tag) RETURN_IF_ERROR(MergeTag(set, home, tag_id, parts));
    return absl::OkStatus();
  }

  absl::Status MergeTag(const HaSet& set, int64_t home, int32_t tag_id,
                        std::span<StoredPosition* const> parts) {
    const UnverifiablePolicy& policy = batch_.policies.at(smart_account_id_);
    StoredPosition merged{.key = {smart_account_id_, set.lead_id, tag_id},
                          .virtual_account_id = home,
                          .suspect_arrived = false,
                          .timeline = UsageTimeline(set.lead_id)};
    UsageSteps posted;
    // The lead's own row is continued, so that its chunks are.
    for (const StoredPosition* part : parts) {
      if (part->key.consumer_id != set.lead_id) continue;
      merged.timeline = part->timeline;
      posted = part->timeline.PostedSteps(policy);
    }
    const bool had_gap = batch_.HasGap(merged);
    bool whole = merged.timeline.SetMembers(set.members);
    for (const StoredPosition* part : parts) {
      merged.suspect_arrived |= part->suspect_arrived;
      if (part->key.consumer_id == set.lead_id) continue;
      whole = whole && merged.timeline.Absorb(part->timeline);
      Post(*part, Difference(part->timeline.PostedSteps(policy), {}));
      Retire(part->key);
    }
    if (!whole) return PositionUnreadable(set.lead_id, tag_id);
    Post(merged, Difference(posted, merged.timeline.Settle(policy)));
    merged.timeline.NoteAcknowledged(acknowledged_s_);
    NoteFindings(merged, had_gap);
    batch_.positions.MarkChanged(batch_.positions.Put(std::move(merged)));
    return absl::OkStatus();
  }

  // What the members were found to have is the set's now, or is cured by what the others report.
  void NoteFindings(const StoredPosition& merged, bool lead_had_gap) {
    const FindingKey gap{smart_account_id_, merged.key.consumer_id, merged.key.tag_id, FindingKind::kGap};
    if (batch_.HasGap(merged)) {
      batch_.findings.Raise(gap, batch_.terms.now, "a gap in what the members of the HA set report");
    } else if (lead_had_gap) {
      batch_.findings.Resolve(gap, batch_.terms.now);
    }
    if (!merged.suspect_arrived) return;
    batch_.findings.Raise(
        {smart_account_id_, merged.key.consumer_id, merged.key.tag_id, FindingKind::kClockSuspect},
        batch_.terms.now, kClockSuspectDetail);
  }

  void Post(const StoredPosition& position, const std::vector<UsageDelta>& deltas) {
    batch_.books.TouchPool({smart_account_id_, position.virtual_account_id, position.key.tag_id});
    for (const UsageDelta& delta : deltas) {
      batch_.books.Add({.smart_account_id = smart_account_id_,
                        .virtual_account_id = position.virtual_account_id,
                        .consumer_id = position.key.consumer_id,
                        .tag_id = position.key.tag_id,
                        .effective_s = delta.effective_s,
                        .quantity = delta.quantity,
                        .cause_change_id = reports_.front()->stored->change_id,
                        .cause_place = reports_.front()->stored->place});
    }
  }

  // A consumer that is no longer one keeps no position, and its findings go over to the lead.
  void Retire(const PositionKey& key) {
    batch_.positions.Remove(key);
    for (const FindingKind kind : {FindingKind::kGap, FindingKind::kClockSuspect}) {
      batch_.findings.Resolve({key.smart_account_id, key.consumer_id, key.tag_id, kind}, batch_.terms.now);
    }
  }

  void RememberFingerprints() {
    for (const DecodedReport* claim : reports_) {
      Instance& sender = batch_.instances.at(claim->source.product_instance_id);
      sender.ha_fingerprint = Fingerprint(claim->ha_members);
      batch_.directory.Remember(sender);
    }
  }

  const int64_t smart_account_id_;
  BatchContext& batch_;
  std::vector<const DecodedReport*> reports_;
  std::map<int64_t, InstanceRow> rows_by_id_;
  HaSets sets_;
  // Of the set that is being merged, Unix seconds.
  int64_t acknowledged_s_ = 0;
};

}  // namespace

absl::Status MergeHaSets(std::span<const DecodedReport> reports, BatchContext& batch) {
  std::map<int64_t, AccountClaims> by_account;
  std::set<std::pair<int64_t, uint64_t>> seen;
  for (const DecodedReport& report : reports) {
    if (report.ha_members.empty()) continue;
    const Instance& sender = batch.instances.at(report.source.product_instance_id);
    const int64_t account = report.stored->smart_account_id;
    if (report.unverifiable() &&
        !batch.policies.at(account).CountsAt(absl::ToUnixSeconds(report.stored->received_at))) {
      continue;
    }
    const uint64_t fingerprint = Fingerprint(report.ha_members);
    if (fingerprint == sender.ha_fingerprint ||
        !seen.emplace(sender.product_instance_id, fingerprint).second) {
      continue;
    }
    by_account.try_emplace(account, account, batch).first->second.Add(report);
  }
  for (auto& [account, claims] : by_account) RETURN_IF_ERROR(claims.Settle());
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
