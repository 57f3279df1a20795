// Structured log lines on stderr, one JSON object (or one text line) each:
//   {"ts":"2026-05-09T07:29:33.186Z","level":"info","service":"ingest","message":"…",
//    "request_id":"…", <fields in the order given>}
//
//   log::Info("partition made", {{"name", name}, {"rows", rows}});
//
// A line is written by one write(2), so lines of several threads and processes never mix. Thread-safe.
// A disabled level costs one relaxed load; do not build strings for it, test Enabled() first.
// Secrets are redacted by type (log::Secret). Field names are snake_case words of the glossary.
#ifndef QUARTERMASTER_SERVICES_COMMON_LOG_LOG_H_
#define QUARTERMASTER_SERVICES_COMMON_LOG_LOG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/log/secret.h"

namespace quartermaster::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kJson, kText };

// What a field holds. Text is viewed, not copied: it must live until the call returns, which
// temporaries in the call do.
class Value {
 public:
  template <std::integral T>
  Value(T value) {  // NOLINT(google-explicit-constructor): fields read as plain lists
    if constexpr (std::is_same_v<T, bool>) {
      value_ = value;
    } else if constexpr (std::is_signed_v<T>) {
      value_ = static_cast<int64_t>(value);
    } else {
      value_ = static_cast<uint64_t>(value);
    }
  }
  Value(double value) : value_(value) {}                                // NOLINT
  Value(std::string_view value) : value_(value) {}                      // NOLINT
  Value(const std::string& value) : value_(std::string_view(value)) {}  // NOLINT
  Value(const char* value) : value_(std::string_view(value)) {}         // NOLINT
  Value(const Secret&) : value_(kRedacted) {}                           // NOLINT
  // As seconds with six decimals.
  Value(absl::Duration value) : value_(absl::ToDoubleSeconds(value)) {}  // NOLINT
  Value(absl::Time value) : value_(value) {}                             // NOLINT
  // "<error id>: <message>", or "ok".
  Value(const absl::Status& value) : value_(&value) {}  // NOLINT

  using Variant =
      std::variant<std::string_view, int64_t, uint64_t, double, bool, absl::Time, const absl::Status*>;
  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

struct Field {
  std::string_view name;
  Value value;
};
using Fields = std::initializer_list<Field>;

struct Options {
  Level level = Level::kInfo;
  Format format = Format::kJson;
  // The process's name; shown as "service" outside of a ServiceScope.
  std::string service{};
};

// Process-wide; call before other threads start.
void Configure(const Options& options);

bool Enabled(Level level);

void Debug(std::string_view message, Fields fields = {});
void Info(std::string_view message, Fields fields = {});
void Warning(std::string_view message, Fields fields = {});
void Error(std::string_view message, Fields fields = {});

// While it lives, lines of this thread carry `request_id`. Scopes nest. The text must outlive the
// scope. Reactor and completion-queue handlers, which change threads, open one wherever they
// continue (rpc::RequestId gives the id). Keeps a copy of the id: the call that it came with may be
// answered, and gone, before the scope ends.
class RequestScope {
 public:
  explicit RequestScope(std::string_view request_id);
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

 private:
  const std::string request_id_;
  const std::string_view outer_;
};
// Of the innermost RequestScope; empty without one.
std::string_view CurrentRequestId();

// While it lives, lines of this thread say that they come from `service` (the all-in-one process
// hosts several). For job threads; request handlers get it from the server.
class ServiceScope {
 public:
  explicit ServiceScope(std::string_view service);
  ~ServiceScope();
  ServiceScope(const ServiceScope&) = delete;
  ServiceScope& operator=(const ServiceScope&) = delete;

 private:
  const std::string_view outer_;
};

// "debug", "info", "warning", "error".
std::string_view LevelName(Level level);

}  // namespace quartermaster::log

#endif  // QUARTERMASTER_SERVICES_COMMON_LOG_LOG_H_
