#include "services/common/lifecycle/database_access.h"

#include <postgresql/libpq-fe.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "db/migrator.h"
#include "services/common/errors/error.h"
#include "services/common/lifecycle/lifecycle_errors.h"
#include "services/common/log/log.h"
#include "services/common/pg/durability.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/status/status_macros.h"

namespace quartermaster {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(5);
constexpr absl::Duration kRetryInterval = absl::Milliseconds(500);
// Part of the time that a stop may take; see RunProcess.
constexpr absl::Duration kStopPatience = absl::Seconds(25);
constexpr char kOwnerRole[] = "owner";

std::string QuoteForLibpq(const std::string& value) {
  return absl::StrCat("'", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

postgres_host::EmbeddedOptions EmbeddedOptionsOf(const config::NodeConfig& config) {
  const config::EmbeddedDatabase& embedded = config.database.embedded;
  postgres_host::EmbeddedOptions options;
  options.data_directory = config.data_directory;
  options.binary_directory = embedded.binary_directory;
  options.shared_buffers_bytes = embedded.shared_buffers_bytes;
  options.wal_bytes_max = embedded.wal_bytes_max;
  options.connections_max = embedded.connections_max;
  options.stop_patience = kStopPatience;
  options.on_event = [](std::string_view event) { log::Info("embedded PostgreSQL", {{"event", event}}); };
  return options;
}

absl::StatusOr<std::string> ExternalRole(const config::ExternalDatabase& external, std::string_view role) {
  const config::SecretReference& reference = external.PasswordOf(role);
  // Without a password the server must accept the role otherwise: peer, a certificate, …
  if (!reference.is_set()) return ExternalConnectionString(external, role, log::Secret());
  ASSIGN_OR_RETURN(const log::Secret password, reference.Read());
  return ExternalConnectionString(external, role, password);
}

// 0 when there is no schema.
absl::StatusOr<int> SchemaVersion(pg::RawConnection& connection) {
  static constexpr char kSelectHasSchema[] =
      "SELECT to_regclass('quartermaster.schema_migrations') IS NOT NULL";
  static constexpr char kSelectVersion[] =
      "SELECT coalesce(max(version), 0) FROM quartermaster.schema_migrations";
  ASSIGN_OR_RETURN(const pg::Result has, connection.Execute(kSelectHasSchema, pg::Params()));
  if (!has.Bool(0, 0)) return 0;
  ASSIGN_OR_RETURN(const pg::Result version, connection.Execute(kSelectVersion, pg::Params()));
  return version.Int32(0, 0);
}

}  // namespace

std::string ExternalConnectionString(const config::ExternalDatabase& external, std::string_view role,
                                     const log::Secret& password) {
  std::string result;
  const auto add = [&result](const std::string& keyword, const std::string& value) {
    absl::StrAppend(&result, result.empty() ? "" : " ", keyword, "=", QuoteForLibpq(value));
  };
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(external.connection_string.c_str(), nullptr), &PQconninfoFree);
  // Checked when the configuration was read.
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (option->val != nullptr) add(option->keyword, option->val);
  }
  add("user", external.user_prefix + std::string(role));
  if (!password.empty()) add("password", password.Reveal());
  return result;
}

absl::StatusOr<std::unique_ptr<DatabaseAccess>> DatabaseAccess::Open(
    const config::NodeConfig& config, const std::vector<std::string>& services) {
  std::unique_ptr<DatabaseAccess> access(new DatabaseAccess(config));
  if (!config.database.external.has_value()) {
    ASSIGN_OR_RETURN(access->embedded_, postgres_host::EmbeddedPostgres::Start(EmbeddedOptionsOf(config)));
  }
  for (const std::string& service : services) {
    if (access->embedded_ != nullptr) {
      access->connection_strings_[service] = access->embedded_->ConnectionString("qm_" + service);
      continue;
    }
    ASSIGN_OR_RETURN(access->connection_strings_[service], ExternalRole(*config.database.external, service));
  }
  return access;
}

bool DatabaseAccess::migrates_at_start() const {
  return embedded_ != nullptr || config_.database.external->migrate_at_start;
}

absl::Status DatabaseAccess::Migrate() {
  db::MigrateOptions options;
  options.on_event = [](std::string_view event) { log::Info("migration", {{"event", event}}); };
  std::string owner;
  if (embedded_ != nullptr) {
    owner = embedded_->OwnerConnectionString();
  } else {
    options.role_prefix = config_.database.external->user_prefix;
    ASSIGN_OR_RETURN(owner, ExternalRole(*config_.database.external, kOwnerRole));
  }
  ASSIGN_OR_RETURN(const db::MigrateResult result, db::Migrate(owner, options));
  log::Info("schema is up to date", {{"version_before", result.version_before},
                                     {"version", result.version},
                                     {"incarnation", result.incarnation},
                                     {"incarnation_is_new", result.incarnation_is_new}});
  return absl::OkStatus();
}

absl::Status DatabaseAccess::CheckOnce() {
  const int want = static_cast<int>(db::Migrations().size());
  bool every_role_waits = true;
  for (const auto& [service, ignored] : connection_strings_) {
    ASSIGN_OR_RETURN(const std::unique_ptr<pg::RawConnection> connection,
                     pg::RawConnection::Connect(OptionsOf(service)));
    ASSIGN_OR_RETURN(const int got, SchemaVersion(*connection));
    if (got < want - 1 || got == 0) return SchemaNotReady(got, want);
    ASSIGN_OR_RETURN(const pg::Durability durability, pg::CheckDurability(*connection));
    every_role_waits = every_role_waits && durability.synchronous_standby;
  }
  synchronous_standby_ = every_role_waits;
  return absl::OkStatus();
}

absl::Status DatabaseAccess::WaitUntilUsable(const std::function<bool()>& stop_requested) {
  const absl::Time give_up = absl::Now() + kPatience;
  std::string said;
  while (true) {
    const absl::Status status = CheckOnce();
    if (status.ok() || !errors::IsRetryable(status)) return status;
    if (stop_requested() || absl::Now() > give_up) return status;
    if (std::string message(status.message()); message != said) {
      log::Warning("waiting for the database", {{"error", status}});
      said = std::move(message);
    }
    absl::SleepFor(kRetryInterval);
  }
}

pg::Options DatabaseAccess::OptionsOf(std::string_view service) const {
  const auto found = connection_strings_.find(service);
  if (found == connection_strings_.end()) {
    fprintf(stderr, "database access of \"%.*s\", which this process does not host\n",
            static_cast<int>(service.size()), service.data());
    abort();
  }
  pg::Options options;
  options.connection_string = found->second;
  options.application_name = found->first;
  options.connections_max = config_.database.connections_per_service_max;
  return options;
}

absl::Status DatabaseAccess::Stop() { return embedded_ == nullptr ? absl::OkStatus() : embedded_->Stop(); }

}  // namespace quartermaster
