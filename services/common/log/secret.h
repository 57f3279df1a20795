// A value that must never be printed. Redaction is by type: a log line, an error message or a
// stream that is given a Secret shows "[redacted]".
#ifndef QUARTERMASTER_SERVICES_COMMON_LOG_SECRET_H_
#define QUARTERMASTER_SERVICES_COMMON_LOG_SECRET_H_

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace quartermaster::log {

inline constexpr std::string_view kRedacted = "[redacted]";

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  // The value itself. Every call is a place to look at in a review.
  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << kRedacted; }

 private:
  std::string value_;
};

}  // namespace quartermaster::log

#endif  // QUARTERMASTER_SERVICES_COMMON_LOG_SECRET_H_
