#include "services/common/rpc/call_record.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::rpc {
namespace {

const metrics::CounterSpec kCalls =
    metrics::DeclareCounter("quartermaster_rpc_calls_total", "Calls that a server of this process finished.",
                            {"listener", "method", "code"});
const metrics::HistogramSpec kCallSeconds = metrics::DeclareHistogram(
    "quartermaster_rpc_call_seconds", "Time from the arrival of a call to its status.",
    metrics::LatencyBuckets(), {"listener", "method"});
const metrics::GaugeSpec kInFlight = metrics::DeclareGauge(
    "quartermaster_rpc_calls_in_flight", "Calls that are being handled.", {"listener", "method"});

constexpr char kOtherMethod[] = "other";
// A call that took longer than this is worth a line even when it succeeded.
constexpr double kSlowSeconds = 5;

std::string CodeLabel(int code) {
  return absl::AsciiStrToLower(absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
}

std::string_view ServiceOfMethod(std::string_view method) {
  constexpr std::string_view kPrefix = "/quartermaster.";
  if (!method.starts_with(kPrefix)) return {};
  method.remove_prefix(kPrefix.size());
  return method.substr(0, method.find('.'));
}

bool IsServersFault(int code) {
  return code == grpc::UNKNOWN || code == grpc::INTERNAL || code == grpc::DATA_LOSS;
}

void Log(const MethodSeries& series, const grpc::Status& status, double seconds,
         std::string_view request_id) {
  const log::RequestScope request(request_id);
  const log::ServiceScope service(series.service());
  if (IsServersFault(status.error_code())) {
    const absl::Status error = FromGrpc(status);
    log::Error("call failed", {{"method", series.method()},
                               {"reason", errors::ErrorId(error)},
                               {"error", status.error_message()},
                               {"seconds", seconds}});
  } else {
    log::Info("call",
              {{"method", series.method()}, {"code", CodeLabel(status.error_code())}, {"seconds", seconds}});
  }
}

}  // namespace

bool IsKnownMethod(std::string_view method) {
  if (method == "/grpc.health.v1.Health/Check" || method == "/grpc.health.v1.Health/Watch") {
    return true;  // gRPC's own, without a descriptor
  }
  std::string name(method.substr(std::min<size_t>(1, method.size())));
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return false;
  name[slash] = '.';
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name) != nullptr;
}

MethodSeries::MethodSeries(metrics::Registry* registry, std::string_view listener, std::string_view method,
                           bool log_requests)
    : registry_(registry),
      listener_(listener),
      method_(method),
      service_(ServiceOfMethod(method_)),
      log_requests_(log_requests),
      seconds_(registry->Get(kCallSeconds, {listener, method})),
      in_flight_(registry->Get(kInFlight, {listener, method})) {}

void MethodSeries::Finished(int code, double seconds) {
  in_flight_.Decrement();
  seconds_.Observe(seconds);
  CounterOf(code < 0 || code >= kCodes ? static_cast<int>(grpc::UNKNOWN) : code).Increment();
}

// Most codes never occur for most methods; their series are made when they do.
metrics::Counter& MethodSeries::CounterOf(int code) {
  metrics::Counter* counter = by_code_[code].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &registry_->Get(kCalls, {listener_, method_, CodeLabel(code)});
    by_code_[code].store(counter, std::memory_order_release);
  }
  return *counter;
}

MethodSeries* ListenerSeries::Of(std::string_view method) {
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = series_.find(absl::string_view(method.data(), method.size()));
    if (found != series_.end()) return found->second.get();
  }
  const std::string key(IsKnownMethod(method) ? method : kOtherMethod);
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<MethodSeries>& series = series_[key];
  if (series == nullptr) series = std::make_unique<MethodSeries>(registry_, listener_, key, log_requests_);
  return series.get();
}

void CallRecord::Finish(const grpc::Status& status, std::string_view request_id) {
  if (finished_) return;
  finished_ = true;
  const double seconds = Seconds();
  const int code = status.error_code();
  series_->Finished(code, seconds);
  if (series_->log_requests() || IsServersFault(code) || seconds > kSlowSeconds) {
    Log(*series_, status, seconds, request_id);
  }
}

}  // namespace quartermaster::rpc
