#include "services/common/config/schema.h"

#include "absl/strings/str_cat.h"
#include "services/common/config/addresses.h"
#include "services/common/config/fields.h"

namespace quartermaster::config {
namespace {

using Fields = std::vector<FieldSchema>;

constexpr const char* kRoles[] = {"owner", "ingest", "ledger", "authority", "gateway"};

void AddNode(NodeConfig& c, Fields& fields) {
  fields.push_back(
      Text("node_name", &c.node_name, "Name of this node in logs, exchanged files and certificates."));
  fields.push_back(Path("data_directory", &c.data_directory,
                        "Everything that the node keeps is below it. `--data-directory` on the "
                        "command line wins."));
  fields.push_back(SecretAt("key_encryption_key", &c.key_encryption_key,
                            "Encrypts the node's private keys, ID tokens and codes of authorizations at "
                            "rest: 64 hex digits, as `openssl rand -hex 32` "
                            "prints them, the same in every replica. Not set: made at the first start in "
                            "`<data_directory>/secrets/key_encryption_key`."));
}

void AddDatabase(Draft& draft, Fields& fields) {
  DatabaseConfig& database = draft.config.database;
  fields.push_back(Integer("database.connections_per_service_max", &database.connections_per_service_max, 1,
                           500, "Pooled connections of each service, beside those of its hot paths."));
  EmbeddedDatabase& embedded = database.embedded;
  fields.push_back(Path("database.embedded.binary_directory", &embedded.binary_directory,
                        "Directory with `initdb` and `postgres`. Not set: the newest of the usual "
                        "places."));
  fields.push_back(Bytes("database.embedded.shared_buffers", &embedded.shared_buffers_bytes, 1ll << 20,
                         1ll << 40, "PostgreSQL's `shared_buffers`."));
  fields.push_back(Bytes("database.embedded.wal_max", &embedded.wal_bytes_max, 64ll << 20, 1ll << 40,
                         "PostgreSQL's `max_wal_size`."));
  fields.push_back(Integer("database.embedded.connections_max", &embedded.connections_max, 20, 10000,
                           "PostgreSQL's `max_connections`."));
  ExternalDatabase& external = draft.external;
  fields.push_back(Text("database.external.connection_string", &external.connection_string,
                        "libpq keywords or URI without user and password; may name several hosts. "
                        "Required in this section."));
  fields.push_back(Text("database.external.user_prefix", &external.user_prefix,
                        "A service connects as `<user_prefix><service>`, migrations as "
                        "`<user_prefix>owner`."));
  fields.push_back(
      SecretAt("database.external.password", &external.password, "For every role that has none of its own."));
  for (const char* role : kRoles) {
    fields.push_back(SecretAt(absl::StrCat("database.external.passwords.", role), &external.passwords[role],
                              absl::StrCat("Password of the role `<user_prefix>", role, "`.")));
  }
  fields.push_back(Boolean("database.external.migrate_at_start", &external.migrate_at_start,
                           "Apply migrations when a process starts; otherwise the command "
                           "`migrate` does."));
}

void AddServices(NodeConfig& c, Fields& fields) {
  for (const char* name : {"ingest", "ledger", "authority"}) {
    ServiceConfig& service = c.services.find(name)->second;
    const std::string prefix = absl::StrCat("services.", name, ".");
    const std::string listen(DefaultListen(name));
    fields.push_back(OptionalAddress(prefix + "listen", &service.listen, /*unix_allowed=*/true, "",
                                     absl::StrCat("Where the service's process listens. Not set: `", listen,
                                                  "` in its own process, no listener in the "
                                                  "all-in-one process.")));
    fields.push_back(OptionalAddress(prefix + "address", &service.address, /*unix_allowed=*/true, "",
                                     "Where other processes find it. Not set: its listener."));
  }
  for (const char* name : {"ingest", "ledger", "authority", "gateway"}) {
    fields.push_back(OptionalAddress(
        absl::StrCat("services.", name, ".metrics_listen"), &c.services.find(name)->second.metrics_listen,
        /*unix_allowed=*/false, std::string(DefaultMetricsListen(name)),
        "Metrics and health of its own process (the all-in-one process: `metrics.listen`)."));
  }
}

void AddTls(const std::string& prefix, TlsFiles& tls, const std::string& whose, Fields& fields) {
  fields.push_back(
      Path(prefix + "certificate_file", &tls.certificate_file, "PEM certificate chain " + whose));
  fields.push_back(Path(prefix + "key_file", &tls.key_file, "PEM private key " + whose));
}

void AddListeners(NodeConfig& c, Fields& fields) {
  AddTls("internal_tls.", c.internal_tls, "between services. Needed when a service listens beyond loopback.",
         fields);
  fields.push_back(Path("internal_tls.ca_file", &c.internal_tls.ca_file,
                        "PEM certificate authority that signed the certificates of the services."));
  GatewayConfig& gateway = c.gateway;
  fields.push_back(Address("gateway.rest_listen", &gateway.rest_listen, "REST API and devices (TLS)."));
  fields.push_back(Address("gateway.grpc_listen", &gateway.grpc_listen, "gRPC API (TLS)."));
  AddTls("gateway.tls.", gateway.tls,
         "of the gateway. Not set: a certificate authority and a certificate are made at the "
         "first start in `<data_directory>/tls`.",
         fields);
  fields.push_back(ServerNames("gateway.server_names", &gateway.server_names,
                               "Names and addresses that the made certificate is for, beside "
                               "localhost and loopback."));
  fields.push_back(SecretAt(
      "gateway.administrator_secret", &gateway.administrator_secret,
      "Secret of the client `administrator`, 32 to 256 printable characters without blanks, the same "
      "in every replica: each start makes it the one that opens the door. Not set: made at the "
      "first start, see `<data_directory>/credentials/administrator.json`."));
  fields.push_back(Integer("gateway.requests_per_second_per_client_max",
                           &gateway.requests_per_second_per_client_max, 1, 1000000,
                           "Calls that one client may make per second; bursts of twice as many."));
  fields.push_back(Integer("gateway.connections_max", &gateway.connections_max, 1, 1000000,
                           "Open connections of REST and devices."));
  fields.push_back(
      Integer("gateway.connections_per_address_max", &gateway.connections_per_address_max, 1, 1000000,
              "The same, from one address (of IPv6: one /64). Behind a proxy or a load balancer, "
              "which brings everybody from its own: as many as `connections_max`."));
  fields.push_back(
      Address("metrics.listen", &c.metrics.listen, "Metrics and health of the all-in-one process."));
  fields.push_back(SecretAt("metrics.token", &c.metrics.token,
                            "Bearer token for `GET /metrics`. Needed when a metrics listener is "
                            "not loopback."));
}

void AddRest(NodeConfig& c, Fields& fields) {
  fields.push_back(Choice<log::Level>("log.level", &c.log.level,
                                      {{"debug", log::Level::kDebug},
                                       {"info", log::Level::kInfo},
                                       {"warning", log::Level::kWarning},
                                       {"error", log::Level::kError}},
                                      "The least level that is written to stderr."));
  fields.push_back(Choice<log::Format>("log.format", &c.log.format,
                                       {{"json", log::Format::kJson}, {"text", log::Format::kText}},
                                       "One JSON object or one text line each."));
  fields.push_back(
      Boolean("log.requests", &c.log.requests, "One line per call, also for those that succeed."));
  fields.push_back(Duration("clock.offset", &c.clock.offset, absl::Hours(-24 * 36500),
                            absl::Hours(24 * 36500), "Added to the machine's time: simulations only."));
  LimitsConfig& limits = c.limits;
  fields.push_back(
      Bytes("limits.document_max", &limits.document_bytes_max, 64ll << 10, 64ll << 20,
            "One submitted document, and every other request message or body. Files that are imported may "
            "have any size."));
  fields.push_back(Bytes("limits.ingest_queue_max", &limits.ingest_queue_bytes_max, 1ll << 20, 4ll << 30,
                         "Bytes of reports that wait for their commit; beyond, callers are told to "
                         "come back."));
  fields.push_back(Integer("limits.ingest_queue_reports_max", &limits.ingest_queue_reports_max, 100, 10000000,
                           "The same, in reports."));
  fields.push_back(
      Duration("limits.import_idle_timeout", &limits.import_idle_timeout, absl::Seconds(1), absl::Hours(24),
               "An import of which nothing came, or that read no answer, for so long is ended: it "
               "holds one of few places."));
  fields.push_back(Duration("limits.call_deadline", &limits.call_deadline, absl::Milliseconds(100),
                            absl::Hours(1), "Deadline of a call that brings none."));
  fields.push_back(Duration("limits.shutdown_grace", &limits.shutdown_grace, absl::Seconds(1), absl::Hours(1),
                            "From SIGTERM until what still runs is cut."));
  fields.push_back(
      Duration("usage.gap_after", &c.usage.gap_after, absl::Hours(1), absl::Hours(24 * 365),
               "A time for which a product instance has reported nothing is a gap when it is longer."));
  fields.push_back(
      Boolean("usage.release_stale", &c.usage.release_stale,
              "Release use by itself, each hour, when its product instance has reported other tags "
              "for 30 days beyond it. Otherwise it counts until somebody releases it."));
  fields.push_back(
      Duration("trust.code_validity", &c.trust.code_validity, absl::Hours(1), absl::Hours(24 * 3652),
               "Of a new trust code; it never outlives the authority's CA. Product instances renew "
               "it when half of it is over."));
  fields.push_back(Duration("trust.renewal_overlap", &c.trust.renewal_overlap, absl::Hours(1),
                            absl::Hours(24 * 365),
                            "How long the key before stays good when a product instance got a trust code for "
                            "another one."));
  fields.push_back(OptionalDuration("retention.reports", &c.retention.reports, absl::Hours(24 * 90),
                                    absl::Hours(24 * 36500),
                                    "How long the bodies of reports are kept, in whole months of their "
                                    "receipt; not set: for ever. What has to "
                                    "stay, stays ([retention.md](retention.md))."));
  fields.push_back(
      Boolean("retention.give_up_unverifiable", &c.retention.give_up_unverifiable,
              "Let reports go too that nobody here can verify. Otherwise they stay, because the authority "
              "that could acknowledge them has not."));
  fields.push_back(
      Duration("authorization.hold_timeout", &c.authorization.hold_timeout, absl::Minutes(1), absl::Hours(24),
               "How long a quantity is set aside for an authorization code until it is signed."));
  fields.push_back(Duration("authorization.approval_timeout", &c.authorization.approval_timeout,
                            absl::Minutes(1), absl::Hours(24 * 90),
                            "How long it is set aside until somebody approved an export-controlled one."));
}

}  // namespace

std::vector<FieldSchema> Schema(Draft& draft) {
  Fields fields;
  AddNode(draft.config, fields);
  AddDatabase(draft, fields);
  AddServices(draft.config, fields);
  AddListeners(draft.config, fields);
  AddRest(draft.config, fields);
  return fields;
}

}  // namespace quartermaster::config
