#include "db/migrator.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "db/migrate_errors.h"
#include "db/schema_owner.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::db {
namespace {

using pg::Params;
using pg::RawConnection;
using pg::Result;

// The same status with what it happened to in front.
absl::Status Within(std::string_view what, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status wrapped(status.code(), absl::StrCat(std::string(what), ": ", std::string(status.message())));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { wrapped.SetPayload(url, payload); });
  return wrapped;
}

std::string NameOf(const Migration& migration) {
  return absl::StrFormat("migration %04d_%s", migration.version, std::string(migration.name));
}

// One attempt over one connection, with the advisory lock held until it closes.
class Attempt {
 public:
  Attempt(std::unique_ptr<RawConnection> connection, const MigrateOptions& options)
      : connection_(std::move(connection)),
        options_(options),
        migrations_(options.migrations != nullptr ? *options.migrations : Migrations()) {}

  absl::StatusOr<MigrateResult> Run(absl::Time deadline);

 private:
  int known() const { return static_cast<int>(migrations_.size()); }
  absl::Status AcquireLock(absl::Time deadline);
  absl::StatusOr<int> CheckHistory();
  absl::Status Apply(const Migration& migration);
  absl::Status ApplyRoles();
  absl::Status ReadIncarnation(MigrateResult& result);
  absl::Status InTransaction(const std::function<absl::Status()>& body);
  absl::StatusOr<std::string> ChecksumOf(const Migration& migration);

  const std::unique_ptr<RawConnection> connection_;
  const MigrateOptions& options_;
  const std::vector<Migration>& migrations_;
};

absl::StatusOr<MigrateResult> Attempt::Run(absl::Time deadline) {
  static constexpr char kCreateHistory[] =
      "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL,"
      " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";
  RETURN_IF_ERROR(AcquireLock(deadline));
  RETURN_IF_ERROR(BecomeSchemaOwner(*connection_, options_.role_prefix));
  RETURN_IF_ERROR(connection_->Run(kCreateHistory));

  MigrateResult result;
  ASSIGN_OR_RETURN(result.version_before, CheckHistory());
  for (int version = result.version_before + 1; version <= known(); ++version) {
    RETURN_IF_ERROR(Apply(migrations_[version - 1]));
  }
  result.version = std::max(result.version_before, known());
  // A newer binary's roles stay as they are: ours would take rights from it.
  if (result.version == known()) RETURN_IF_ERROR(ApplyRoles());
  RETURN_IF_ERROR(ReadIncarnation(result));
  return result;
}

// By polling: a session that waits for the lock inside a statement holds a snapshot, and would
// block index builds of the migrator that it waits for.
absl::Status Attempt::AcquireLock(absl::Time deadline) {
  static constexpr char kSql[] = "SELECT pg_try_advisory_lock(hashtextextended('quartermaster/migrate', 0))";
  for (;;) {
    ASSIGN_OR_RETURN(const Result acquired, connection_->Execute(kSql, Params()));
    if (acquired.Bool(0, 0)) return absl::OkStatus();
    if (absl::Now() >= deadline) {
      return MigrationBusy(absl::StrCat("migrations: another migrator still runs after ",
                                        absl::FormatDuration(options_.patience)));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

absl::StatusOr<std::string> Attempt::ChecksumOf(const Migration& migration) {
  static constexpr char kSql[] = "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')";
  Params params;
  params.AddText(migration.sql);
  ASSIGN_OR_RETURN(const Result checksum, connection_->Execute(kSql, params));
  return std::string(checksum.Bytes(0, 0));
}

// The version of the database, after comparing its history with ours.
absl::StatusOr<int> Attempt::CheckHistory() {
  static constexpr char kSql[] = "SELECT version, name, checksum FROM schema_migrations ORDER BY version";
  ASSIGN_OR_RETURN(const Result applied, connection_->Execute(kSql, Params()));
  const int version = applied.rows() == 0 ? 0 : applied.Int32(applied.rows() - 1, 0);
  if (version > known() + 1) {
    return DatabaseTooNew(absl::StrCat("schema version: got ", version, ", want at most ", known() + 1,
                                       ", one more than this release knows"));
  }
  for (int row = 0; row < std::min(version, known()); ++row) {
    const Migration& migration = migrations_[row];
    if (row >= applied.rows() || applied.Int32(row, 0) != migration.version) {
      return ChecksumChanged(absl::StrCat(NameOf(migration), ": got no record of it although ", version,
                                          " is applied, want one"));
    }
    ASSIGN_OR_RETURN(const std::string checksum, ChecksumOf(migration));
    if (applied.Bytes(row, 2) != checksum) {
      return ChecksumChanged(absl::StrCat(NameOf(migration), ": got checksum ", checksum,
                                          ", want that of what was applied, ",
                                          std::string(applied.Bytes(row, 2))));
    }
  }
  return version;
}

absl::Status Attempt::InTransaction(const std::function<absl::Status()>& body) {
  RETURN_IF_ERROR(connection_->Begin());
  absl::Status status = connection_->Run(
      absl::StrCat("SET LOCAL lock_timeout = ", absl::ToInt64Milliseconds(options_.lock_timeout)).c_str());
  if (status.ok()) status = body();
  if (status.ok()) return connection_->Commit();
  connection_->Rollback();
  return status;
}

absl::Status Attempt::Apply(const Migration& migration) {
  static constexpr char kRecord[] =
      "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";
  if (options_.on_event) options_.on_event(NameOf(migration));
  ASSIGN_OR_RETURN(const std::string checksum, ChecksumOf(migration));
  Params record;
  record.Add(int32_t{migration.version});
  record.AddText(migration.name);
  record.AddText(checksum);
  return Within(NameOf(migration), InTransaction([&] {
                  RETURN_IF_ERROR(connection_->Run(std::string(migration.sql).c_str()));
                  return connection_->Execute(kRecord, record).status();
                }));
}

absl::Status Attempt::ApplyRoles() {
  const std::string sql = absl::StrReplaceAll(std::string(RolesSql()), {{"qm_", options_.role_prefix}});
  return Within("roles.sql", InTransaction([&] { return connection_->Run(sql.c_str()); }));
}

absl::Status Attempt::ReadIncarnation(MigrateResult& result) {
  static constexpr char kSelect[] =
      "SELECT incarnation, system_identifier, (SELECT system_identifier FROM pg_control_system())"
      " FROM database_incarnations ORDER BY incarnation DESC LIMIT 1";
  static constexpr char kBegin[] =
      "INSERT INTO database_incarnations (incarnation, system_identifier) VALUES ($1, $2)";
  ASSIGN_OR_RETURN(const Result newest, connection_->Execute(kSelect, Params()));
  if (newest.rows() == 0) {
    return pg::StatementFailed("database_incarnations: got no row, want one");
  }
  result.incarnation = newest.Int32(0, 0);
  if (newest.Int64(0, 1) == newest.Int64(0, 2)) return absl::OkStatus();
  result.incarnation += 1;
  result.incarnation_is_new = true;
  Params params;
  params.Add(result.incarnation);
  params.Add(newest.Int64(0, 2));
  return InTransaction([&] { return connection_->Execute(kBegin, params).status(); });
}

// Locks held by traffic, a primary that went away, a deadlock: the next attempt finds what is done.
bool IsWorthAnotherAttempt(const absl::Status& status) {
  return pg::SqlStateOf(status) == "55P03" || absl::IsUnavailable(status) || absl::IsAborted(status);
}

absl::StatusOr<MigrateResult> MigrateOnce(const std::string& connection_string, const MigrateOptions& options,
                                          absl::Time deadline) {
  pg::Options connect;
  connect.connection_string = connection_string;
  connect.application_name = "migrate";
  // Backfills take as long as they take.
  connect.statement_timeout = absl::ZeroDuration();
  ASSIGN_OR_RETURN(auto connection, RawConnection::Connect(connect));
  return Attempt(std::move(connection), options).Run(deadline);
}

}  // namespace

absl::StatusOr<MigrateResult> Migrate(const std::string& owner_connection_string,
                                      const MigrateOptions& options) {
  if (!IsRolePrefix(options.role_prefix)) {
    return RolePrefixInvalid(absl::StrCat("user_prefix: got \"", options.role_prefix,
                                          "\", want lower-case letters, digits and _"));
  }
  const absl::Time deadline = absl::Now() + options.patience;
  for (;;) {
    auto result = MigrateOnce(owner_connection_string, options, deadline);
    const absl::Duration pause = absl::Milliseconds(500);
    if (result.ok() || !IsWorthAnotherAttempt(result.status()) || absl::Now() + pause >= deadline) {
      return result;
    }
    if (options.on_event) {
      options.on_event(absl::StrCat("will try again: ", std::string(result.status().message())));
    }
    absl::SleepFor(pause);
  }
}

}  // namespace quartermaster::db
