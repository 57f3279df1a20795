// Exports how far the books are behind ingest's feed, and for how long an open transaction has kept the
// feeds from being read.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_FEED_LAG_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_FEED_LAG_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

// Not thread-safe.
class FeedLag {
 public:
  // Looks once in `interval` at most.
  FeedLag(metrics::Registry& metrics, absl::Duration interval);

  // Outside of any transaction. When the database does not answer, what was exported stays.
  void Note(pg::RawConnection& connection, const Clock& clock);

 private:
  metrics::Gauge& lag_seconds_;
  metrics::Gauge& horizon_seconds_;
  const absl::Duration interval_;
  // By the machine's clock.
  absl::Time looked_at_ = absl::InfinitePast();
  std::optional<uint64_t> holding_xid_;
  absl::Time holding_since_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_FEED_LAG_H_
