#include "clients/fleet/generate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <vector>

#include "clients/connection/file.h"
#include "clients/fleet/report_file.h"
#include "clients/qmctl/input/import_rows.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/crypto/signature.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/report_parser.h"

namespace quartermaster::fleet {
namespace {

std::string NewDirectory(const std::string& name) {
  const std::string directory = ::testing::TempDir() + "/" + name;
  std::filesystem::remove_all(directory);
  return directory;
}

FleetParameters Small(agent::SigningKind signing) {
  FleetParameters parameters;
  parameters.instances = 5;
  parameters.tags = 2;
  parameters.reports_per_tag = 3;
  parameters.keys = 2;
  parameters.signing = signing;
  return parameters;
}

std::vector<ingest::ParsedReport> Read(const std::string& file) {
  std::vector<ingest::ParsedReport> reports;
  ingest::DocumentReader reader;
  ingest::ReportParser parser;
  const auto take = [&](const ingest::DocumentItem& item) {
    ASSERT_EQ(item.kind, ingest::DocumentItem::Kind::kReport);
    ingest::ParsedReport report;
    const absl::Status status = parser.Parse(item.text, 1'780'000'000, report);
    ASSERT_TRUE(status.ok()) << status;
    reports.push_back(report);
  };
  EXPECT_TRUE(reader.Feed(*client::ReadFile(file), take).ok());
  EXPECT_TRUE(reader.Finish(take).ok());
  return reports;
}

TEST(GenerateTest, EveryReportVerifiesUnderTheCertificateOfItsInstance) {
  for (const auto signing : {agent::SigningKind::kRsa, agent::SigningKind::kEcdsa}) {
    const std::string directory = NewDirectory("signed");
    const auto fleet = GenerateFleet(Small(signing), directory, nullptr);
    ASSERT_TRUE(fleet.ok()) << fleet.status();
    EXPECT_EQ(fleet->reports, 30);
    const auto ca = crypto::Certificate::FromPem(*client::ReadFile(directory + "/manufacturer-ca.pem"));
    const auto anchors = crypto::TrustAnchors::Create(std::vector<crypto::Certificate>{*ca});
    std::map<std::string, crypto::PublicKey> keys;
    const auto bundle = crypto::ParseCertificateBundle(*client::ReadFile(directory + "/certificates.pem"));
    ASSERT_TRUE(bundle.ok());
    for (const auto& entry : *bundle) {
      EXPECT_TRUE(anchors->Verify(*entry.certificate, {}, absl::Now()).ok());
      keys.emplace(entry.certificate->Udi()->serial_number, *entry.certificate->Key());
    }
    EXPECT_EQ(keys.size(), 5u);
    const auto reports = Read(directory + "/usage.xml");
    ASSERT_EQ(reports.size(), 30u);
    for (const auto& report : reports) {
      const crypto::PublicKey& key = keys.at(report.udi.serial_number);
      EXPECT_EQ(report.signature.key, key.key_id());
      EXPECT_TRUE(key.Verify(report.payload, *crypto::Base64Decode(report.signature.value)));
    }
  }
}

TEST(GenerateTest, AFleetThatIsThereIsNotMadeAgain) {
  const std::string directory = NewDirectory("again");
  const auto parameters = Small(agent::SigningKind::kEcdsa);
  ASSERT_TRUE(GenerateFleet(parameters, directory, nullptr).ok());
  const std::string before = *client::ReadFile(directory + "/usage.xml");
  const auto again = GenerateFleet(parameters, directory, nullptr);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(again->usage_bytes, static_cast<int64_t>(before.size()));
  EXPECT_EQ(*client::ReadFile(directory + "/usage.xml"), before);
  FleetParameters other = parameters;
  other.seed = 9;
  EXPECT_FALSE(GenerateFleet(other, directory, nullptr).ok());
}

TEST(GenerateTest, WithoutKeysTheSameSeedIsTheSameFile) {
  const std::string one = NewDirectory("one");
  const std::string two = NewDirectory("two");
  ASSERT_TRUE(GenerateFleet(Small(agent::SigningKind::kBuiltin), one, nullptr).ok());
  ASSERT_TRUE(GenerateFleet(Small(agent::SigningKind::kBuiltin), two, nullptr).ok());
  EXPECT_EQ(*client::ReadFile(one + "/usage.xml"), *client::ReadFile(two + "/usage.xml"));
  EXPECT_FALSE(std::filesystem::exists(one + "/certificates.pem"));
}

TEST(GenerateTest, ThousandsOfReportsKeepTheirOrderAcrossCores) {
  FleetParameters parameters = Small(agent::SigningKind::kNone);
  parameters.instances = 1000;
  const std::string directory = NewDirectory("many");
  int64_t told = 0;
  ASSERT_TRUE(GenerateFleet(parameters, directory, [&](int64_t done) { told = done; }).ok());
  EXPECT_EQ(told, 6000);
  const auto reports = ReportFile::Open(directory + "/usage.xml");
  ASSERT_TRUE(reports.ok());
  ASSERT_EQ((*reports)->size(), 6000u);
  const FleetPlan plan(parameters);
  for (const size_t index : {0, 499, 500, 3333, 5999}) {
    const auto content = plan.ReportAt(static_cast<int64_t>(index));
    EXPECT_NE((*reports)->report(index).find(content.udi.serial_number), std::string_view::npos);
    EXPECT_TRUE((*reports)->report(index).starts_with("<RUMReport>"));
    EXPECT_TRUE((*reports)->report(index).ends_with("</RUMReport>"));
  }
}

TEST(GenerateTest, TheCatalogNamesTheTagsOfTheReports) {
  const std::string directory = NewDirectory("catalog");
  ASSERT_TRUE(GenerateFleet(Small(agent::SigningKind::kNone), directory, nullptr).ok());
  const auto catalog = qmctl::ReadCatalog(*client::ReadFile(directory + "/catalog.csv"));
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  ASSERT_EQ(catalog->rows.size(), 2u);
  EXPECT_EQ(catalog->rows[0].tag(), Read(directory + "/usage.xml")[0].entitlement_tag);
}

}  // namespace
}  // namespace quartermaster::fleet
