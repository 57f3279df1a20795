// All measurements of one consumer (product instance or HA set) and tag, as a set: position, in-use
// figure at any date, coverage and gaps are functions of it, so reports may arrive in any order,
// split and repeated, and give the same books.
//
// The newest points are kept at hand ("head", usage_positions.points), older ones in chunks
// (usage_timeline_chunks) that are loaded only when a report reaches behind the head: ask
// NeedsChunks() before Apply(). Pure; not thread-safe.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_TIMELINE_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_TIMELINE_H_

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/common/usage/measurement.h"
#include "services/ledger/domain/coverage.h"
#include "services/ledger/domain/unverifiable_policy.h"
#include "services/ledger/domain/usage_point.h"
#include "services/ledger/domain/usage_steps.h"

namespace quartermaster::ledger {

// A report as a timeline takes it.
struct UsageReport {
  int64_t report_id = 0;
  int64_t received_s = 0;
  uint16_t member = 0;  // index into UsageTimeline::members()
  bool unverifiable = false;
  // Replaces an unverifiable report of the same identity.
  bool supersedes = false;
  // Places are positions in here; measurements that are not counted give no point.
  std::span<const Measurement> measurements;
};

// A movement and which of the applied reports caused it (index into the span given to Apply).
struct CausedDelta {
  UsageDelta delta;
  int32_t report = 0;
  bool operator==(const CausedDelta&) const = default;
};

// How the points are cut for storage, in bytes and points. A head is rewritten with every batch, a
// chunk hardly ever; both stay inside one table page.
struct TimelineCut {
  size_t head_bytes_max = 640;
  size_t head_points_kept = 12;
  size_t chunk_bytes_max = 1400;
  // A chunk that grew beyond this is cut anew, with all that follow.
  size_t grown_chunk_bytes_max = 5600;
};

// What the set says in the end; the columns of usage_positions.
struct UsagePosition {
  int64_t in_use = 0;
  // The latest point: the last of the unsuspected ones; the greatest suspect since the last release
  // when none of these is a measurement. Without any point: zeros.
  int64_t latest_end_s = 0;
  int64_t latest_report_id = 0;
  int32_t latest_place = 0;
  // Which member of the HA set reported it.
  int64_t latest_product_instance_id = 0;
  bool clock_suspect = false;
  bool unverifiable = false;
  // The latest point does not count by policy.
  bool not_counted = false;
  bool has_gap = false;
  // Some point, anywhere, is unverifiable: a switch of the policy can move this position.
  bool has_unverifiable = false;
  // Start of the first measurement with a count above 0, a suspect's when it was received; 0 = none.
  int64_t first_use_s = 0;
  // End of the last unsuspected measurement whose count differs from the one before; 0 = none.
  int64_t last_change_s = 0;
  // End of the first such measurement after the last acknowledgement, as far as NoteAcknowledged was told
  // of one; 0 = none.
  int64_t open_change_s = 0;
  bool operator==(const UsagePosition&) const = default;
};

class UsageTimeline {
 public:
  // An empty timeline of a consumer that stands alone.
  explicit UsageTimeline(int64_t consumer_id) : members_{consumer_id} {}

  // The stored columns of one row of usage_positions. Views are read during Restore only.
  struct Stored {
    int64_t consumer_id = 0;
    int32_t chunk_count = 0;
    std::string_view points;
    std::string_view coverage;
    UsagePosition position;
  };
  // False when the bytes cannot be read.
  [[nodiscard]] static bool Restore(const Stored& stored, UsageTimeline& timeline);

  // Whether Apply of these reports needs LoadChunks first. `policy` is the account's, whole.
  bool NeedsChunks(std::span<const UsageReport> reports, const UnverifiablePolicy& policy) const;
  // All chunks, oldest first. False when they cannot be read or are not chunk_count many.
  [[nodiscard]] bool LoadChunks(std::span<const std::string_view> chunks);
  bool loaded() const { return loaded_; }

  // Adds reports (superseded ones are removed, repeated ones change nothing), brings the timeline
  // to the whole of `policy`, and returns what must be posted for it.
  std::vector<CausedDelta> Apply(std::span<const UsageReport> reports, const UnverifiablePolicy& policy);

  // To be told after Apply and Settle when the consumer was acknowledged last (Unix seconds, 0 = never):
  // from then on the first change of consumption is an open one.
  void NoteAcknowledged(int64_t acknowledged_s);

  // Ends the use: adds a release at now_s, or at the latest end when that is later. Nothing happens
  // and nothing is returned when nothing is in use. Needs all chunks. In the end 0 are in use.
  std::vector<UsageDelta> Release(int64_t now_s, const UnverifiablePolicy& policy);

  // The members of the HA set by product instance id, in the order of their UDIs; just the consumer
  // when it stands alone. SetMembers keeps who reported what; false, and nothing happens, when the
  // new list lacks an old member. Needs all chunks.
  const std::vector<int64_t>& members() const { return members_; }
  [[nodiscard]] bool SetMembers(std::vector<int64_t> members);
  // Takes over the points of another timeline; false, and nothing happens, when not all its members
  // are among members(). All chunks of both are loaded. Settle afterwards.
  [[nodiscard]] bool Absorb(const UsageTimeline& other);
  // Brings position and step function to the points and the whole of `policy`; returns the latter.
  UsageSteps Settle(const UnverifiablePolicy& policy);

  // The step function by the policy that was posted so far. Needs all chunks.
  UsageSteps PostedSteps(const UnverifiablePolicy& policy) const;

  // Nothing was measured here, and nothing has to be remembered.
  bool empty() const { return points_.empty() && silent_.empty() && chunk_count_ == 0; }
  const UsagePosition& position() const { return position_; }
  const Coverage& coverage() const { return coverage_; }
  std::span<const UsagePoint> points() const { return points_; }

  // The columns to store. First moves the oldest points out of a head that has grown too large.
  // `chunks` receives the chunks that are new or changed since Restore.
  struct Chunk {
    int32_t number = 0;
    std::string points;
  };
  void Store(std::string& head, std::string& coverage, std::vector<Chunk>& chunks,
             const TimelineCut& cut = {});
  int32_t chunk_count() const { return chunk_count_; }

 private:
  // A report: which member's, and its id.
  struct Identity {
    uint16_t member = 0;
    int64_t report_id = 0;
    auto operator<=>(const Identity&) const = default;
  };
  struct NewPoint {
    UsagePoint point;
    int32_t report = 0;
  };
  // What kinds of points there are, anywhere.
  enum Trait : uint8_t { kHasAlwaysCounting = 1, kHasUnverifiable = 2 };

  static std::vector<NewPoint> PointsOf(std::span<const UsageReport> reports);
  // Whether points of the same identity, verified here and unverifiable there, could meet.
  bool MixesVerification(std::span<const UsageReport> reports) const;
  // Index of the point from which on the steps can be recomputed for new points from `first` on
  // without looking further back; -1 when it takes points that are not loaded.
  int64_t WindowStart(const UsagePoint& first, const UnverifiablePolicy& policy) const;
  bool PolicyIsPosted(const UnverifiablePolicy& policy) const;
  bool IsAnchor(const UsagePoint& point, const UnverifiablePolicy& policy) const;
  // Drops unverifiable points whose report is verified too. Whether any old one went.
  bool DropSuperseded(std::span<const UsageReport> reports, std::vector<NewPoint>& added);
  // Keeps the identities of verified reports that took the place of others and measured nothing that
  // counts: no point tells of them.
  void NoteSilent(std::span<const UsageReport> reports);
  void Insert(std::vector<NewPoint>& added);
  void NoteMeasurement(const UsagePoint& point);
  void RebuildFromPoints();
  void UpdatePosition(size_t window, const UnverifiablePolicy& policy, int64_t in_use);
  const UsagePoint* LatestPoint() const;
  // Emits changed chunks; returns the index of the first head point.
  size_t StoreChunks(const TimelineCut& cut, std::vector<Chunk>& chunks);
  size_t CutAnew(int32_t number, size_t begin, const TimelineCut& cut, std::vector<Chunk>& chunks);
  size_t FirstToKeep(size_t head_begin, const TimelineCut& cut) const;
  void Spill(size_t begin, size_t end, const TimelineCut& cut, std::vector<Chunk>& chunks);

  std::vector<int64_t> members_;
  // Sorted. Verified reports without a point whose unverifiable twin may come later.
  std::vector<Identity> silent_;
  // In order. Of the head only, or all when loaded_.
  std::vector<UsagePoint> points_;
  int32_t chunk_count_ = 0;
  bool loaded_ = true;
  // When loaded: the last point of each chunk, and its bytes as stored.
  std::vector<UsagePoint> boundaries_;
  std::vector<std::string> stored_chunks_;
  uint8_t traits_ = 0;
  // How many switches of the policy were posted.
  size_t policy_size_ = 0;
  Coverage coverage_;
  UsagePosition position_;

  // The changes of consumption in the points that were looked at last, for NoteAcknowledged; those up to
  // from_s are as they were.
  struct Changes {
    bool known = false;
    bool whole = false;
    int64_t from_s = 0;
    int64_t last_before_s = 0;
    std::vector<int64_t> ends_s;
  };
  Changes changes_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_TIMELINE_H_
