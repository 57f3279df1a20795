// Metrics for Prometheus. A metric is declared once, at namespace scope of the file that uses it,
// with name, help and label names; a series is fetched once per label combination and kept:
//
//   const metrics::CounterSpec kReports = metrics::DeclareCounter(
//       "quartermaster_ingest_reports_total", "Reports answered.", {"outcome"});
//   …
//   accepted_ = &registry.Get(kReports, {"accepted"});   // in a constructor
//   accepted_->Increment();                              // on the hot path: one atomic add
//
// Names are quartermaster_<service>_<what>[_<unit>][_total]; units are seconds and bytes. Label
// values come from closed sets (outcomes, error ids, method names), never from input. Every
// declaration is listed in docs/reference/metrics.md; a test compares them.
#ifndef QUARTERMASTER_SERVICES_COMMON_METRICS_METRICS_H_
#define QUARTERMASTER_SERVICES_COMMON_METRICS_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quartermaster::metrics {

// Thread-safe; Increment, Set and Observe cost well under a microsecond.
using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;

enum class Type { kCounter, kGauge, kHistogram };
std::string_view TypeName(Type type);  // "counter", "gauge", "histogram"

struct Declaration {
  const char* name;
  Type type;
  const char* help;
  std::vector<const char*> labels;
  std::vector<double> buckets;  // upper bounds; histograms only
};

// Specs are declarations with the type in the type system.
struct CounterSpec {
  const Declaration* declaration;
};
struct GaugeSpec {
  const Declaration* declaration;
};
struct HistogramSpec {
  const Declaration* declaration;
};

// At static initialisation only. A name that is declared twice, or is not of the documented form,
// ends the process with a message.
CounterSpec DeclareCounter(const char* name, const char* help,
                           std::initializer_list<const char*> labels = {});
GaugeSpec DeclareGauge(const char* name, const char* help, std::initializer_list<const char*> labels = {});
HistogramSpec DeclareHistogram(const char* name, const char* help, std::vector<double> buckets,
                               std::initializer_list<const char*> labels = {});

// From 100 us to 10 s, for latencies of calls and transactions.
std::vector<double> LatencyBuckets();
// Powers of four from 1 to 65,536, for batch sizes.
std::vector<double> SizeBuckets();

// Everything declared in this binary, sorted by name.
std::vector<Declaration> AllDeclarations();

// Undoes Registry::OnCollect when it is destroyed (waiting for a collection under way).
class CollectHook {
 public:
  CollectHook() = default;
  explicit CollectHook(std::shared_ptr<void> handle) : handle_(std::move(handle)) {}

 private:
  std::shared_ptr<void> handle_;
};

// All series of a process. Thread-safe.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The series with these label values, in the order of the declaration; made at the first call.
  // The reference lives as long as the registry. Takes a lock: not for hot paths.
  Counter& Get(const CounterSpec& spec, std::initializer_list<std::string_view> label_values = {});
  Gauge& Get(const GaugeSpec& spec, std::initializer_list<std::string_view> label_values = {});
  Histogram& Get(const HistogramSpec& spec, std::initializer_list<std::string_view> label_values = {});

  // `set_gauges` runs before every exposition, for figures that are read rather than counted.
  // It must be quick (no database call) and must not call OnCollect or Exposition.
  [[nodiscard]] CollectHook OnCollect(std::function<void()> set_gauges);

  // Prometheus text format 0.0.4.
  std::string Exposition() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace quartermaster::metrics

#endif  // QUARTERMASTER_SERVICES_COMMON_METRICS_METRICS_H_
