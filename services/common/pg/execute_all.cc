// RawConnection::ExecuteAll: libpq's pipeline mode behind one call.
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::pg {
namespace {

using OwnedResult = std::unique_ptr<PGresult, void (*)(PGresult*)>;

OwnedResult Own(PGresult* result) { return OwnedResult(result, &PQclear); }

constexpr char kCommit[] = "COMMIT";

}  // namespace

absl::StatusOr<std::vector<Result>> RawConnection::ExecuteAll(std::span<const Statement> statements,
                                                              Then then) {
  static const Params* const kNone = new Params();
  std::vector<Statement> all(statements.begin(), statements.end());
  if (then == Then::kCommit) all.push_back({kCommit, kNone});
  // First uses are prepared one by one.
  std::vector<std::string> names;
  for (const Statement& statement : all) {
    ASSIGN_OR_RETURN(std::string name, Prepare(statement.sql, *statement.params));
    names.push_back(std::move(name));
  }
  standby_wait_cancelled_ = false;
  bool sent = PQenterPipelineMode(connection_) == 1;
  for (size_t i = 0; sent && i < all.size(); ++i) sent = Send(names[i], *all[i].params);
  sent = sent && PQpipelineSync(connection_) == 1;
  // What was not sent in full may have been sent in part, COMMIT included.
  absl::StatusOr<std::vector<Result>> results =
      sent ? ReadAll(all.size()) : absl::StatusOr<std::vector<Result>>(ErrorFrom(nullptr));
  PQexitPipelineMode(connection_);
  if (then == Then::kStay) return results;
  if (!results.ok()) return CommitError(results.status());
  if (standby_wait_cancelled_) {
    return CommitInDoubt("commit: the wait for the synchronous standby was cancelled");
  }
  const char* tag = results->back().command();
  // A deferred trigger, or a transaction that had failed before, turns COMMIT into ROLLBACK.
  if (std::strcmp(tag, kCommit) != 0) return StatementFailed(absl::StrCat("commit: got ", tag));
  results->pop_back();
  return results;
}

bool RawConnection::Send(const std::string& name, const Params& params) {
  const int count = params.size();
  std::vector<const char*> values(count);
  for (int i = 0; i < count; ++i) {
    values[i] = params.offsets_[i] < 0 ? nullptr : params.data_.data() + params.offsets_[i];
  }
  const std::vector<int> formats(count, 1);
  return PQsendQueryPrepared(connection_, name.c_str(), count, values.data(), params.lengths_.data(),
                             formats.data(), /*resultFormat=*/1) == 1;
}

absl::StatusOr<std::vector<Result>> RawConnection::ReadAll(size_t count) {
  std::vector<Result> results;
  absl::Status failure;
  for (size_t i = 0; i < count; ++i) {
    OwnedResult result = Own(PQgetResult(connection_));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
      results.emplace_back(result.release());
    } else if (failure.ok()) {
      // Those after it come back as PGRES_PIPELINE_ABORTED and say nothing new.
      failure = ExecuteError(result.get());
    }
    // Each statement's result ends with a null, unless the connection is gone.
    if (PQstatus(connection_) != CONNECTION_OK) break;
    Own(PQgetResult(connection_));
  }
  if (PQstatus(connection_) == CONNECTION_OK) Own(PQgetResult(connection_));  // the sync
  if (!failure.ok()) return failure;
  if (results.size() != count) return ErrorFrom(nullptr);
  return results;
}

// Once COMMIT was sent, a connection that is gone leaves it in doubt.
absl::Status RawConnection::CommitError(absl::Status status) {
  if (!absl::IsUnavailable(status) && healthy()) return status;
  return CommitInDoubt(std::string(status.message()));
}

}  // namespace quartermaster::pg
