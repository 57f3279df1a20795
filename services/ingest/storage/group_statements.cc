#include "services/ingest/storage/group_statements.h"

#include <utility>

#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {

GroupStatements::~GroupStatements() {
  if (!committed_) connection_.Rollback();
}

void GroupStatements::Queue(const char* sql, pg::Params params, OnResult on_result) {
  queue_.push_back({sql, std::move(params), std::move(on_result)});
}

absl::StatusOr<pg::Result> GroupStatements::Execute(const char* sql, pg::Params params) {
  Queue(sql, std::move(params));
  ASSIGN_OR_RETURN(std::vector<pg::Result> results, Run(pg::RawConnection::Then::kStay));
  return std::move(results.back());
}

absl::Status GroupStatements::Copy(const char* sql, pg::CopyBuffer& rows) {
  if (!begun_ || !queue_.empty()) RETURN_IF_ERROR(Run(pg::RawConnection::Then::kStay).status());
  return connection_.CopyIn(sql, rows);
}

absl::Status GroupStatements::Commit() {
  RETURN_IF_ERROR(Run(pg::RawConnection::Then::kCommit).status());
  committed_ = true;
  return absl::OkStatus();
}

constexpr char kBegin[] = "BEGIN";

absl::StatusOr<std::vector<pg::Result>> GroupStatements::Run(pg::RawConnection::Then then) {
  std::vector<Queued> queue = std::exchange(queue_, {});
  if (!std::exchange(begun_, true)) queue.insert(queue.begin(), Queued{kBegin, pg::Params(), nullptr});
  std::vector<pg::RawConnection::Statement> statements;
  for (const Queued& queued : queue) statements.push_back({queued.sql, &queued.params});
  ASSIGN_OR_RETURN(std::vector<pg::Result> results, connection_.ExecuteAll(statements, then));
  for (size_t i = 0; i < queue.size(); ++i) {
    if (queue[i].on_result) queue[i].on_result(results[i]);
  }
  return results;
}

}  // namespace quartermaster::ingest
