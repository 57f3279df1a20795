// Walks every command: each prints whole JSON and useful CSV, and together they reach the whole API.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/example_node.h"
#include "clients/qmctl/input/csv_reader.h"
#include "quartermaster/authority/v1/authority.pb.h"
#include "quartermaster/gateway/v1/gateway.pb.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "quartermaster/ledger/v1/accounts.pb.h"
#include "quartermaster/ledger/v1/books.pb.h"
#include "quartermaster/ledger/v1/catalog.pb.h"
#include "quartermaster/ledger/v1/compliance.pb.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"

namespace quartermaster::qmctl {
namespace {

using Arguments = std::vector<std::string>;

// Needs a database instead of a node: db/ has its tests.
constexpr char kDatabaseCommand[] = "db migrate";

// All services of the example serve.
constexpr char kEmptyColumn[] = "not_serving";

std::string File(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  EXPECT_TRUE(client::WriteFileAtomically(path, text).ok());
  return path;
}

// Every command, with what it needs; the commands that write a file say their format in the long way.
std::map<std::string, Arguments> Commands() {
  const std::string written = ::testing::TempDir() + "/written";
  return {
      {"ack export", {"--product-instance", "PID:SN", "-o", written}},
      {"ack poll", {"77"}},
      {"catalog import", {File("tags.csv", "tag\nt\n")}},
      {"catalog list", {}},
      {"compliance", {"--as-of", "2026-01-01"}},
      {"entitlement import", {File("rights.csv", "entitlement_id,tag,quantity\nE1,t,5\n")}},
      {"entitlement list", {}},
      {"entitlement reverse", {"7"}},
      {"entitlement transfer", {"--tag", "t", "--from", "A", "--to", "B", "--quantity", "1"}},
      {"fsck", {}},
      {"node", {}},
      {"product-instance import", {File("known.csv", "product_id,serial_number\nPID,SN\n")}},
      {"product-instance list", {}},
      {"product-instance release", {"PID:SN", "--tag", "t"}},
      {"product-instance show", {"PID:SN"}},
      {"smart-account create", {"corp.example.com"}},
      {"smart-account list", {}},
      {"smart-account unverifiable-reports", {"--count", "no"}},
      {"trust authority export", {"-o", written}},
      {"trust ca import", {File("ca.pem", "any")}},
      {"trust certificate import", {File("certificates.pem", "any")}},
      {"trust certificate list", {}},
      {"usage import", {File("usage.xml", "any")}},
      {"usage list", {}},
      {"usage show", {"1-0"}},
      {"virtual-account create", {"Branches"}},
      {"virtual-account list", {}},
  };
}

void AddLeaves(const CLI::App& app, const std::string& prefix, std::set<std::string>& names) {
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string name = prefix.empty() ? child->get_name() : prefix + " " + child->get_name();
    if (child->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      names.insert(name);
    } else {
      AddLeaves(*child, name, names);
    }
  }
}

// As the parser has them.
std::set<std::string> CommandNames() {
  std::ostringstream unused;
  Invocation invocation("qmctl", {unused, unused, 0, false});
  CLI::App app;
  QmctlProgram().add_commands(app, invocation);
  std::set<std::string> names;
  AddLeaves(app, "", names);
  return names;
}

class EveryCommandTest : public ::testing::Test {
 protected:
  EveryCommandTest() { unsetenv("QMCTL_CREDENTIALS"); }

  std::string Print(const std::string& name, const Arguments& options, const std::string& format) {
    Arguments arguments = {"--credentials", node_.credentials(), "--timeout", "5", "--output", format};
    std::istringstream words(name);
    for (std::string word; words >> word;) arguments.push_back(word);
    arguments.insert(arguments.end(), options.begin(), options.end());
    std::ostringstream out;
    std::ostringstream err;
    const ExitCode code = command_line::RunProgram(QmctlProgram(), arguments, {out, err, 0, false});
    // The examples hold refused rows and findings too.
    EXPECT_TRUE(code == ExitCode::kOk || code == ExitCode::kRefused) << err.str();
    EXPECT_FALSE(absl::StrContains(err.str(), "qmctl: client.")) << err.str();
    return out.str();
  }

  ExampleNode node_;
};

TEST_F(EveryCommandTest, TheTableOfThisTestHasEveryCommand) {
  std::set<std::string> here = {kDatabaseCommand};
  for (const auto& [name, options] : Commands()) here.insert(name);
  EXPECT_EQ(here, CommandNames());
}

TEST_F(EveryCommandTest, PrintsOneJsonObjectThatSaysSomething) {
  for (const auto& [name, options] : Commands()) {
    SCOPED_TRACE(name);
    const std::string out = Print(name, options, "json");
    const auto json = nlohmann::json::parse(out, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(json.is_object() && !json.empty()) << out;
  }
}

TEST_F(EveryCommandTest, PrintsCsvWithAHeadingAndALineThatSaysSomething) {
  for (const auto& [name, options] : Commands()) {
    SCOPED_TRACE(name);
    const std::string out = Print(name, options, "csv");
    const auto table = ReadCsv(out);
    ASSERT_TRUE(table.ok()) << table.status() << "\n" << out;
    ASSERT_FALSE(table->records.empty()) << out;
    for (const CsvRecord& record : table->records) {
      const auto filled = std::count_if(record.fields.begin(), record.fields.end(),
                                        [](const std::string& field) { return !field.empty(); });
      EXPECT_GT(filled, 0) << out;
    }
    // A line may leave columns to other lines, but no column is empty in all of them.
    for (size_t i = 0; i < table->header.size(); ++i) {
      if (table->header[i] == kEmptyColumn) continue;
      EXPECT_TRUE(std::any_of(table->records.begin(), table->records.end(),
                              [&](const CsvRecord& record) { return !record.fields[i].empty(); }))
          << table->header[i] << "\n"
          << out;
    }
  }
}

// Methods that no command of qmctl calls, and why.
const std::set<std::string>& MethodsLeftOut() {
  static const auto* methods = new std::set<std::string>{
      // Senders of reports push by it; `usage import` streams files of any size instead.
      "quartermaster.ingest.v1.UsageService.SubmitReports",
  };
  return *methods;
}

void AddMethods(const google::protobuf::FileDescriptor& file, std::set<std::string>& names) {
  for (int i = 0; i < file.service_count(); ++i) {
    for (int k = 0; k < file.service(i)->method_count(); ++k) {
      names.insert(file.service(i)->method(k)->full_name());
    }
  }
}

TEST_F(EveryCommandTest, TheCommandsReachEveryMethodOfTheApi) {
  for (const auto& [name, options] : Commands()) Print(name, options, "json");
  std::set<std::string> api;
  AddMethods(*authority::v1::Acknowledgement::descriptor()->file(), api);
  AddMethods(*gateway::v1::Node::descriptor()->file(), api);
  AddMethods(*ingest::v1::Report::descriptor()->file(), api);
  AddMethods(*ledger::v1::SmartAccount::descriptor()->file(), api);
  AddMethods(*ledger::v1::CheckBooksRequest::descriptor()->file(), api);
  AddMethods(*ledger::v1::LicenseTag::descriptor()->file(), api);
  AddMethods(*ledger::v1::GetComplianceRequest::descriptor()->file(), api);
  AddMethods(*ledger::v1::Entitlement::descriptor()->file(), api);
  AddMethods(*ledger::v1::ProductInstance::descriptor()->file(), api);
  for (const std::string& method : MethodsLeftOut()) EXPECT_EQ(api.erase(method), 1u) << method;
  EXPECT_EQ(node_.methods_called(), api);
}

}  // namespace
}  // namespace quartermaster::qmctl
