#include "services/common/pg/pqxx_session.h"

#include "services/common/pg/standby_notice.h"

namespace quartermaster::pg {
namespace {

thread_local bool standby_wait_cancelled = false;
thread_local PGconn* last_connection = nullptr;

void OnNotice(void*, const PGresult* notice) {
  if (IsStandbyWaitCancelled(notice)) standby_wait_cancelled = true;
}

}  // namespace

pqxx::connectionpolicy::handle WatchedConnect::do_startconnect(handle original) {
  if (original != nullptr) return original;
  handle connection = normalconnect(original);
  PQsetNoticeReceiver(connection, &OnNotice, nullptr);
  last_connection = connection;
  return connection;
}

PGconn* LastConnectionOfThread() { return last_connection; }

bool TakeStandbyWaitCancelled() {
  const bool seen = standby_wait_cancelled;
  standby_wait_cancelled = false;
  return seen;
}

}  // namespace quartermaster::pg
