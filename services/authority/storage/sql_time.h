// Times in statements that go through libpqxx, which knows text only.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SQL_TIME_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SQL_TIME_H_

#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "absl/time/time.h"

namespace quartermaster::authority {

// For a parameter $n::timestamptz.
inline std::string ToTimestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E6S+00", time, absl::UTCTimeZone());
}

// Of a column (extract(epoch FROM …) * 1000000)::bigint.
inline absl::Time FromEpochMicros(const pqxx::field& field) {
  return absl::FromUnixMicros(field.as<int64_t>());
}

inline std::optional<absl::Time> OptionalEpochMicros(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return FromEpochMicros(field);
}

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SQL_TIME_H_
