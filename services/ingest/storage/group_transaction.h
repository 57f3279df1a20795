// One transaction that stores a group of submissions: the heart of ingest.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_TRANSACTION_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_TRANSACTION_H_

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ingest/storage/commit_group.h"
#include "services/ingest/storage/pending_report.h"
#include "services/ingest/storage/source_cache.h"

namespace quartermaster::ingest {

// Guesses whether the next group is all new, from the groups before it. Thread-safe.
class NewReportsGuess {
 public:
  // A wrong guess costs a second attempt, so only for groups that gain from it, after a few like it.
  bool AllNew(int64_t reports) const { return reports >= kReportsMin && streak_ >= kStreakMin; }
  void Note(bool all_new) {
    if (!all_new) {
      streak_ = 0;
    } else if (streak_ < kStreakMin) {
      ++streak_;
    }
  }

 private:
  static constexpr int64_t kReportsMin = 100;
  static constexpr int kStreakMin = 4;
  std::atomic<int> streak_ = 0;
};

// What a group left behind, for metrics.
struct GroupOutcome {
  int64_t reports_stored = 0;
  int64_t body_bytes = 0;
};

// Stores `submissions` as received at `received_at` (whole microseconds) and fills their answers and
// poll ids. OK: committed, on the synchronous standby too where there is one; also what was there
// already and is only answered. On
// any error nothing was stored by this attempt, with one exception: pg.commit_in_doubt, after which
// the reports remember the names under which they may have been stored, and the same call (on a new
// connection) finds out. Answers are meaningless after an error.
//
// Safe to run at the same time by any number of workers and replicas.
absl::Status RunGroupTransaction(pg::RawConnection& connection, int32_t incarnation, SourceCache& cache,
                                 NewReportsGuess& guess, absl::Time received_at,
                                 std::span<Submission* const> submissions, GroupOutcome& outcome);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_TRANSACTION_H_
