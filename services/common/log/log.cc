#include "services/common/log/log.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/log/json_text.h"

namespace quartermaster::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};
std::atomic<Format> g_format{Format::kJson};

std::string& ProcessName() {
  static auto* name = new std::string();
  return *name;
}

thread_local std::string_view t_request_id;
thread_local std::string_view t_service;

// "2026-05-09T07:29:33.186Z". The part up to the second is kept per thread, because calendar
// arithmetic would be the dearest part of a line.
void AppendTime(std::string& out, absl::Time time) {
  thread_local int64_t cached_second = -1;
  thread_local char cached[32] = {};
  const int64_t milliseconds = absl::ToUnixMillis(time);
  const int64_t second = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000;
  if (second != cached_second) {
    const time_t seconds = second;
    tm parts{};
    gmtime_r(&seconds, &parts);
    strftime(cached, sizeof(cached), "%Y-%m-%dT%H:%M:%S", &parts);
    cached_second = second;
  }
  char fraction[8];
  snprintf(fraction, sizeof(fraction), ".%03dZ", static_cast<int>(milliseconds - second * 1000));
  out += cached;
  out += fraction;
}

struct AppendValue {
  std::string& out;
  bool json;

  void operator()(std::string_view value) const { Text(value); }
  void operator()(int64_t value) const { absl::StrAppend(&out, value); }
  void operator()(uint64_t value) const { absl::StrAppend(&out, value); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(double value) const {
    if (std::isfinite(value)) {
      absl::StrAppendFormat(&out, "%.6g", value);
    } else {
      out += "null";  // JSON has no word for it
    }
  }
  void operator()(absl::Time value) const {
    if (json) out += '"';
    AppendTime(out, value);
    if (json) out += '"';
  }
  void operator()(const absl::Status* value) const {
    if (value->ok()) return Text("ok");
    const absl::string_view message = value->message();
    std::string text = errors::ErrorId(*value);
    text += ": ";
    text.append(message.data(), message.size());
    Text(text);
  }

  // Quoted in text lines too, where a reader could not see its end or it could forge a line.
  void Text(std::string_view value) const {
    const bool plain = !json && !value.empty() &&
                       value.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789-_./:@") == std::string_view::npos;
    if (plain) {
      out += value;
    } else {
      AppendJsonString(out, value);
    }
  }
};

void ComposeJson(std::string& out, Level level, std::string_view message, Fields fields) {
  out += "{\"ts\":\"";
  AppendTime(out, absl::Now());
  out += "\",\"level\":\"";
  out += LevelName(level);
  out += "\",\"service\":";
  AppendJsonString(out, t_service.empty() ? std::string_view(ProcessName()) : t_service);
  out += ",\"message\":";
  AppendJsonString(out, message);
  if (!t_request_id.empty()) {
    out += ",\"request_id\":";
    AppendJsonString(out, t_request_id);
  }
  for (const Field& field : fields) {
    out += ',';
    AppendJsonString(out, field.name);
    out += ':';
    std::visit(AppendValue{out, true}, field.value.get());
  }
  out += "}\n";
}

void ComposeText(std::string& out, Level level, std::string_view message, Fields fields) {
  AppendTime(out, absl::Now());
  out += ' ';
  out += LevelName(level);
  out += ' ';
  out += t_service.empty() ? std::string_view(ProcessName()) : t_service;
  out += ": ";
  // A message may hold what somebody else said.
  std::string quoted;
  AppendJsonString(quoted, message);
  out += std::string_view(quoted).substr(1, quoted.size() - 2);
  if (!t_request_id.empty()) {
    out += " request_id=";
    AppendValue{out, false}.Text(t_request_id);
  }
  for (const Field& field : fields) {
    out += ' ';
    out += field.name;
    out += '=';
    std::visit(AppendValue{out, false}, field.value.get());
  }
  out += '\n';
}

void WriteLine(Level level, std::string_view message, Fields fields) {
  if (!Enabled(level)) return;
  thread_local std::string line;
  line.clear();
  if (g_format.load(std::memory_order_relaxed) == Format::kJson) {
    ComposeJson(line, level, message, fields);
  } else {
    ComposeText(line, level, message, fields);
  }
  // A log that cannot be written must not stop the service.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

void Configure(const Options& options) {
  g_level = options.level;
  g_format = options.format;
  ProcessName() = options.service;
}

bool Enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void Debug(std::string_view message, Fields fields) { WriteLine(Level::kDebug, message, fields); }
void Info(std::string_view message, Fields fields) { WriteLine(Level::kInfo, message, fields); }
void Warning(std::string_view message, Fields fields) { WriteLine(Level::kWarning, message, fields); }
void Error(std::string_view message, Fields fields) { WriteLine(Level::kError, message, fields); }

RequestScope::RequestScope(std::string_view request_id) : request_id_(request_id), outer_(t_request_id) {
  t_request_id = request_id_;
}
RequestScope::~RequestScope() { t_request_id = outer_; }

std::string_view CurrentRequestId() { return t_request_id; }

ServiceScope::ServiceScope(std::string_view service) : outer_(t_service) { t_service = service; }
ServiceScope::~ServiceScope() { t_service = outer_; }

}  // namespace quartermaster::log
