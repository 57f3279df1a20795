#include "services/ingest/storage/books_pace.h"

#include <algorithm>
#include <utility>

#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {
namespace {

const metrics::CounterSpec kWaitedSeconds =
    metrics::DeclareCounter("quartermaster_ingest_import_waited_for_books_seconds_total",
                            "Time for which imports waited because the books were behind.");

// Nobody waits long for the answer whether to wait.
constexpr absl::Duration kLookTimeMax = absl::Seconds(1);

pg::Options QuickOptions(pg::Options options) {
  options.statement_timeout = kLookTimeMax;
  return options;
}

}  // namespace

BooksPace::BooksPace(pg::Options database, const Clock& clock, metrics::Registry& metrics, Limits limits)
    : limits_(limits),
      clock_(clock),
      waited_seconds_(metrics.Get(kWaitedSeconds)),
      session_(QuickOptions(std::move(database))) {}

void BooksPace::Await(absl::Duration wait_max) {
  const SteadyClock::time_point start = SteadyClock::now();
  const SteadyClock::time_point latest = start + absl::ToChronoNanoseconds(wait_max);
  const auto look_interval = absl::ToChronoNanoseconds(limits_.look_interval);
  while (true) {
    bool look = false;
    {
      absl::MutexLock lock(&mutex_);
      const bool due = !looked_at_.has_value() || SteadyClock::now() - *looked_at_ >= look_interval;
      if (due && !looking_) look = looking_ = true;
    }
    absl::StatusOr<Sight> sight = look ? Look() : Sight();
    absl::MutexLock lock(&mutex_);
    if (look) {
      looking_ = false;
      looked_at_ = SteadyClock::now();
      Judge(sight);
    }
    const SteadyClock::time_point now = SteadyClock::now();
    const absl::Duration pause = std::min(limits_.look_interval, absl::FromChrono(latest - now));
    if (mutex_.AwaitWithTimeout(absl::Condition(this, &BooksPace::IsNear), pause) || now >= latest) break;
  }
  waited_seconds_.Increment(std::chrono::duration<double>(SteadyClock::now() - start).count());
}

void BooksPace::Judge(const absl::StatusOr<Sight>& sight) {
  behind_ = false;
  NoteFailure(sight.status());
  if (!sight.ok()) return;
  const SteadyClock::time_point now = SteadyClock::now();
  if (sight->cursor != cursor_) {
    cursor_ = sight->cursor;
    moved_at_ = now;
  }
  behind_ = clock_.Now() - sight->oldest_unbooked > limits_.behind_max &&
            now - moved_at_ < absl::ToChronoNanoseconds(limits_.standstill);
}

// Once, not at each look.
void BooksPace::NoteFailure(const absl::Status& status) {
  const std::string failure = errors::ErrorId(status);
  if (failure == failure_) return;
  failure_ = failure;
  if (!status.ok())
    log::Warning("imports do not wait for the books: they cannot be asked", {{"error", status}});
}

constexpr char kLook[] = R"(
SELECT concat_ws('/', k.incarnation, k.xid, k.change_id),
       (SELECT c.received_at FROM ingest_changes c
        WHERE (c.incarnation, c.xid, c.change_id) > (k.incarnation, k.xid, k.change_id)
        ORDER BY c.incarnation, c.xid, c.change_id LIMIT 1)
FROM ledger_v1_cursors k WHERE k.consumer = 'apply_reports')";

absl::StatusOr<BooksPace::Sight> BooksPace::Look() {
  ASSIGN_OR_RETURN(pg::RawConnection * connection, session_.Connection());
  ASSIGN_OR_RETURN(const pg::Result rows, connection->Execute(kLook, pg::Params()));
  Sight sight;
  if (rows.rows() == 0) return sight;
  sight.cursor = std::string(rows.Bytes(0, 0));
  if (!rows.IsNull(0, 1)) sight.oldest_unbooked = rows.Time(0, 1);
  return sight;
}

}  // namespace quartermaster::ingest
