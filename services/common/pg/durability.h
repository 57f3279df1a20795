// Whether an answer after COMMIT is safe in this database. Asked once at the start of every node.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_DURABILITY_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_DURABILITY_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::pg {

struct Durability {
  // Of this session's role: "on", "remote_apply", "remote_write" or "local".
  std::string synchronous_commit;
  // Whether COMMIT waits for a standby. Without one, losing the server's disk loses answers: the
  // node says so at start and in a metric.
  bool synchronous_standby = false;
};

// `pg.durability_off` names every setting that must not be off: fsync, full_page_writes,
// synchronous_commit. Needs no privilege.
absl::StatusOr<Durability> CheckDurability(RawConnection& connection);

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_DURABILITY_H_
