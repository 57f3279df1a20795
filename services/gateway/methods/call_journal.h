// What is written down of every call that comes through the front door: metrics, and a line in the
// log. Never a secret, never a body.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_METHODS_CALL_JOURNAL_H_
#define QUARTERMASTER_SERVICES_GATEWAY_METHODS_CALL_JOURNAL_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/metrics/metrics.h"
#include "services/gateway/domain/request_budget.h"
#include "services/gateway/methods/method_directory.h"

namespace quartermaster::gateway {

enum class Listener { kGrpc, kRest };

struct CallRecord {
  Listener listener = Listener::kGrpc;
  // Null when the call named none that exists.
  const Method* method = nullptr;
  absl::StatusCode code = absl::StatusCode::kOk;
  // Error id when the gateway itself refused the call, else empty.
  std::string_view refusal;
  std::string_view request_id;
  // Client id; empty when it is not known.
  std::string_view actor;
  std::string_view peer;
  absl::Duration took;
};

// Thread-safe.
class CallJournal {
 public:
  // With `log_requests` every call has a line, else only those that the gateway refused and those
  // that failed with INTERNAL or UNKNOWN; of the refused ones at most 20 a second, so that nobody
  // fills the disk by knocking. `directory` and `registry` outlive the journal.
  CallJournal(const MethodDirectory& directory, metrics::Registry& registry, bool log_requests);

  // Costs about a microsecond when nothing is logged.
  void Write(const CallRecord& record);

  bool logs_every_call() const { return log_requests_; }

  // Brackets a call, for the gauge of calls in flight.
  void CallStarted(Listener listener);
  void CallEnded(Listener listener);

 private:
  static constexpr int kCodes = 17;
  // Series of one (listener, method); unknown methods share the last one.
  struct Series {
    std::array<std::atomic<metrics::Counter*>, kCodes> by_code{};
    metrics::Histogram* seconds = nullptr;
    std::string_view method;
  };

  metrics::Counter& CounterOf(Series& series, Listener listener, absl::StatusCode code);
  bool MayLogRefusal();
  void Log(const CallRecord& record, std::string_view method);

  metrics::Registry& registry_;
  const bool log_requests_;
  std::array<std::unique_ptr<Series[]>, 2> series_;
  const size_t unknown_method_;
  std::array<metrics::Gauge*, 2> in_flight_{};
  RequestBudget refusal_lines_{20, 100};
  std::atomic<int64_t> lines_left_out_{0};
};

std::string_view ListenerName(Listener listener);  // "grpc", "rest"

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_METHODS_CALL_JOURNAL_H_
