// A connection for statements that look up a handful of keys each: made when it is needed, thrown
// away when it broke, and told to use indexes only.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_LOOKUP_SESSION_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_LOOKUP_SESSION_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ingest {

// Not thread-safe.
class LookupSession {
 public:
  explicit LookupSession(pg::Options database) : database_(std::move(database)) {}

  // A connection that is healthy as far as one can know.
  absl::StatusOr<pg::RawConnection*> Connection();
  // Of the database that Connection() last answered.
  int32_t incarnation() const { return incarnation_; }

 private:
  const pg::Options database_;
  std::unique_ptr<pg::RawConnection> connection_;
  int32_t incarnation_ = 0;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_LOOKUP_SESSION_H_
