#include "services/common/pg/standby_notice.h"

namespace quartermaster::pg {
namespace {

std::string_view Field(const PGresult* notice, int code) {
  const char* value = PQresultErrorField(notice, code);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

bool IsStandbyWaitCancelled(const NoticeFields& notice) {
  const std::string_view state_class = notice.sql_state.substr(0, 2);
  if (state_class != "01" && state_class != "57") return false;
  return notice.source_function == "SyncRepWaitForLSN" ||
         notice.message.find("synchronous replication") != std::string_view::npos;
}

bool IsStandbyWaitCancelled(const PGresult* notice) {
  return IsStandbyWaitCancelled(NoticeFields{Field(notice, PG_DIAG_SQLSTATE),
                                             Field(notice, PG_DIAG_SOURCE_FUNCTION),
                                             Field(notice, PG_DIAG_MESSAGE_PRIMARY)});
}

}  // namespace quartermaster::pg
