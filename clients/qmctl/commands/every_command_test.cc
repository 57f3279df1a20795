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
#include "quartermaster/authority/v1/policy_files.pb.h"
#include "quartermaster/authority/v1/trust_codes.pb.h"
#include "quartermaster/gateway/v1/gateway.pb.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "quartermaster/ledger/v1/accounts.pb.h"
#include "quartermaster/ledger/v1/authorization_releases.pb.h"
#include "quartermaster/ledger/v1/authorizations.pb.h"
#include "quartermaster/ledger/v1/books.pb.h"
#include "quartermaster/ledger/v1/catalog.pb.h"
#include "quartermaster/ledger/v1/compliance.pb.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "quartermaster/ledger/v1/erasure.pb.h"
#include "quartermaster/ledger/v1/figures.pb.h"
#include "quartermaster/ledger/v1/history.pb.h"
#include "quartermaster/ledger/v1/holds.pb.h"
#include "quartermaster/ledger/v1/id_tokens.pb.h"
#include "quartermaster/ledger/v1/landing_rules.pb.h"
#include "quartermaster/ledger/v1/policies.pb.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"
#include "quartermaster/ledger/v1/reservations.pb.h"
#include "quartermaster/ledger/v1/terms.pb.h"

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

// Every command, with what it needs, in each way in which it asks something else; the commands that write a
// file say their format in the long way.
std::multimap<std::string, Arguments> Commands() {
  const std::string written = ::testing::TempDir() + "/written";
  return {
      {"ack export", {"--product-instance", "PID:SN", "-o", written}},
      {"ack poll", {"77"}},
      {"authorization approve", {"7"}},
      {"authorization approve-release", {"7"}},
      {"authorization confirm", {"--product-instance", "PID:SN", "AAAA"}},
      {"authorization deny", {"7"}},
      {"authorization export", {"7", "-o", written}},
      {"authorization import", {File("request.xml", "any")}},
      {"authorization list", {}},
      {"authorization release", {"7", "--reason", "burnt"}},
      {"authorization request", {"--product-instance", "PID:SN", "--license", "t=1"}},
      {"authorization restrict-countries", {"XX"}},
      {"authorization return", {"--product-instance", "PID:SN", "AAAA"}},
      {"authorization rule", {}},
      {"authorization set-rule", {"--export", "yes", "--country", "DE"}},
      {"authorization show", {"7"}},
      {"authorization show-release", {"7"}},
      {"catalog import", {File("tags.csv", "tag\nt\n")}},
      {"catalog list", {}},
      {"compliance", {"--as-of", "2026-01-01"}},
      {"entitlement consumption-order set", {"earliest-end-first"}},
      {"entitlement consumption-order show", {}},
      {"entitlement correct", {"E1", "--quantity-change", "5"}},
      {"entitlement import", {File("rights.csv", "entitlement_id,tag,quantity\nE1,t,5\n")}},
      {"entitlement landing-rule delete", {"--order", "PO-1"}},
      {"entitlement landing-rule list", {}},
      {"entitlement landing-rule set", {"--order", "PO-1", "--virtual-account", "A"}},
      {"entitlement list", {}},
      {"entitlement list", {"--usage", "--as-of", "2026-01-01"}},
      {"entitlement reverse", {"7"}},
      {"entitlement transfer", {"--tag", "t", "--from", "A", "--to", "B", "--quantity", "1"}},
      {"fsck", {}},
      {"hold list", {"--all"}},
      {"hold place", {"audit-2026", "--reason", "asked for"}},
      {"hold release", {"audit-2026"}},
      {"ledger history", {"--kind", "transfer", "--since", "2026-01-01"}},
      {"ledger verify", {"--expect-head", "7:00"}},
      {"node", {}},
      {"pak import", {File("paks.csv", "pak,sku,quantity,start,tag\nA,S,1,2026-01-01,t\n")}},
      {"policy clear", {"--virtual-account", "Branches"}},
      {"policy export", {"--product-instance", "PID:SN", "-o", written}},
      {"policy list", {"--history"}},
      {"policy set", {"--virtual-account", "Branches", "--subscription", "30,60,60"}},
      {"policy why", {"PID:SN"}},
      {"product-instance erase", {"PID:SN"}},
      {"product-instance import", {File("known.csv", "product_id,serial_number\nPID,SN\n")}},
      {"product-instance list", {}},
      {"product-instance move", {"PID:SN", "--to", "B"}},
      {"product-instance remove", {"PID:SN", "--preview"}},
      {"product-instance replace", {"PID:OLD", "PID:NEW"}},
      {"product-instance release", {"PID:SN", "--tag", "t"}},
      {"product-instance show", {"PID:SN"}},
      {"product-instance show", {"PID:SN", "--as-of", "2026-01-01"}},
      {"smart-account close", {"corp.example.com"}},
      {"smart-account rename", {"corp.example.com", "--name", "Corp"}},
      {"reservation list", {}},
      {"reservation reserve", {"--product-instance", "PID:SN", "--license", "t=1"}},
      {"reservation return", {"--product-instance", "PID:SN", "AAAA"}},
      {"reservation update",
       {"--product-instance", "PID:SN", "--license", "t=1", "--confirmation-code", "AAAA"}},
      {"smart-account create", {"corp.example.com"}},
      {"smart-account list", {}},
      {"smart-account unverifiable-reports", {"--count", "no"}},
      {"token create", {"--uses", "1"}},
      {"token forget", {"PID:SN"}},
      {"token list", {}},
      {"token revoke", {"7"}},
      {"trust authority export", {"-o", written}},
      {"trust ca import", {File("ca.pem", "any")}},
      {"trust certificate import", {File("certificates.pem", "any")}},
      {"trust list", {}},
      {"trust revocation-list", {"-o", written}},
      {"trust revoke", {"--product-instance", "PID:SN"}},
      {"usage import", {File("usage.xml", "any")}},
      {"usage list", {}},
      {"usage show", {"1-0"}},
      {"virtual-account close", {"Branches", "--move-content-to", "Lab"}},
      {"virtual-account rename", {"Branches", "--name", "Offices"}},
      {"virtual-account set-default", {"Branches"}},
      {"virtual-account set-responsible", {"Branches", "--responsible", "alice"}},
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
      // Product instances ask for trust, with keys that they alone have.
      "quartermaster.authority.v1.TrustCodeService.EstablishFactoryTrust",
      "quartermaster.authority.v1.TrustCodeService.EstablishTrust",
      "quartermaster.authority.v1.TrustCodeService.RenewTrust",
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
  AddMethods(*authority::v1::PolicyFile::descriptor()->file(), api);
  AddMethods(*authority::v1::TrustCode::descriptor()->file(), api);
  AddMethods(*gateway::v1::Node::descriptor()->file(), api);
  AddMethods(*ingest::v1::Report::descriptor()->file(), api);
  AddMethods(*ledger::v1::SmartAccount::descriptor()->file(), api);
  AddMethods(*ledger::v1::Authorization::descriptor()->file(), api);
  AddMethods(*ledger::v1::AuthorizationRelease::descriptor()->file(), api);
  AddMethods(*ledger::v1::CheckBooksRequest::descriptor()->file(), api);
  AddMethods(*ledger::v1::IdToken::descriptor()->file(), api);
  AddMethods(*ledger::v1::LicenseTag::descriptor()->file(), api);
  AddMethods(*ledger::v1::GetComplianceRequest::descriptor()->file(), api);
  AddMethods(*ledger::v1::Entitlement::descriptor()->file(), api);
  AddMethods(*ledger::v1::ReportingPolicy::descriptor()->file(), api);
  AddMethods(*ledger::v1::EraseProductInstanceRequest::descriptor()->file(), api);
  AddMethods(*ledger::v1::Hold::descriptor()->file(), api);
  AddMethods(*ledger::v1::EntitlementFigure::descriptor()->file(), api);
  AddMethods(*ledger::v1::HistoryEntry::descriptor()->file(), api);
  AddMethods(*ledger::v1::LandingRule::descriptor()->file(), api);
  AddMethods(*ledger::v1::ProductInstance::descriptor()->file(), api);
  AddMethods(*ledger::v1::ConsumptionOrderSetting::descriptor()->file(), api);
  AddMethods(*ledger::v1::ReserveLicensesRequest::descriptor()->file(), api);
  for (const std::string& method : MethodsLeftOut()) EXPECT_EQ(api.erase(method), 1u) << method;
  EXPECT_EQ(node_.methods_called(), api);
}

}  // namespace
}  // namespace quartermaster::qmctl
