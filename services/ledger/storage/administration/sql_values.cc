#include "services/ledger/storage/administration/sql_values.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace quartermaster::ledger {

std::string TextArray(const std::vector<std::string>& values) {
  std::string literal = "{";
  for (const std::string& value : values) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + "}";
}

std::string BytesArray(const std::vector<std::string>& values) {
  std::string literal = "{";
  for (const std::string& value : values) {
    // The backslash of bytea's hex form, escaped for the array.
    absl::StrAppend(&literal, literal.size() > 1 ? "," : "", "\"\\\\x", absl::BytesToHexString(value), "\"");
  }
  return literal + "}";
}

std::string IntArray(const std::vector<int64_t>& values) {
  return absl::StrCat("{", absl::StrJoin(values, ","), "}");
}

std::string TimeArray(const std::vector<std::optional<absl::Time>>& values) {
  return absl::StrCat("{",
                      absl::StrJoin(values, ",",
                                    [](std::string* out, const std::optional<absl::Time>& time) {
                                      absl::StrAppend(out, time ? absl::StrCat("\"", TimeText(*time), "\"")
                                                                : std::string("NULL"));
                                    }),
                      "}");
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6S+00", time, absl::UTCTimeZone());
}

std::optional<std::string> TimeText(const std::optional<absl::Time>& time) {
  if (!time) return std::nullopt;
  return TimeText(*time);
}

}  // namespace quartermaster::ledger
