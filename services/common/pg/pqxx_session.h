// A libpqxx connection that notices when a commit did not wait for the standby.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_PQXX_SESSION_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_PQXX_SESSION_H_

#include <postgresql/libpq-fe.h>

#include <pqxx/pqxx>
#include <string>

namespace quartermaster::pg {

// libpqxx's extension point: how the libpq connection beneath is made.
class WatchedConnect : public pqxx::connectionpolicy {
 public:
  explicit WatchedConnect(const std::string& options) : connectionpolicy(options) {}
  handle do_startconnect(handle original) override;
};

using PqxxConnection = pqxx::basic_connection_base<WatchedConnect>;

// Of the connection that this thread made last.
PGconn* LastConnectionOfThread();

// Whether this thread has seen the warning since it last asked. libpq delivers notices on the
// thread that runs the statement.
bool TakeStandbyWaitCancelled();

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_PQXX_SESSION_H_
