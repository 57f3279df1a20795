// Recognises the server's warning that a commit no longer waits for the standby: the transaction is
// committed on this server only and may vanish with it. libpq reports such a COMMIT as successful.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_STANDBY_NOTICE_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_STANDBY_NOTICE_H_

#include <postgresql/libpq-fe.h>

#include <string_view>

namespace quartermaster::pg {

// The fields of a notice that decide; any of them may be empty.
struct NoticeFields {
  std::string_view sql_state;
  std::string_view source_function;
  std::string_view message;
};

// By the server function that warns, which no translation of messages changes; by the message where
// a proxy dropped the function. Class 01 is a warning, 57 the same on the way to a shutdown.
bool IsStandbyWaitCancelled(const NoticeFields& notice);
bool IsStandbyWaitCancelled(const PGresult* notice);

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_STANDBY_NOTICE_H_
