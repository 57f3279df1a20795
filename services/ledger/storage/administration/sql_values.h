// Values as libpqxx 6 takes them: arrays and times as text that the statement casts.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_SQL_VALUES_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_SQL_VALUES_H_

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace quartermaster::ledger {

// One-dimensional array literals, for parameters like $1::text[].
std::string TextArray(const std::vector<std::string>& values);
std::string BytesArray(const std::vector<std::string>& values);
std::string IntArray(const std::vector<int64_t>& values);
// With NULL for absent times.
std::string TimeArray(const std::vector<std::optional<absl::Time>>& values);

// For parameters like $1::timestamptz; microseconds.
std::string TimeText(absl::Time time);
std::optional<std::string> TimeText(const std::optional<absl::Time>& time);

// Reads a column that was selected as (extract(epoch FROM x) * 1000000)::bigint.
inline absl::Time MicrosAt(const pqxx::field& field) { return absl::FromUnixMicros(field.as<int64_t>()); }
inline std::optional<absl::Time> OptionalMicrosAt(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return MicrosAt(field);
}

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_SQL_VALUES_H_
