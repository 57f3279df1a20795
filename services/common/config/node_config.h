// The configuration of a node: one YAML file for every process, all fields optional. Unknown fields
// are errors, all errors are reported together as "file:line: field: got X, want Y", and secrets
// stand in files or the environment, never in the configuration or in arguments. Every field is
// described in docs/reference/configuration.md; a test compares it with the schema (schema.h).
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_NODE_CONFIG_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_NODE_CONFIG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/config/addresses.h"
#include "services/common/config/tls_files.h"
#include "services/common/log/log.h"
#include "services/common/log/secret.h"

namespace quartermaster::config {

// Where a secret stands; read when it is needed, so that a process need not see the others'.
struct SecretReference {
  std::string file;         // path; a trailing newline is not part of the secret
  std::string environment;  // name of an environment variable

  bool is_set() const { return !file.empty() || !environment.empty(); }
  // `config.secret_unreadable` when it is not there, is empty, or its file is readable by others.
  absl::StatusOr<log::Secret> Read() const;
};

// The private PostgreSQL that the node starts in <data_directory>/postgres.
struct EmbeddedDatabase {
  // Directory with initdb and postgres; empty = the newest of the usual places.
  std::string binary_directory;
  int64_t shared_buffers_bytes = 256ll << 20;
  int64_t wal_bytes_max = 2ll << 30;
  int connections_max = 100;
};

struct ExternalDatabase {
  // libpq keywords or URI, without user and password; may name several hosts.
  std::string connection_string;
  // A service connects as <user_prefix><service>, migrations as <user_prefix>owner.
  std::string user_prefix = "qm_";
  // For every role that has none of its own.
  SecretReference password;
  // By "owner", "ingest", "ledger", "authority", "gateway".
  std::map<std::string, SecretReference, std::less<>> passwords;
  // Apply migrations when a process starts; otherwise `<process> migrate` does.
  bool migrate_at_start = false;

  const SecretReference& PasswordOf(std::string_view role) const;
};

struct DatabaseConfig {
  EmbeddedDatabase embedded;
  // Set = no embedded PostgreSQL.
  std::optional<ExternalDatabase> external;
  // Pooled connections of each service, beside those of its hot paths.
  int connections_per_service_max = 8;
};

// Of one service behind the gateway, or of the gateway itself (metrics_listen only).
struct ServiceConfig {
  // "host:port" or "unix:/path", where this service's process listens. Not set: a process that
  // hosts one service takes the default port, one that hosts several does not listen at all.
  std::optional<std::string> listen;
  // Where callers in other processes find it; not set = its listen address.
  std::optional<std::string> address;
  // Metrics listener of its own process; not set = the default port.
  std::optional<std::string> metrics_listen;
};

struct GatewayConfig {
  std::string rest_listen = "127.0.0.1:8443";
  std::string grpc_listen = "127.0.0.1:8444";
  // Not set: a CA and a certificate are made at the first start in <data_directory>/tls.
  TlsFiles tls;
  // DNS names and addresses that the made certificate is for, beside localhost and loopback.
  std::vector<std::string> server_names;
  // Of the client "administrator". Not set: one is made at the first start, in
  // <data_directory>/credentials.
  SecretReference administrator_secret;
  // `config.secret_unreadable`; `config.invalid` for one that could be guessed, or that no
  // authorization header could carry (services/gateway/domain/bearer_token.h).
  absl::StatusOr<log::Secret> ReadAdministratorSecret() const;
  // Calls that one client may make per second; bursts of twice as many.
  int requests_per_second_per_client_max = 20000;
  // Of REST and devices; connections_per_address_max of them from one address (of IPv6: one /64).
  int connections_max = 4096;
  int connections_per_address_max = 1024;
};

struct MetricsConfig {
  // Of the all-in-one process; other processes see ServiceConfig::metrics_listen.
  std::string listen = "127.0.0.1:9100";
  // Bearer token for GET /metrics; needed when a metrics listener is not loopback.
  SecretReference token;
};

struct LogConfig {
  log::Level level = log::Level::kInfo;
  log::Format format = log::Format::kJson;
  // One line per call, also for those that succeed.
  bool requests = false;
};

struct ClockConfig {
  // Added to the machine's time: simulations only.
  absl::Duration offset = absl::ZeroDuration();
};

// What an operator may want to move. Limits that are part of a format are rules, not configuration
// (services/ingest/domain/limits.h).
struct LimitsConfig {
  int64_t document_bytes_max = 4ll << 20;
  // Accepted but not yet committed; beyond, calls answer RESOURCE_EXHAUSTED with a retry delay.
  int ingest_queue_reports_max = 20000;
  int64_t ingest_queue_bytes_max = 64ll << 20;
  // An import of which nothing came for so long is ended: it holds one of few places.
  absl::Duration import_idle_timeout = absl::Seconds(60);
  // Deadline of a call that brings none.
  absl::Duration call_deadline = absl::Seconds(30);
  // From SIGTERM until what is still running is cut.
  absl::Duration shutdown_grace = absl::Seconds(25);
};

// What the licensing rules leave to the operator.
struct UsageConfig {
  // A time without a report is a gap when it is longer than this.
  absl::Duration gap_after = absl::Hours(1);
  // Whether stale use (the product instance reported other tags for 30 days beyond it) is released by itself.
  bool release_stale = false;
};

// Of the trust codes that the authority gives to product instances.
struct TrustConfig {
  // Of a new one; it never outlives the authority's CA.
  absl::Duration code_validity = absl::Hours(24 * 1096);
  // For which the key before stays good when another one took its place.
  absl::Duration renewal_overlap = absl::Hours(24 * 30);
};

// How long what is not needed any more is kept (docs/reference/retention.md).
struct RetentionConfig {
  // Bodies of reports, by the month of their receipt; not set = for ever.
  std::optional<absl::Duration> reports;
  // Whether reports that nobody here can verify, and so acknowledge, go like the others.
  bool give_up_unverifiable = false;
};

// How long a quantity is set aside for an authorization that has no code.
struct AuthorizationConfig {
  // Until its code is signed.
  absl::Duration hold_timeout = absl::Minutes(15);
  // Until somebody approved it.
  absl::Duration approval_timeout = absl::Hours(72);
};

struct NodeConfig {
  std::string node_name = "quartermaster";
  // Absolute. Everything that a node keeps is below it.
  std::string data_directory = "/var/lib/quartermaster";
  DatabaseConfig database;
  // By "ingest", "ledger", "authority", "gateway"; all four are present.
  std::map<std::string, ServiceConfig, std::less<>> services;
  // mTLS between services; required when a service listens beyond loopback.
  TlsFiles internal_tls;
  GatewayConfig gateway;
  MetricsConfig metrics;
  // Encrypts the node's private keys at rest. Not set: made at the first start in
  // <data_directory>/secrets/key_encryption_key (mode 0600). 64 hex digits, as `openssl rand -hex 32`
  // prints them; every replica has the same.
  SecretReference key_encryption_key;
  LogConfig log;
  ClockConfig clock;
  LimitsConfig limits;
  UsageConfig usage;
  TrustConfig trust;
  RetentionConfig retention;
  AuthorizationConfig authorization;

  // The service's settings; a name that is not a service ends the process.
  const ServiceConfig& Service(std::string_view name) const;
};

// A configuration with every default and the four services present.
NodeConfig DefaultNodeConfig();

// Reads and checks `path`. Paths in the file are relative to its directory. One error
// `config.invalid` lists every mistake, one a line.
absl::StatusOr<NodeConfig> LoadNodeConfig(const std::string& path);

// The same for text; `name` stands where the file's name would.
absl::StatusOr<NodeConfig> ParseNodeConfig(std::string_view text, const std::string& name,
                                           const std::string& base_directory);

// Default addresses: ("ingest") -> "127.0.0.1:7101" and so on.
std::string_view DefaultListen(std::string_view service);
std::string_view DefaultMetricsListen(std::string_view process);

// Where callers reach `service` when it is not in their process.
std::string ServiceAddress(const NodeConfig& config, std::string_view service);

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_NODE_CONFIG_H_
