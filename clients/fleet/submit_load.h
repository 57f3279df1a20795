// Online load: many product instances that push single reports at the same time.
#ifndef QUARTERMASTER_CLIENTS_FLEET_SUBMIT_LOAD_H_
#define QUARTERMASTER_CLIENTS_FLEET_SUBMIT_LOAD_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/connection/node_connection.h"
#include "clients/fleet/journal.h"
#include "clients/fleet/latency.h"

namespace quartermaster::fleet {

struct LoadOptions {
  std::string smart_account;
  std::string virtual_account;
  // Calls in flight.
  int concurrency = 64;
  // Calls that leave per second, on a schedule that does not wait for answers; 0 = as fast as they
  // are answered. With a rate, latency counts from the scheduled time, so a stall cannot hide.
  double rate = 0;
  // No new report is sent after it; 0 = until there are none left.
  absl::Duration duration = absl::ZeroDuration();
  // Reports of one call.
  int reports_per_call = 1;
  // A call that failed for now is sent again until this long after its first time.
  absl::Duration patience = absl::Seconds(60);
};

struct LoadResult {
  int64_t calls = 0;
  int64_t retries = 0;
  // Calls that were given up, by the error id of their last answer.
  std::map<std::string, int64_t> given_up;
  // Reports by outcome, in the order of ReportResult::Outcome.
  int64_t accepted = 0;
  int64_t duplicate = 0;
  int64_t conflict = 0;
  int64_t rejected = 0;
  absl::Duration elapsed;
  Latency latency;
};

// `next` answers the next document's report ("<RUMReport>…"), an empty view when there is none.
// Runs in the calling thread; async calls over one completion queue. Every answered report is in
// the journal when this returns.
absl::StatusOr<LoadResult> RunSubmitLoad(const client::NodeConnection& node, const LoadOptions& options,
                                         const std::function<std::string_view()>& next, Journal& journal);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_SUBMIT_LOAD_H_
