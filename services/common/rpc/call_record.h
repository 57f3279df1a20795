// What is kept of every call that a server of this process takes: metrics, and a log line where it is
// worth one.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_CALL_RECORD_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_CALL_RECORD_H_

#include <grpcpp/support/status.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster::rpc {

// The series of one method. Thread-safe.
class MethodSeries {
 public:
  MethodSeries(metrics::Registry* registry, std::string_view listener, std::string_view method,
               bool log_requests);

  void Started() { in_flight_.Increment(); }
  void Finished(int code, double seconds);

  std::string_view method() const { return method_; }
  // "ingest" of "/quartermaster.ingest.v1.UsageService/SubmitReports"; empty for others' methods.
  std::string_view service() const { return service_; }
  bool log_requests() const { return log_requests_; }

 private:
  static constexpr int kCodes = 17;  // canonical codes 0 to 16

  metrics::Counter& CounterOf(int code);

  metrics::Registry* const registry_;
  const std::string listener_;
  const std::string method_;
  const std::string_view service_;  // into method_
  const bool log_requests_;
  metrics::Histogram& seconds_;
  metrics::Gauge& in_flight_;
  std::array<std::atomic<metrics::Counter*>, kCodes> by_code_{};
};

// Whether "/package.Service/Method" is a method of a service that is linked into this binary.
bool IsKnownMethod(std::string_view method);

// The series of one listener, made as methods are called. Thread-safe.
class ListenerSeries {
 public:
  // With `log_requests` every call has a line, else those that failed by the server's fault or took
  // long. `registry` outlives this.
  ListenerSeries(metrics::Registry* registry, std::string_view listener, bool log_requests)
      : registry_(registry), listener_(listener), log_requests_(log_requests) {}

  // Methods that nobody here serves share one: their names come from callers, and a label never does.
  MethodSeries* Of(std::string_view method);

 private:
  metrics::Registry* const registry_;
  const std::string listener_;
  const bool log_requests_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<MethodSeries>> series_ ABSL_GUARDED_BY(mutex_);
};

// One call. Not thread-safe.
class CallRecord {
 public:
  explicit CallRecord(MethodSeries* series) : series_(series), started_(std::chrono::steady_clock::now()) {
    series_->Started();
  }
  CallRecord(const CallRecord&) = delete;
  CallRecord& operator=(const CallRecord&) = delete;
  // A call that broke off before its handler gave a status ends here.
  ~CallRecord() {
    if (!finished_) series_->Finished(grpc::CANCELLED, Seconds());
  }

  // The first counts.
  void Finish(const grpc::Status& status, std::string_view request_id);

 private:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }

  MethodSeries* const series_;
  const std::chrono::steady_clock::time_point started_;
  bool finished_ = false;
};

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_CALL_RECORD_H_
