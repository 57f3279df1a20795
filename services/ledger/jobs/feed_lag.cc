#include "services/ledger/jobs/feed_lag.h"

#include <algorithm>

#include "services/ledger/storage/feed_state.h"

namespace quartermaster::ledger {
namespace {

const metrics::GaugeSpec kLagSeconds =
    metrics::DeclareGauge("quartermaster_ledger_apply_lag_seconds",
                          "Age of the oldest change of ingest's feed that is not applied, whether it can "
                          "be read yet or not; 0 when all are.");
const metrics::GaugeSpec kHorizonSeconds =
    metrics::DeclareGauge("quartermaster_ledger_feed_horizon_seconds",
                          "For how long one open transaction has kept newer changes of the feeds from "
                          "being read, as far as this process saw it; 0 when none does.");

}  // namespace

FeedLag::FeedLag(metrics::Registry& metrics, absl::Duration interval)
    : lag_seconds_(metrics.Get(kLagSeconds)),
      horizon_seconds_(metrics.Get(kHorizonSeconds)),
      interval_(interval) {}

void FeedLag::Note(pg::RawConnection& connection, const Clock& clock) {
  const absl::Time now = absl::Now();
  if (now < looked_at_ + interval_) return;
  looked_at_ = now;
  const absl::StatusOr<FeedState> state = ReadFeedState(connection);
  if (!state.ok()) return;
  const auto& oldest = state->oldest_unapplied;
  lag_seconds_.Set(oldest.has_value() ? std::max(0.0, absl::ToDoubleSeconds(clock.Now() - *oldest)) : 0);
  if (state->holding_xid != holding_xid_) {
    holding_xid_ = state->holding_xid;
    holding_since_ = now;
  }
  horizon_seconds_.Set(holding_xid_.has_value() ? absl::ToDoubleSeconds(now - holding_since_) : 0);
}

}  // namespace quartermaster::ledger
