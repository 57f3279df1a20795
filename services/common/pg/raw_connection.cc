#include "services/common/pg/raw_connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/standby_notice.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::pg {
namespace {

using OwnedResult = std::unique_ptr<PGresult, void (*)(PGresult*)>;

OwnedResult Own(PGresult* result) { return OwnedResult(result, &PQclear); }

bool Succeeded(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

// libpq copies what it is given into its output buffer: large pieces would double the memory.
constexpr size_t kCopyChunkBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<RawConnection>> RawConnection::Connect(const Options& options) {
  PGconn* connection = PQconnectdb(SessionConnectionString(options).c_str());
  // Not make_unique: the constructor is private.
  std::unique_ptr<RawConnection> owned(new RawConnection(connection));
  if (PQstatus(connection) != CONNECTION_OK) {
    return StatusFromSqlState("", PQerrorMessage(connection));
  }
  PQsetNoticeReceiver(connection, &RawConnection::OnNotice, owned.get());
  return owned;
}

RawConnection::~RawConnection() { PQfinish(connection_); }

void RawConnection::OnNotice(void* self, const PGresult* result) {
  if (IsStandbyWaitCancelled(result)) {
    static_cast<RawConnection*>(self)->standby_wait_cancelled_ = true;
  }
}

bool RawConnection::healthy() const { return !outdated_ && PQstatus(connection_) == CONNECTION_OK; }

absl::Status RawConnection::ErrorFrom(const PGresult* result) const {
  const char* sql_state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = result == nullptr ? PQerrorMessage(connection_) : PQresultErrorMessage(result);
  return StatusFromSqlState(sql_state == nullptr ? "" : sql_state, message);
}

absl::StatusOr<std::string> RawConnection::Prepare(const char* sql, const Params& params) {
  std::string name = absl::StrCat("s", absl::Hex(reinterpret_cast<uintptr_t>(sql)));
  if (std::find(prepared_.begin(), prepared_.end(), sql) != prepared_.end()) return name;
  OwnedResult result = Own(PQprepare(connection_, name.c_str(), sql, params.size(), params.types_.data()));
  if (!Succeeded(result.get())) return ErrorFrom(result.get());
  prepared_.push_back(sql);
  return name;
}

absl::StatusOr<Result> RawConnection::Execute(const char* sql, const Params& params) {
  ASSIGN_OR_RETURN(const std::string name, Prepare(sql, params));
  const int count = params.size();
  std::vector<const char*> values(count);
  for (int i = 0; i < count; ++i) {
    values[i] = params.offsets_[i] < 0 ? nullptr : params.data_.data() + params.offsets_[i];
  }
  const std::vector<int> formats(count, 1);
  OwnedResult result = Own(PQexecPrepared(connection_, name.c_str(), count, values.data(),
                                          params.lengths_.data(), formats.data(), /*resultFormat=*/1));
  if (!Succeeded(result.get())) return ExecuteError(result.get());
  return Result(result.release());
}

absl::Status RawConnection::ExecuteError(const PGresult* result) {
  absl::Status status = ErrorFrom(result);
  const std::string sql_state = SqlStateOf(status);
  // "cached plan must not change result type", "prepared statement does not exist": a migration
  // ran, or somebody discarded the session's state. A new connection cures both.
  if (sql_state != "0A000" && sql_state != "26000") return status;
  outdated_ = true;
  return Unavailable(std::string(status.message()));
}

absl::Status RawConnection::Run(const char* sql) {
  OwnedResult result = Own(PQexec(connection_, sql));
  if (!Succeeded(result.get())) return ErrorFrom(result.get());
  return absl::OkStatus();
}

absl::Status RawConnection::CopyIn(const char* copy_sql, CopyBuffer& rows) {
  OwnedResult started = Own(PQexec(connection_, copy_sql));
  if (PQresultStatus(started.get()) != PGRES_COPY_IN) {
    if (!Succeeded(started.get())) return ErrorFrom(started.get());
    return StatementFailed(absl::StrCat("copy: got \"", copy_sql, "\", want COPY … FROM STDIN"));
  }
  const std::string_view data = rows.data_;
  bool sent = true;
  for (size_t at = 0; sent && at < data.size(); at += kCopyChunkBytes) {
    const std::string_view chunk = data.substr(at, kCopyChunkBytes);
    sent = PQputCopyData(connection_, chunk.data(), static_cast<int>(chunk.size())) == 1;
  }
  // The trailer of the binary format: a row of -1 columns.
  sent = sent && PQputCopyData(connection_, "\377\377", 2) == 1;
  sent = sent && PQputCopyEnd(connection_, nullptr) == 1;
  return FinishCopy(sent);
}

absl::Status RawConnection::FinishCopy(bool sent) {
  absl::Status status = sent ? absl::OkStatus() : ErrorFrom(nullptr);
  // The server's own word on why it refused is better than "could not send".
  while (OwnedResult result = Own(PQgetResult(connection_))) {
    if (!Succeeded(result.get())) status = ErrorFrom(result.get());
    if (PQresultStatus(result.get()) == PGRES_COPY_IN) break;
  }
  return status;
}

absl::Status RawConnection::Begin() { return Run("BEGIN"); }

absl::Status RawConnection::Commit() {
  if (PQtransactionStatus(connection_) != PQTRANS_INTRANS) {
    // COMMIT would roll back and not say so, or there is nothing to commit.
    if (!healthy()) return Unavailable("commit: the connection was lost before COMMIT was sent");
    Rollback();
    return StatementFailed("commit: got a transaction that had failed before, want one that is open");
  }
  standby_wait_cancelled_ = false;
  OwnedResult result = Own(PQexec(connection_, "COMMIT"));
  if (!Succeeded(result.get())) {
    absl::Status status = ErrorFrom(result.get());
    return absl::IsUnavailable(status) || !healthy() ? CommitInDoubt(std::string(status.message())) : status;
  }
  if (standby_wait_cancelled_) {
    return CommitInDoubt("commit: the wait for the synchronous standby was cancelled");
  }
  // A deferred trigger may have aborted it after all.
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    return StatementFailed(absl::StrCat("commit: got ", PQcmdStatus(result.get())));
  }
  return absl::OkStatus();
}

void RawConnection::Rollback() {
  if (PQstatus(connection_) == CONNECTION_OK && PQtransactionStatus(connection_) != PQTRANS_IDLE) {
    PQclear(PQexec(connection_, "ROLLBACK"));
  }
}

}  // namespace quartermaster::pg
