#include "clients/agent/duration_words.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/agent/agent_errors.h"

namespace quartermaster::agent {
namespace {

constexpr int64_t kNumberMax = 1'000'000'000;

int64_t UnitSeconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 7 * 86400;
  }
  return 0;
}

}  // namespace

absl::StatusOr<int64_t> ParseSeconds(std::string_view text) {
  int64_t total = 0;
  size_t at = 0;
  bool valid = !text.empty();
  while (valid && at < text.size()) {
    int64_t number = 0;
    const size_t digits_from = at;
    while (at < text.size() && absl::ascii_isdigit(text[at]) && number < kNumberMax) {
      number = number * 10 + (text[at++] - '0');
    }
    const int64_t unit = at < text.size() ? UnitSeconds(text[at]) : 0;
    valid = at > digits_from && unit > 0;
    total += number * unit;
    ++at;
  }
  if (valid) return total;
  return ArgumentInvalid(absl::StrCat("duration: got '", std::string(text),
                                      "', want numbers with w, d, h, m or s, for example 1d12h"));
}

absl::StatusOr<int64_t> ParseUnixSeconds(std::string_view text) {
  if (text == "now") return absl::ToUnixSeconds(absl::Now());
  const std::string word(text);
  absl::CivilDay day;
  if (word.size() == 10 && absl::ParseCivilTime(word, &day)) {
    return absl::ToUnixSeconds(absl::FromCivil(day, absl::UTCTimeZone()));
  }
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, word, &time, nullptr) && time > absl::InfinitePast() &&
      time < absl::InfiniteFuture()) {
    return absl::ToUnixSeconds(time);
  }
  return ArgumentInvalid(
      absl::StrCat("time: got '", word, "', want now, a date or a time like 2026-01-31T12:00:00Z"));
}

}  // namespace quartermaster::agent
