// db migrate
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "db/migrator.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

constexpr char kConnectionVariable[] = "QMCTL_DATABASE";

struct MigrateCommandOptions {
  std::string connection_file;
  std::string role_prefix = "qm_";
};

// A connection string may hold a password, so it never stands on the command line.
absl::StatusOr<std::string> ConnectionString(const MigrateCommandOptions& options) {
  std::string text;
  if (!options.connection_file.empty()) {
    ASSIGN_OR_RETURN(text, client::ReadFile(options.connection_file, 1 << 16));
  } else if (const char* variable = std::getenv(kConnectionVariable)) {
    text = variable;
  }
  absl::StripAsciiWhitespace(&text);
  if (text.empty()) {
    return client::Usage(absl::StrCat("database: got no connection string, want --connection-file FILE or ",
                                      kConnectionVariable));
  }
  return text;
}

const RowSpec<db::MigrateResult>& ResultSpec() {
  using R = db::MigrateResult;
  static const auto* spec = new RowSpec<R>{
      {"version_before", "Schema before", CellKind::kNumber,
       [](const R& r) { return Json(r.version_before); }},
      {"version", "Schema now", CellKind::kNumber, [](const R& r) { return Json(r.version); }},
      {"incarnation", "Incarnation", CellKind::kNumber, [](const R& r) { return Json(r.incarnation); }},
      {"incarnation_is_new", "New incarnation", CellKind::kFlag,
       [](const R& r) { return Json(r.incarnation_is_new); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Migrate(Invocation& invocation, const MigrateCommandOptions& options) {
  ASSIGN_OR_RETURN(const std::string connection, ConnectionString(options));
  db::MigrateOptions migrate;
  migrate.role_prefix = options.role_prefix;
  migrate.patience = absl::Seconds(invocation.options.timeout_s);
  migrate.on_event = [&](std::string_view event) { invocation.streams().err << "qmctl: " << event << '\n'; };
  const auto result = db::Migrate(connection, migrate);
  if (absl::IsUnavailable(result.status())) {
    return client::Unreachable(absl::StrCat("database: ", std::string(result.status().message())));
  }
  RETURN_IF_ERROR(result.status());
  invocation.output().Begin();
  invocation.output().Record(ResultSpec(), *result);
  invocation.output().End();
  return ExitCode::kOk;
}

}  // namespace

void AddDatabaseCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "db", "An external database (needs no credential of a node)");
  auto leaf = AddLeaf<MigrateCommandOptions>(
      group, "migrate", "Bring a database to the schema of this version", invocation, Migrate);
  leaf.app.add_option("--connection-file", leaf.options->connection_file,
                      absl::StrCat("File with the owner's connection string (default: ", kConnectionVariable,
                                   " in the environment)"));
  leaf.app.add_option("--role-prefix", leaf.options->role_prefix, "First part of the role names")
      ->capture_default_str();
}

}  // namespace quartermaster::qmctl
