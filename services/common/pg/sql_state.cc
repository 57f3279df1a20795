// SQLSTATE to status, the one place.
#include <optional>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/pool.h"

namespace quartermaster::pg {
namespace {

constexpr char kSqlStatePayload[] = "quartermaster/sql_state";

absl::Status Classify(std::string_view sql_state, std::string_view message) {
  const std::string_view state_class = sql_state.substr(0, 2);
  // libpq gives no SQLSTATE when the connection itself broke.
  if (sql_state.empty() || state_class == "08") return Unavailable(message);
  // 57P01 to 57P05: terminated by command, crash, cannot connect now, database dropped, idle.
  if (sql_state.substr(0, 3) == "57P") return Unavailable(message);
  if (sql_state == "25006") return ReadOnly(message);
  if (sql_state == "40001" || sql_state == "40P01") return SerializationConflict(message);
  if (sql_state == "57014") return StatementTimeout(message);
  if (state_class == "53") return OutOfResources(message);
  if (sql_state == "23505") return AlreadyExists(message);
  if (state_class == "23") return ConstraintViolated(message);
  return StatementFailed(message);
}

}  // namespace

absl::Status StatusFromSqlState(std::string_view sql_state, std::string_view message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) {
    message.remove_suffix(1);
  }
  const std::string text(message);
  absl::Status status = Classify(
      sql_state, sql_state.empty() ? text : absl::StrCat("SQLSTATE ", std::string(sql_state), ": ", text));
  status.SetPayload(kSqlStatePayload, absl::Cord(std::string(sql_state)));
  return status;
}

std::string SqlStateOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kSqlStatePayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace quartermaster::pg
