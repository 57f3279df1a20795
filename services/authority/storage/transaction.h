// A transaction on a connection of one's own.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRANSACTION_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRANSACTION_H_

#include <type_traits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::authority {

// Runs `body` (which returns absl::StatusOr) between BEGIN and COMMIT; an error rolls back. Nothing
// is retried. `pg.commit_in_doubt` as RawConnection::Commit says.
template <typename Body>
std::invoke_result_t<Body> InTransaction(pg::RawConnection& connection, Body&& body) {
  if (absl::Status begun = connection.Begin(); !begun.ok()) return begun;
  // Also when `body` throws: the connection is used again.
  absl::Cleanup roll_back = [&connection] { connection.Rollback(); };
  std::invoke_result_t<Body> result = std::forward<Body>(body)();
  if (!result.ok()) return result;
  std::move(roll_back).Cancel();
  if (absl::Status committed = connection.Commit(); !committed.ok()) return committed;
  return result;
}

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_TRANSACTION_H_
