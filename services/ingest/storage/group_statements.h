// The statements of one group transaction, in as few round trips as its logic allows: BEGIN travels
// with the first statement whose answer is needed, and COMMIT with the last that is not.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_STATEMENTS_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_STATEMENTS_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ingest {

// Not thread-safe. Rolls back when it is destroyed before Commit. `sql` is always a constant.
class GroupStatements {
 public:
  using OnResult = std::function<void(const pg::Result&)>;

  explicit GroupStatements(pg::RawConnection& connection) : connection_(connection) {}
  ~GroupStatements();
  GroupStatements(const GroupStatements&) = delete;
  GroupStatements& operator=(const GroupStatements&) = delete;

  // Runs what is queued and then this one, whose answer is needed now.
  absl::StatusOr<pg::Result> Execute(const char* sql, pg::Params params);
  // Runs it before the next Execute, Copy or Commit. `on_result` hears the answer then; after Commit
  // it has been called before COMMIT is known to have succeeded.
  void Queue(const char* sql, pg::Params params, OnResult on_result = nullptr);
  absl::Status Copy(const char* sql, pg::CopyBuffer& rows);
  // As RawConnection::Commit.
  absl::Status Commit();

 private:
  struct Queued {
    const char* sql;
    pg::Params params;
    OnResult on_result;
  };
  absl::StatusOr<std::vector<pg::Result>> Run(pg::RawConnection::Then then);

  pg::RawConnection& connection_;
  bool begun_ = false;
  bool committed_ = false;
  std::vector<Queued> queue_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_STATEMENTS_H_
