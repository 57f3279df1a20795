#include "services/common/metrics/metrics.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace quartermaster::metrics {
namespace {

// A deque, so that specs can point into it while it grows.
std::deque<Declaration>& Declarations() {
  static auto* declarations = new std::deque<Declaration>();
  return *declarations;
}

[[noreturn]] void Die(const char* name, const char* why) {
  fprintf(stderr, "metric %s: %s\n", name, why);
  abort();
}

bool IsSnakeCase(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

void CheckDeclaration(const Declaration& declaration) {
  const std::string_view name = declaration.name;
  if (!name.starts_with("quartermaster_") || !IsSnakeCase(name)) {
    Die(declaration.name, "want a snake_case name that starts with quartermaster_");
  }
  if (name.ends_with("_total") != (declaration.type == Type::kCounter)) {
    Die(declaration.name, "counters, and only they, end in _total");
  }
  if (declaration.help[0] == '\0') Die(declaration.name, "want a help text");
  if (declaration.type == Type::kHistogram &&
      (declaration.buckets.empty() ||
       !std::is_sorted(declaration.buckets.begin(), declaration.buckets.end()))) {
    Die(declaration.name, "want rising bucket bounds");
  }
  for (const char* label : declaration.labels) {
    if (!IsSnakeCase(label)) Die(declaration.name, "want snake_case label names");
  }
  for (const Declaration& other : Declarations()) {
    if (name == other.name) Die(declaration.name, "is declared twice");
  }
}

const Declaration* Declare(const char* name, Type type, const char* help,
                           std::initializer_list<const char*> labels, std::vector<double> buckets = {}) {
  Declaration declaration{name, type, help, labels, std::move(buckets)};
  CheckDeclaration(declaration);
  return &Declarations().emplace_back(std::move(declaration));
}

prometheus::Labels ToLabels(const Declaration& declaration, std::initializer_list<std::string_view> values) {
  if (values.size() != declaration.labels.size()) {
    Die(declaration.name, "was asked for with another number of labels than declared");
  }
  prometheus::Labels labels;
  auto name = declaration.labels.begin();
  for (const std::string_view value : values) {
    labels.emplace(*name++, std::string(value));
  }
  return labels;
}

}  // namespace

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      return "histogram";
  }
  return "";
}

CounterSpec DeclareCounter(const char* name, const char* help, std::initializer_list<const char*> labels) {
  return {Declare(name, Type::kCounter, help, labels)};
}

GaugeSpec DeclareGauge(const char* name, const char* help, std::initializer_list<const char*> labels) {
  return {Declare(name, Type::kGauge, help, labels)};
}

HistogramSpec DeclareHistogram(const char* name, const char* help, std::vector<double> buckets,
                               std::initializer_list<const char*> labels) {
  return {Declare(name, Type::kHistogram, help, labels, std::move(buckets))};
}

std::vector<double> LatencyBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> SizeBuckets() { return {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536}; }

std::vector<Declaration> AllDeclarations() {
  std::vector<Declaration> all(Declarations().begin(), Declarations().end());
  std::sort(all.begin(), all.end(),
            [](const Declaration& a, const Declaration& b) { return std::strcmp(a.name, b.name) < 0; });
  return all;
}

struct Registry::State {
  prometheus::Registry registry;
  std::mutex mutex;
  std::map<const Declaration*, void*> families;  // prometheus::Family<…>*, by declaration
  // Held while hooks run, so that a hook that was taken back never runs afterwards.
  std::mutex hooks_mutex;
  std::map<int64_t, std::function<void()>> hooks;
  int64_t next_hook = 0;

  template <typename Metric>
  prometheus::Family<Metric>& Family(const Declaration& declaration) {
    std::lock_guard lock(mutex);
    void*& family = families[&declaration];
    if (family == nullptr) {
      family = &prometheus::detail::Builder<Metric>()
                    .Name(declaration.name)
                    .Help(declaration.help)
                    .Register(registry);
    }
    return *static_cast<prometheus::Family<Metric>*>(family);
  }
};

Registry::Registry() : state_(std::make_shared<State>()) {}
Registry::~Registry() = default;

Counter& Registry::Get(const CounterSpec& spec, std::initializer_list<std::string_view> label_values) {
  return state_->Family<Counter>(*spec.declaration).Add(ToLabels(*spec.declaration, label_values));
}

Gauge& Registry::Get(const GaugeSpec& spec, std::initializer_list<std::string_view> label_values) {
  return state_->Family<Gauge>(*spec.declaration).Add(ToLabels(*spec.declaration, label_values));
}

Histogram& Registry::Get(const HistogramSpec& spec, std::initializer_list<std::string_view> label_values) {
  return state_->Family<Histogram>(*spec.declaration)
      .Add(ToLabels(*spec.declaration, label_values), spec.declaration->buckets);
}

CollectHook Registry::OnCollect(std::function<void()> set_gauges) {
  std::lock_guard lock(state_->hooks_mutex);
  const int64_t id = state_->next_hook++;
  state_->hooks.emplace(id, std::move(set_gauges));
  return CollectHook(std::shared_ptr<void>(nullptr, [state = state_, id](void*) {
    std::lock_guard lock(state->hooks_mutex);
    state->hooks.erase(id);
  }));
}

std::string Registry::Exposition() const {
  {
    std::lock_guard lock(state_->hooks_mutex);
    for (const auto& [id, hook] : state_->hooks) hook();
  }
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace quartermaster::metrics
