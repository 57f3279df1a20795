#include "clients/fleet/sample_estate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "clients/connection/file.h"
#include "clients/qmctl/input/import_rows.h"
#include "deploy/dev/sample_estate/sample_estate_definition.h"
#include "services/common/crypto/certificate.h"
#include "services/common/errors/error.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/report_parser.h"

namespace quartermaster::fleet {
namespace {

class SampleEstateTest : public ::testing::Test {
 protected:
  SampleEstateTest() {
    std::filesystem::remove_all(directory_);
    const auto estate = WriteSampleEstate(SampleEstateDefinition(), directory_, now_);
    EXPECT_TRUE(estate.ok()) << estate.status();
    estate_ = *estate;
  }
  std::string Read(const std::string& name) { return *client::ReadFile(directory_ + "/" + name); }

  const absl::Time now_ = absl::FromUnixSeconds(1'780'000'000);
  const std::string directory_ = ::testing::TempDir() + "/estate";
  SampleEstate estate_;
};

TEST_F(SampleEstateTest, EveryFileIsWhatQmctlImports) {
  const auto catalog = qmctl::ReadCatalog(Read("catalog.csv"));
  ASSERT_TRUE(catalog.ok());
  EXPECT_TRUE(catalog->problems.empty());
  const auto entitlements = qmctl::ReadEntitlements(Read("entitlements.csv"));
  ASSERT_TRUE(entitlements.ok());
  EXPECT_TRUE(entitlements->problems.empty());
  const auto instances = qmctl::ReadProductInstances(Read("product-instances.csv"));
  ASSERT_TRUE(instances.ok());
  EXPECT_TRUE(instances->problems.empty());
  EXPECT_EQ(static_cast<int64_t>(instances->rows.size()), estate_.product_instances);
  std::set<std::string> accounts;
  for (const auto& account : estate_.virtual_accounts) accounts.insert(account.name);
  for (const auto& row : entitlements->rows) EXPECT_TRUE(accounts.contains(row.virtual_account()));
  for (const auto& row : instances->rows) EXPECT_TRUE(accounts.contains(row.virtual_account()));
}

TEST_F(SampleEstateTest, TheReportsSayWhatTheStoryNeeds) {
  std::map<std::string, std::string> home;
  const auto instances = qmctl::ReadProductInstances(Read("product-instances.csv"));
  for (const auto& row : instances->rows) {
    home[row.udi().serial_number()] = row.virtual_account();
  }
  std::map<std::string, std::string> names;
  const auto catalog = qmctl::ReadCatalog(Read("catalog.csv"));
  for (const auto& row : catalog->rows) {
    names[row.tag()] = row.display_name();
  }
  // Latest count of each (instance, tag), summed by pool.
  std::map<std::pair<std::string, std::string>, int64_t> latest;
  int64_t reports = 0;
  ingest::DocumentReader reader;
  ingest::ReportParser parser;
  const auto take = [&](const ingest::DocumentItem& item) {
    if (item.kind != ingest::DocumentItem::Kind::kReport) return;
    ingest::ParsedReport report;
    const absl::Status status = parser.Parse(item.text, absl::ToUnixSeconds(now_), report);
    ASSERT_TRUE(status.ok()) << status;
    for (const auto& measurement : report.measurements) {
      EXPECT_EQ(measurement.flags & kClockSuspect, 0u);
    }
    ++reports;
    latest[{report.udi.serial_number, report.entitlement_tag}] = report.InUse();
  };
  ASSERT_TRUE(reader.Feed(Read("usage.xml"), take).ok());
  ASSERT_TRUE(reader.Finish(take).ok());
  EXPECT_EQ(reports, estate_.reports);
  std::map<std::string, int64_t> balance;
  const auto entitlements = qmctl::ReadEntitlements(Read("entitlements.csv"));
  for (const auto& row : entitlements->rows) {
    balance[row.virtual_account() + "/" + names.at(row.tag())] += row.quantity();
  }
  bool unknown_tag = false;
  for (const auto& [source, count] : latest) {
    const auto name = names.find(source.second);
    unknown_tag |= name == names.end();
    if (name != names.end()) balance[home.at(source.first) + "/" + name->second] -= count;
  }
  // A surplus.
  EXPECT_GT(balance["Headquarters/Campus Network Advantage"], 0);
  // A shortage that a higher tier of the same virtual account covers.
  const int64_t shortage = balance["Branches/Campus Network Essentials"];
  EXPECT_LT(shortage, 0);
  EXPECT_GE(shortage + balance["Branches/Campus Network Advantage"], 0);
  // One that surplus elsewhere would cure.
  const int64_t edge = balance["Branches/Edge Router Throughput Tier 2"];
  EXPECT_LT(edge, 0);
  EXPECT_GE(edge + balance["Headquarters/Edge Router Throughput Tier 2"], 0);
  // One that nothing cures.
  EXPECT_LT(balance["Data Center/Data Center LAN Enterprise"], 0);
  EXPECT_TRUE(unknown_tag);
}

TEST_F(SampleEstateTest, SignedInstancesHaveTheirCertificates) {
  const auto bundle = crypto::ParseCertificateBundle(Read("certificates.pem"));
  ASSERT_TRUE(bundle.ok());
  for (const auto& entry : *bundle) EXPECT_TRUE(entry.certificate->Udi().ok());
  EXPECT_GT(bundle->size(), 40u);
}

TEST_F(SampleEstateTest, ADefinitionThatIsWrongIsRefusedWithWhatIsWrong) {
  const auto wrong = WriteSampleEstate(R"({"tags": {}, "virtual_accounts": [], "catalog":
      [{"tag": "nothing", "display_name": "x", "term": "perpetual"}]})",
                                       directory_, now_);
  EXPECT_EQ(errors::ErrorId(wrong.status()), "client.input_malformed");
  EXPECT_NE(std::string(wrong.status().message()).find("\"nothing\", want a key of `tags`"),
            std::string::npos);
}

}  // namespace
}  // namespace quartermaster::fleet
