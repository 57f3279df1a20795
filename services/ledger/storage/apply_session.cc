#include "services/ledger/storage/apply_session.h"

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kConfigureSession[] =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    " SET plan_cache_mode = force_generic_plan; SET jit = off";

}  // namespace

absl::StatusOr<std::unique_ptr<pg::RawConnection>> ConnectForApplying(const pg::Options& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<pg::RawConnection> connection, pg::RawConnection::Connect(options));
  RETURN_IF_ERROR(connection->Run(kConfigureSession));
  return connection;
}

}  // namespace quartermaster::ledger
