#include "services/common/config/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "services/common/config/schema.h"
#include "services/common/errors/error.h"

namespace quartermaster::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<NodeConfig> Parse(std::string_view text) {
  return ParseNodeConfig(text, "node.yaml", "/etc/quartermaster");
}

// The lines of the one error that a file answers.
std::vector<std::string> Mistakes(std::string_view text) {
  const auto config = Parse(text);
  if (config.ok()) return {};
  EXPECT_EQ(errors::ErrorId(config.status()), "config.invalid");
  std::vector<std::string> lines;
  std::istringstream stream{std::string(config.status().message())};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string WriteFile(const std::string& name, const std::string& text, mode_t mode) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
  return path;
}

TEST(NodeConfig, AnEmptyFileIsANodeOnLoopbackWithItsOwnDatabase) {
  for (const char* text : {"", "# nothing\n", "gateway:\n  # all commented out\n", "{}"}) {
    const auto config = Parse(text);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->gateway.rest_listen, "127.0.0.1:8443");
    EXPECT_EQ(config->gateway.grpc_listen, "127.0.0.1:8444");
    EXPECT_FALSE(config->database.external.has_value());
    EXPECT_EQ(config->limits.document_bytes_max, 4 << 20);
    EXPECT_EQ(ServiceAddress(*config, "ledger"), "127.0.0.1:7102");
  }
}

TEST(NodeConfig, EveryFieldOfAFileIsRead) {
  const auto right = Parse(R"(
node_name: north-1
data_directory: data
key_encryption_key: {file: kek}
database:
  connections_per_service_max: 12
  external:
    connection_string: host=a,b port=5432 dbname=quartermaster
    user_prefix: prod_
    password: {environment: QM_PASSWORD}
    passwords:
      ledger: {file: /run/secrets/ledger}
    migrate_at_start: true
services:
  ingest: {listen: "10.0.0.1:7101", address: "ingest.internal:7101", metrics_listen: "[::1]:9"}
  ledger: {listen: "unix:/run/quartermaster/ledger.sock"}
internal_tls: {certificate_file: a.pem, key_file: a.key, ca_file: ../ca.pem}
gateway:
  rest_listen: 0.0.0.0:443
  grpc_listen: 0.0.0.0:444
  tls: {certificate_file: /g.pem, key_file: /g.key}
  server_names: [licenses.example, 10.0.0.1]
  administrator_secret: {file: administrator}
  requests_per_second_per_client_max: 7
  connections_max: 9
metrics: {listen: "0.0.0.0:9100", token: {file: token}}
log: {level: debug, format: text, requests: true}
clock: {offset: 90d}
limits:
  document_max: 8 MiB
  ingest_queue_max: 1GiB
  ingest_queue_reports_max: 5000
  call_deadline: 1m30s
  shutdown_grace: 5s
)");
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(right->node_name, "north-1");
  EXPECT_EQ(right->data_directory, "/etc/quartermaster/data");
  EXPECT_EQ(right->key_encryption_key.file, "/etc/quartermaster/kek");
  EXPECT_EQ(right->database.connections_per_service_max, 12);
  ASSERT_TRUE(right->database.external.has_value());
  EXPECT_EQ(right->database.external->user_prefix, "prod_");
  EXPECT_TRUE(right->database.external->migrate_at_start);
  EXPECT_EQ(right->database.external->PasswordOf("ledger").file, "/run/secrets/ledger");
  EXPECT_EQ(right->database.external->PasswordOf("ingest").environment, "QM_PASSWORD");
  EXPECT_EQ(ServiceAddress(*right, "ingest"), "ingest.internal:7101");
  EXPECT_EQ(ServiceAddress(*right, "ledger"), "unix:/run/quartermaster/ledger.sock");
  EXPECT_EQ(right->internal_tls.ca_file, "/etc/ca.pem");
  EXPECT_THAT(right->gateway.server_names, ElementsAre("licenses.example", "10.0.0.1"));
  EXPECT_EQ(right->gateway.administrator_secret.file, "/etc/quartermaster/administrator");
  EXPECT_EQ(right->gateway.requests_per_second_per_client_max, 7);
  EXPECT_EQ(right->metrics.token.file, "/etc/quartermaster/token");
  EXPECT_EQ(right->log.level, log::Level::kDebug);
  EXPECT_EQ(right->log.format, log::Format::kText);
  EXPECT_TRUE(right->log.requests);
  EXPECT_EQ(right->clock.offset, absl::Hours(90 * 24));
  EXPECT_EQ(right->limits.document_bytes_max, 8 << 20);
  EXPECT_EQ(right->limits.ingest_queue_bytes_max, 1 << 30);
  EXPECT_EQ(right->limits.call_deadline, absl::Seconds(90));
}

TEST(NodeConfig, AllMistakesAreReportedTogetherWithLineFieldGotAndWant) {
  EXPECT_THAT(
      Mistakes("node_nam: x\n"
               "log:\n"
               "  level: loud\n"
               "  colour: red\n"
               "limits: {document_max: 4 MB, call_deadline: soon}\n"
               "gateway:\n"
               "  rest_listen: 8443\n"
               "  server_names: licenses.example\n"
               "  connections_max: 0\n"
               "metrics: 9100\n"),
      ElementsAre(
          HasSubstr("node.yaml:1: node_nam: got an unknown field, want one of authorization, clock, "),
          "node.yaml:3: log.level: got \"loud\", want one of debug, info, warning, error",
          "node.yaml:4: log.colour: got an unknown field, want one of format, level, "
          "requests",
          "node.yaml:5: limits.document_max: got \"4 MB\", want 64 KiB to 64 MiB",
          "node.yaml:5: limits.call_deadline: got \"soon\", want duration 100ms to 1h",
          "node.yaml:7: gateway.rest_listen: got \"8443\", want host:port with port 1 to "
          "65535",
          "node.yaml:8: gateway.server_names: got \"licenses.example\", want list of DNS names "
          "and IP addresses",
          "node.yaml:9: gateway.connections_max: got \"0\", want 1 to 1000000",
          "node.yaml:10: metrics: got \"9100\", want a mapping of listen, token"));
}

TEST(NodeConfig, AFieldSetTwiceOrToNothingIsAMistake) {
  EXPECT_THAT(Mistakes("node_name: a\nnode_name: b\ndata_directory:\n"),
              ElementsAre("node.yaml:2: node_name: got the field a second time, want each field "
                          "once",
                          "node.yaml:3: data_directory: got nothing, want path"));
}

TEST(NodeConfig, TextThatIsNoYamlIsRefusedWithItsLine) {
  EXPECT_THAT(Mistakes("node_name: [a\nb: c"), ElementsAre(HasSubstr("node.yaml:2: got no YAML")));
  EXPECT_THAT(Mistakes("node_name: \"a\\0b\"\n"),
              ElementsAre("node.yaml:1: node_name: got \"a\\000b\", want text without control characters"));
  EXPECT_THAT(Mistakes("node_name: \"a\\nb\"\n"),
              ElementsAre("node.yaml:1: node_name: got \"a\\nb\", want text without control characters"));
  EXPECT_THAT(Mistakes("just text"), ElementsAre(HasSubstr("want a mapping")));
  EXPECT_THAT(Mistakes("a: 1\n---\nb: 2\n"), ElementsAre(HasSubstr("2 YAML documents")));
  EXPECT_THAT(Mistakes("log: &x {level: *x}"), ElementsAre(HasSubstr("log.level")));
}

TEST(NodeConfig, AServiceListensBeyondLoopbackOnlyWithMutualTls) {
  const std::string open = "services:\n  ledger:\n    listen: 0.0.0.0:7102\n";
  EXPECT_THAT(Mistakes(open), ElementsAre(HasSubstr("node.yaml:3: services.ledger.listen: got "
                                                    "\"0.0.0.0:7102\", want a loopback address")));
  EXPECT_THAT(Mistakes(open + "internal_tls: {certificate_file: a, key_file: b}\n"),
              ElementsAre(HasSubstr("ca_file")));
  EXPECT_THAT(Mistakes(open + "internal_tls: {certificate_file: a, key_file: b, ca_file: c}\n"),
              ElementsAre());
}

TEST(NodeConfig, MetricsBeyondLoopbackNeedAToken) {
  EXPECT_THAT(Mistakes("metrics: {listen: \"0.0.0.0:9100\"}"), ElementsAre(HasSubstr("metrics.listen")));
  EXPECT_THAT(Mistakes("services: {ledger: {metrics_listen: \"0.0.0.0:9100\"}}"),
              ElementsAre(HasSubstr("services.ledger.metrics_listen")));
  EXPECT_THAT(Mistakes("metrics: {listen: \"0.0.0.0:9100\", token: {file: t}}"), ElementsAre());
}

TEST(NodeConfig, ACertificateNeedsItsKey) {
  EXPECT_THAT(Mistakes("gateway: {tls: {certificate_file: a}}"),
              ElementsAre(HasSubstr("gateway.tls.key_file: got nothing")));
}

TEST(NodeConfig, TheDatabaseIsEmbeddedOrExternal) {
  EXPECT_THAT(Mistakes("database:\n"
                       "  embedded: {shared_buffers: 1 GiB}\n"
                       "  external: {connection_string: dbname=q}\n"),
              ElementsAre(HasSubstr("node.yaml:2: database.embedded: got a second kind")));
  EXPECT_THAT(Mistakes("database: {external: {user_prefix: x}}"),
              ElementsAre(HasSubstr("connection_string: got nothing")));
}

TEST(NodeConfig, AnEmptyDatabaseSectionIsNoEmbeddedDatabase) {
  EXPECT_THAT(Mistakes("database:\n  external:\n#   connection_string: dbname=q\n"),
              ElementsAre(HasSubstr("node.yaml:2: database.external.connection_string: got nothing")));
  // Sections that decide nothing may be empty.
  EXPECT_THAT(Mistakes("log:\nlimits:\n"), ElementsAre());
}

TEST(NodeConfig, AServerNameIsADnsNameOrAnAddress) {
  EXPECT_THAT(Mistakes("gateway:\n"
                       "  server_names:\n"
                       "    - licenses.example\n"
                       "    - https://licenses.example\n"
                       "    - 10.0.0.256\n"
                       "    - \"*.licenses.example\"\n"
                       "    - \"2001:db8::1\"\n"
                       "    - \"licenses.example:8443\"\n"
                       "    - -x.example\n"
                       "    - host_1\n"),
              ElementsAre(HasSubstr("node.yaml:4: gateway.server_names[1]: got \"https://licenses.example\", "
                                    "want a DNS name or an IP address"),
                          HasSubstr("node.yaml:5: gateway.server_names[2]: got \"10.0.0.256\""),
                          HasSubstr("node.yaml:8: gateway.server_names[5]"),
                          HasSubstr("node.yaml:9: gateway.server_names[6]")));
}

TEST(NodeConfig, ASecretInTheFileIsRefusedAndNotRepeated) {
  for (const char* text : {"metrics: {token: hunter2}", "metrics: {token: [hunter2]}",
                           "gateway: {administrator_secret: hunter2}",
                           "database: {external: {connection_string: \"host=a password=hunter2\"}}",
                           "database: {external: {connection_string: \"postgresql://u:hunter2@a/q\"}}",
                           "database: {external: {connection_string: \"passwort=hunter2\"}}"}) {
    const auto config = Parse(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_THAT(std::string(config.status().message()), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(NodeConfig, ASecretIsReadFromItsFileWithoutTheNewline) {
  const SecretReference reference{WriteFile("secret", "s3cret\n", 0640), ""};
  const auto secret = reference.Read();
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_EQ(secret->Reveal(), "s3cret");
}

TEST(NodeConfig, ASecretThatOthersCanReadIsRefused) {
  const SecretReference open{WriteFile("open", "s3cret\n", 0644), ""};
  EXPECT_EQ(errors::ErrorId(open.Read().status()), "config.secret_unreadable");
  EXPECT_THAT(std::string(open.Read().status().message()), HasSubstr("got mode 0644"));
  EXPECT_FALSE(SecretReference({WriteFile("empty", "\n", 0600), ""}).Read().ok());
  EXPECT_FALSE(SecretReference({testing::TempDir() + "/absent", ""}).Read().ok());
  EXPECT_FALSE(SecretReference({testing::TempDir(), ""}).Read().ok());
}

TEST(NodeConfig, ASecretIsReadFromTheEnvironment) {
  setenv("QM_TEST_SECRET", "from env", 1);
  EXPECT_EQ(SecretReference({"", "QM_TEST_SECRET"}).Read()->Reveal(), "from env");
  EXPECT_FALSE(SecretReference({"", "QM_TEST_ABSENT"}).Read().ok());
}

TEST(NodeConfig, AnAdministratorSecretIsLongAndFitsAHeader) {
  GatewayConfig gateway;
  const auto read = [&gateway](const std::string& text) {
    gateway.administrator_secret = {WriteFile("administrator", text, 0600), ""};
    return gateway.ReadAdministratorSecret();
  };
  const std::string shortest(32, 'k');
  EXPECT_EQ(read(shortest + "\n")->Reveal(), shortest);
  EXPECT_TRUE(read(std::string(256, 'k')).ok());
  for (const std::string& wrong : {std::string(31, 'k'), std::string(257, 'k'), shortest + " k",
                                   shortest + "\n\n", shortest + "\xc3\xa9"}) {
    const absl::Status status = read(wrong).status();
    EXPECT_EQ(errors::ErrorId(status), "config.invalid") << wrong;
    EXPECT_THAT(std::string(status.message()), HasSubstr("/administrator: got "));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("kkk")));
  }
  gateway.administrator_secret = {"", "QM_TEST_ABSENT"};
  EXPECT_EQ(errors::ErrorId(gateway.ReadAdministratorSecret().status()), "config.secret_unreadable");
}

TEST(NodeConfig, AFileIsLoadedAndItsDirectoryIsTheBaseOfPaths) {
  const std::string path = WriteFile("node.yaml", "data_directory: state\n", 0644);
  const auto config = LoadNodeConfig(path);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->data_directory, testing::EndsWith("/state"));
  EXPECT_EQ(config->data_directory.front(), '/');
  EXPECT_EQ(errors::ErrorId(LoadNodeConfig(path + ".absent").status()), "config.file_unreadable");
  EXPECT_EQ(errors::ErrorId(LoadNodeConfig(testing::TempDir()).status()), "config.file_unreadable");
}

TEST(NodeConfig, AFileMayBeNamedWithoutItsDirectory) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(::testing::TempDir());
  std::ofstream("bare.yaml") << "data_directory: here\n";
  const auto config = LoadNodeConfig("bare.yaml");
  const std::string want = std::filesystem::current_path() / "here";
  std::filesystem::current_path(before);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data_directory, want);
}

TEST(NodeConfig, TheReferencePageIsWhatTheSchemaSays) {
  std::ifstream file("docs/reference/configuration.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), ConfigurationReference())
      << "bazel run //services/common/config:print_reference > docs/reference/configuration.md";
}

}  // namespace
}  // namespace quartermaster::config
