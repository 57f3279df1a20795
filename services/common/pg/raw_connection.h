// One libpq connection for the hot paths: binary parameters and results, binary COPY, prepared
// statements. Nothing is retried here. Not thread-safe; owned by one worker. Needs a session of its
// own (no transaction pooler between): statements stay prepared as long as it lives.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_RAW_CONNECTION_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_RAW_CONNECTION_H_

#include <postgresql/libpq-fe.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"

namespace quartermaster::pg {

// 16 bytes as PostgreSQL's uuid; used for the payload hash.
using Uuid = std::array<uint8_t, 16>;

// Bound parameters in binary form. Add* appends one parameter.
class Params {
 public:
  void Add(int16_t value);
  void Add(int32_t value);
  void Add(int64_t value);
  void Add(bool value);
  void Add(absl::Time value);             // timestamptz
  void Add(const Uuid& value);            // uuid
  void AddText(std::string_view value);   // text
  void AddBytes(std::string_view value);  // bytea
  void AddXid(uint64_t value);            // xid8
  void AddNull(Oid type);
  // One-dimensional arrays without nulls.
  void AddArray(std::span<const int16_t> values);
  void AddArray(std::span<const int32_t> values);
  void AddArray(std::span<const int64_t> values);
  void AddArray(std::span<const absl::Time> values);
  void AddArray(std::span<const Uuid> values);
  void AddTextArray(std::span<const std::string_view> values);
  void AddBytesArray(std::span<const std::string_view> values);

  int size() const;
  void Clear();

 private:
  friend class RawConnection;
  // Starts a parameter and returns where it starts in data_; Close ends it.
  size_t Open(Oid type);
  void Close(size_t start);
  template <typename Int>
  void AddInt(Oid type, Int value);
  void AddBlob(Oid type, std::string_view value);
  template <typename Range, typename AppendElement>
  void AddElements(Oid array_type, Oid element_type, const Range& values, AppendElement append);
  template <typename Int, typename Range, typename Convert>
  void AddIntArray(Oid array_type, Oid element_type, const Range& values, Convert convert);
  template <typename Range>
  void AddBlobArray(Oid array_type, Oid element_type, const Range& values);

  std::string data_;
  std::vector<Oid> types_;
  std::vector<int> offsets_;  // -1 for null
  std::vector<int> lengths_;
};

// A result in binary form. Columns are read in exactly the type that the statement gives them;
// reading another type, or a null, ends the process with a message.
class Result {
 public:
  explicit Result(PGresult* result) : result_(result, &PQclear) {}
  int rows() const { return PQntuples(result_.get()); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  int16_t Int16(int row, int column) const;
  int32_t Int32(int row, int column) const;
  int64_t Int64(int row, int column) const;
  bool Bool(int row, int column) const;
  absl::Time Time(int row, int column) const;
  Uuid UuidAt(int row, int column) const;
  uint64_t Xid(int row, int column) const;
  // Views into the result; text and bytea.
  std::string_view Bytes(int row, int column) const;
  int64_t affected_rows() const;
  // "COMMIT", "INSERT 0 3", …
  const char* command() const { return PQcmdStatus(result_.get()); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

// Rows for COPY … FROM STDIN (FORMAT binary). StartRow(columns), then that many Add*.
class CopyBuffer {
 public:
  CopyBuffer();
  void StartRow(int16_t columns);
  void Add(int16_t value);
  void Add(int32_t value);
  void Add(int64_t value);
  void Add(absl::Time value);
  void Add(const Uuid& value);
  void AddXid(uint64_t value);
  void AddText(std::string_view value);
  void AddBytes(std::string_view value);
  void AddNull();
  int64_t rows() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  void Clear();

 private:
  friend class RawConnection;
  std::string data_;
  int64_t rows_ = 0;
};

class RawConnection {
 public:
  // Connects with SessionConnectionString(options).
  static absl::StatusOr<std::unique_ptr<RawConnection>> Connect(const Options& options);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // Prepares `sql` under its own address on first use, then executes it by name.
  // `sql` must be a constant that outlives the connection.
  absl::StatusOr<Result> Execute(const char* sql, const Params& params);
  // Sends all statements at once and waits once, for the results of all. The first that fails is
  // the answer, and those after it are not run. `Then::kCommit`: COMMIT follows them, with the
  // errors of Commit(). BEGIN may stand among them. Results must be small (no more than a socket's
  // buffer), because they are read only after everything was sent.
  enum class Then { kStay, kCommit };
  struct Statement {
    const char* sql;
    const Params* params;
  };
  absl::StatusOr<std::vector<Result>> ExecuteAll(std::span<const Statement> statements,
                                                 Then then = Then::kStay);
  // Simple statements without parameters (BEGIN, SET …).
  absl::Status Run(const char* sql);
  // Sends `rows`, which keeps its content: Clear() it for the next batch.
  absl::Status CopyIn(const char* copy_sql, CopyBuffer& rows);

  absl::Status Begin();
  // `pg.commit_in_doubt` when the connection broke after COMMIT was sent, or when the server warned
  // that the commit was cancelled while it waited for the standby.
  absl::Status Commit();
  void Rollback();

  // False after a broken connection, and when its prepared statements no longer fit the schema:
  // throw it away and connect again.
  bool healthy() const;
  PGconn* get() const { return connection_; }

 private:
  explicit RawConnection(PGconn* connection) : connection_(connection) {}
  absl::StatusOr<std::string> Prepare(const char* sql, const Params& params);
  bool Send(const std::string& name, const Params& params);
  absl::StatusOr<std::vector<Result>> ReadAll(size_t count);
  absl::Status CommitError(absl::Status status);
  absl::Status FinishCopy(bool sent);
  absl::Status ErrorFrom(const PGresult* result) const;
  absl::Status ExecuteError(const PGresult* result);
  static void OnNotice(void* self, const PGresult* result);

  PGconn* connection_;
  bool standby_wait_cancelled_ = false;
  bool outdated_ = false;
  std::vector<const char*> prepared_;
};

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_RAW_CONNECTION_H_
