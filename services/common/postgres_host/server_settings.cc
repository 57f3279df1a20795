#include "services/common/postgres_host/server_settings.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace quartermaster::postgres_host {
namespace {

std::string QuoteConf(const std::string& value) {
  return absl::StrCat("'", absl::StrReplaceAll(value, {{"'", "''"}, {"\\", "\\\\"}}), "'");
}

constexpr char kFixed[] = R"(
# An answer is given after COMMIT: these are what makes it true. A node refuses to start without.
fsync = on
full_page_writes = on
synchronous_commit = on

# Write-ahead log: few checkpoints, small full-page images.
wal_level = replica
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
# After a crash: one call instead of opening and syncing thousands of files.
recovery_init_sync_method = syncfs

# Short statements on a small machine: planning ahead of time beats compiling and forking.
jit = off
max_parallel_workers_per_gather = 0
random_page_cost = 1.1
# Somebody's forgotten transaction would hold back the change feeds and vacuum.
idle_in_transaction_session_timeout = 10min
# Months of partitions are touched by one statement.
max_locks_per_transaction = 256

# Append-heavy tables: many small, early rounds instead of a late big one. Inserts alone also start
# one, so that old rows are frozen and their visibility known before a report asks.
autovacuum_naptime = 30s
autovacuum_max_workers = 2
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.1
autovacuum_analyze_scale_factor = 0.02
autovacuum_vacuum_cost_limit = 1000

# The server outlives the node that started it, so it keeps its own log: a week of days.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u %a '
log_lock_waits = on
log_min_duration_statement = 5s
# Values may be secrets; statements name them by number only.
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0

timezone = 'UTC'
lc_messages = 'C'
)";

}  // namespace

std::string ConfText(const ServerSettings& settings) {
  constexpr int64_t kMiB = 1 << 20;
  return absl::StrCat("# Written by the node at every start. Put your own settings into local.conf.\n",
                      "listen_addresses = ''\n", "port = 5432\n",
                      "unix_socket_directories = ", QuoteConf(settings.socket_directory), "\n",
                      "max_connections = ", settings.connections_max, "\n",
                      "shared_buffers = ", settings.shared_buffers_bytes / kMiB, "MB\n",
                      "effective_cache_size = ", 3 * settings.shared_buffers_bytes / kMiB, "MB\n",
                      "max_wal_size = ", settings.wal_bytes_max / kMiB, "MB\n",
                      "wal_compression = ", settings.wal_compression, "\n", kFixed,
                      "\ninclude_if_exists = 'local.conf'\n");
}

std::string HbaText() {
  return "# Written by the node at every start. Only mapped users of this machine come in.\n"
         "local all all peer map=quartermaster\n";
}

const std::vector<std::string>& MappedRoles() {
  static const auto* roles = new std::vector<std::string>{kAdminRole,  "qm_owner",     "qm_ingest",
                                                          "qm_ledger", "qm_authority", "qm_gateway"};
  return *roles;
}

std::string IdentText(const std::string& os_user) {
  std::string text = "# Written by the node at every start.\n";
  for (const std::string& role : MappedRoles()) {
    absl::StrAppend(&text, "quartermaster \"", os_user, "\" ", role, "\n");
  }
  return text;
}

}  // namespace quartermaster::postgres_host
