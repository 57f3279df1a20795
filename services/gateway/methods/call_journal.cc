#include "services/gateway/methods/call_journal.h"

#include <string>

#include "absl/strings/ascii.h"
#include "services/common/log/log.h"
#include "services/gateway/domain/monotonic_time.h"

namespace quartermaster::gateway {
namespace {

const metrics::CounterSpec kCalls = metrics::DeclareCounter(
    "quartermaster_gateway_calls_total",
    "Calls from outside that ended, by listener, method and canonical code.", {"listener", "method", "code"});
const metrics::HistogramSpec kSeconds = metrics::DeclareHistogram(
    "quartermaster_gateway_call_seconds", "From the arrival of a call to its answer.",
    metrics::LatencyBuckets(), {"listener", "method"});
const metrics::GaugeSpec kInFlight = metrics::DeclareGauge(
    "quartermaster_gateway_calls_in_flight", "Calls from outside that are not answered yet.", {"listener"});
const metrics::CounterSpec kRefused =
    metrics::DeclareCounter("quartermaster_gateway_refused_total",
                            "Calls that the gateway itself refused, by error id.", {"listener", "reason"});

std::string CodeName(absl::StatusCode code) { return absl::AsciiStrToLower(absl::StatusCodeToString(code)); }

}  // namespace

std::string_view ListenerName(Listener listener) { return listener == Listener::kGrpc ? "grpc" : "rest"; }

CallJournal::CallJournal(const MethodDirectory& directory, metrics::Registry& registry, bool log_requests)
    : registry_(registry), log_requests_(log_requests), unknown_method_(directory.methods().size()) {
  for (const Listener listener : {Listener::kGrpc, Listener::kRest}) {
    const size_t place = static_cast<size_t>(listener);
    series_[place] = std::make_unique<Series[]>(unknown_method_ + 1);
    for (const Method& method : directory.methods()) {
      series_[place][method.index].method = method.name;
    }
    series_[place][unknown_method_].method = "unknown";
    for (size_t i = 0; i <= unknown_method_; ++i) {
      Series& series = series_[place][i];
      series.seconds = &registry.Get(kSeconds, {ListenerName(listener), series.method});
    }
    in_flight_[place] = &registry.Get(kInFlight, {ListenerName(listener)});
  }
}

metrics::Counter& CallJournal::CounterOf(Series& series, Listener listener, absl::StatusCode code) {
  const size_t place = static_cast<size_t>(code) < kCodes ? static_cast<size_t>(code) : 2;
  metrics::Counter* counter = series.by_code[place].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &registry_.Get(kCalls, {ListenerName(listener), series.method, CodeName(code)});
    series.by_code[place].store(counter, std::memory_order_release);
  }
  return *counter;
}

void CallJournal::Write(const CallRecord& record) {
  Series& series = series_[static_cast<size_t>(record.listener)]
                          [record.method == nullptr ? unknown_method_ : record.method->index];
  CounterOf(series, record.listener, record.code).Increment();
  series.seconds->Observe(absl::ToDoubleSeconds(record.took));
  if (!record.refusal.empty()) {
    registry_.Get(kRefused, {ListenerName(record.listener), record.refusal}).Increment();
  }
  const bool failed = record.code == absl::StatusCode::kInternal || record.code == absl::StatusCode::kUnknown;
  if (log_requests_ || failed || (!record.refusal.empty() && MayLogRefusal())) {
    Log(record, series.method);
  }
}

bool CallJournal::MayLogRefusal() {
  if (refusal_lines_.Take(MonotonicNs()) == absl::ZeroDuration()) return true;
  lines_left_out_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void CallJournal::Log(const CallRecord& record, std::string_view method) {
  const auto level = record.code == absl::StatusCode::kOk ? log::Level::kInfo : log::Level::kWarning;
  if (!log::Enabled(level)) return;
  const std::string code = CodeName(record.code);
  const int64_t left_out = lines_left_out_.exchange(0, std::memory_order_relaxed);
  if (left_out > 0) log::Warning("refused calls without a line", {{"calls", left_out}});
  const log::RequestScope request(record.request_id);
  const log::Fields fields = {{"listener", ListenerName(record.listener)},
                              {"method", method},
                              {"code", code},
                              {"refusal", record.refusal},
                              {"actor", record.actor},
                              {"peer", record.peer},
                              {"took_s", record.took}};
  if (level == log::Level::kInfo) {
    log::Info("call", fields);
  } else {
    log::Warning("call", fields);
  }
}

void CallJournal::CallStarted(Listener listener) { in_flight_[static_cast<size_t>(listener)]->Increment(); }
void CallJournal::CallEnded(Listener listener) { in_flight_[static_cast<size_t>(listener)]->Decrement(); }

}  // namespace quartermaster::gateway
