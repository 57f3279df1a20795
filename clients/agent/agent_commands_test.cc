// Whole commands of `agent`, as a person types them.
#include "clients/agent/agent_commands.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "clients/agent/manufacturer_ca.h"
#include "clients/connection/file.h"
#include "clients/qmctl/toy_node.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/report_parser.h"
#include "services/ingest/domain/system_info.h"

namespace quartermaster::agent {
namespace {

using ingest::DocumentItem;

struct Document {
  std::vector<ingest::ParsedReport> reports;
  std::vector<ingest::SystemInfo> infos;
};

Document Read(const std::string& bytes) {
  Document document;
  ingest::DocumentReader reader;
  ingest::ReportParser parser;
  const auto take = [&](const DocumentItem& item) {
    if (item.kind == DocumentItem::Kind::kSystemInfo) {
      const auto info = ingest::ReadSystemInfo(item.text);
      ASSERT_TRUE(info.ok()) << info.status();
      document.infos.push_back(*info);
      return;
    }
    ASSERT_EQ(item.kind, DocumentItem::Kind::kReport);
    ingest::ParsedReport report;
    const absl::Status status = parser.Parse(item.text, 4'000'000'000, report);
    ASSERT_TRUE(status.ok()) << status;
    document.reports.push_back(report);
  };
  EXPECT_TRUE(reader.Feed(bytes, take).ok());
  EXPECT_TRUE(reader.Finish(take).ok());
  return document;
}

class AgentCommandsTest : public ::testing::Test {
 protected:
  AgentCommandsTest()
      : folder_(::testing::TempDir() + "/" +
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  int Agent(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--state", folder_ + "/state"});
    out_.str("");
    err_.str("");
    return static_cast<int>(command_line::RunProgram(AgentProgram(), arguments, {out_, err_, 0, false}));
  }

  Document Saved(const std::vector<std::string>& what) {
    std::vector<std::string> arguments = {"save", "usage"};
    arguments.insert(arguments.end(), what.begin(), what.end());
    arguments.insert(arguments.end(), {"-o", "-"});
    EXPECT_EQ(Agent(arguments), 0) << err_.str();
    return Read(out_.str());
  }

  const std::string folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AgentCommandsTest, MonthsOfUseBecomeAFileThatANodeReads) {
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--hostname", "edge <&> 1", "--clock", "2026-01-01", "--signing",
                   "ecdsa"}),
            0)
      << err_.str();
  ASSERT_EQ(Agent({"set", "tag-a", "5"}), 0);
  ASSERT_EQ(Agent({"set", "tag-b", "1"}), 0);
  ASSERT_EQ(Agent({"advance", "45d"}), 0) << err_.str();
  ASSERT_EQ(Agent({"set", "tag-a", "7"}), 0);
  ASSERT_EQ(Agent({"advance", "--to", "2026-03-01"}), 0) << err_.str();
  const Document document = Saved({"all"});
  ASSERT_EQ(document.infos.size(), 1u);
  EXPECT_EQ(document.infos[0].hostname, "edge <&> 1");
  // Of each tag: one closed after 30 days, and the one open until the first of March.
  ASSERT_EQ(document.reports.size(), 4u);
  EXPECT_EQ(document.reports[2].entitlement_tag, "tag-a");
  EXPECT_EQ(document.reports[2].measurements.size(), 2u);
  EXPECT_EQ(document.reports[2].InUse(), 7);
  EXPECT_EQ(document.reports[2].previous_report_id, document.reports[0].report_id);
  const std::string pem = *client::ReadFile(folder_ + "/state/key.pem");
  const auto key = crypto::PrivateKey::FromPem(pem);
  for (const auto& report : document.reports) {
    EXPECT_TRUE(key->Public().Verify(report.payload, *crypto::Base64Decode(report.signature.value)));
  }
}

TEST_F(AgentCommandsTest, SavingAgainGivesTheSameBytesOfTheSameReports) {
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--clock", "2026-01-01", "--form", "v1"}), 0);
  ASSERT_EQ(Agent({"set", "tag-a", "5"}), 0);
  ASSERT_EQ(Agent({"advance", "10d"}), 0);
  const Document first = Saved({"unreported"});
  const Document again = Saved({"unreported"});
  ASSERT_EQ(first.reports.size(), 1u);
  ASSERT_EQ(again.reports.size(), 1u);
  EXPECT_EQ(first.reports[0].raw, again.reports[0].raw);
}

TEST_F(AgentCommandsTest, DaysSelectByTheInstancesOwnClock) {
  ASSERT_EQ(
      Agent({"init", "C9300-24UX:SN1", "--clock", "2026-01-01", "--form", "switch", "--signing", "builtin"}),
      0);
  ASSERT_EQ(Agent({"set", "tag-a", "5"}), 0);
  ASSERT_EQ(Agent({"advance", "100d"}), 0);
  EXPECT_EQ(Saved({"all"}).reports.size(), 4u);
  EXPECT_EQ(Saved({"days", "15"}).reports.size(), 2u);
}

TEST_F(AgentCommandsTest, AFactoryCertificateBindsTheKeyToBothUnitsOfAPair) {
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--ha-peer", "C9300-24UX:SN2", "--signing", "ecdsa",
                   "--manufacturer-ca", folder_ + "/ca"}),
            0)
      << err_.str();
  const auto bundle = crypto::ParseCertificateBundle(*client::ReadFile(folder_ + "/state/certificates.pem"));
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  ASSERT_EQ(bundle->size(), 2u);
  EXPECT_EQ((*bundle)[1].certificate->Udi()->serial_number, "SN2");
}

TEST_F(AgentCommandsTest, ACertificateOfAnotherKeyIsRefused) {
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--signing", "ecdsa", "--manufacturer-ca", folder_ + "/ca"}), 0);
  const std::string certificate = folder_ + "/other.pem";
  std::filesystem::rename(folder_ + "/state/certificates.pem", certificate);
  std::filesystem::remove_all(folder_ + "/state");
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--signing", "ecdsa"}), 0);
  EXPECT_EQ(Agent({"install", "certificate", certificate}), 1);
  EXPECT_NE(err_.str().find("agent.certificate_mismatch"), std::string::npos) << err_.str();
}

TEST_F(AgentCommandsTest, StatusShowsWhatIsInUseAndThePolicy) {
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--clock", "2026-01-01"}), 0);
  ASSERT_EQ(Agent({"set", "tag-a", "5"}), 0);
  ASSERT_EQ(Agent({"status"}), 0);
  EXPECT_NE(out_.str().find("tag-a:\n  Count: 5\n  Status: IN USE\n"), std::string::npos);
  EXPECT_NE(out_.str().find("Policy in use: Default"), std::string::npos);
  EXPECT_NE(out_.str().find("PID:C9300-24UX,SN:SN1"), std::string::npos);
  ASSERT_EQ(Agent({"status", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["usage"][0]["count"], 5);
  ASSERT_EQ(Agent({"status", "-o", "csv"}), 0);
  EXPECT_EQ(out_.str().find("product_id,serial_number,hostname,clock_s,usage,"), 0u) << out_.str();
  EXPECT_NE(out_.str().find("\r\nC9300-24UX,SN1,sn1,1767225600,tag-a=5,0,0,0,0,"), std::string::npos)
      << out_.str();
}

TEST_F(AgentCommandsTest, WhatANodeAnswersIsPrintedInEveryForm) {
  qmctl::ToyNode toy;
  const auto ca = ManufacturerCa::OpenOrCreate(folder_ + "/authority", absl::Now());
  toy.authority_certificates.add_pem(ca->certificate().ToPem());
  auto& page = toy.poll_pages.emplace_back();
  page.set_status(authority::v1::PollAcknowledgementsResponse::STATUS_POLL);
  page.add_vendor_acknowledgement_required()->set_serial_number("SN1");
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--clock", "2026-01-01", "--signing", "builtin"}), 0);
  ASSERT_EQ(Agent({"set", "tag-a", "5"}), 0);
  ASSERT_EQ(Agent({"advance", "45d"}), 0);
  const auto online = [&](const std::string& command, const std::string& format) {
    const int code = Agent({"--credentials", toy.credentials(), command, "-o", format});
    EXPECT_EQ(code, command == "poll" ? 1 : 0) << err_.str();
    return out_.str();
  };
  EXPECT_EQ(online("submit", "csv"), "accepted,duplicate,conflict,rejected\r\n2,0,0,0\r\n");
  EXPECT_EQ(nlohmann::json::parse(online("submit", "json"))["accepted"], 0);
  EXPECT_EQ(online("submit", "table"), "0 accepted, 0 duplicate, 0 conflict, 0 rejected\n");
  EXPECT_EQ(online("poll", "csv"),
            "product_id,serial_number,sequence,newly_acknowledged,pending,vendor_acknowledgement_required\r\n"
            ",,,,1,true\r\n");
  EXPECT_EQ(nlohmann::json::parse(online("poll", "json"))["pending"], 1);
  EXPECT_EQ(online("poll", "table"),
            "only the vendor can acknowledge these reports\n1 submissions are not acknowledged yet\n");
}

TEST_F(AgentCommandsTest, WithoutItsKeyItSignsNothingInsteadOfNothingMuch) {
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1", "--clock", "2026-01-01", "--signing", "ecdsa"}), 0);
  ASSERT_EQ(Agent({"set", "tag-a", "5"}), 0);
  std::filesystem::remove(folder_ + "/state/key.pem");
  EXPECT_EQ(Agent({"advance", "45d"}), 1);
  EXPECT_NE(err_.str().find("agent.key_missing"), std::string::npos) << err_.str();
  EXPECT_EQ(Agent({"status"}), 0) << "that needs none";
}

TEST_F(AgentCommandsTest, AnIdTokenIsNoArgumentAndATrustCodeComesFirst) {
  unsetenv("AGENT_ID_TOKEN");
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1"}), 0);
  EXPECT_EQ(Agent({"trust", "establish"}), 2);
  EXPECT_NE(err_.str().find("AGENT_ID_TOKEN"), std::string::npos) << err_.str();
  EXPECT_EQ(Agent({"trust", "establish", "qmt1_value"}), 2);
  qmctl::ToyNode toy;
  EXPECT_EQ(Agent({"--credentials", toy.credentials(), "trust", "renew"}), 1);
  EXPECT_NE(err_.str().find("agent.trust_missing"), std::string::npos) << err_.str();
  EXPECT_EQ(toy.calls, 0);
}

TEST_F(AgentCommandsTest, MistakesAreToldWithTheirReason) {
  EXPECT_EQ(Agent({"status"}), 1);
  EXPECT_NE(err_.str().find("agent.state_missing"), std::string::npos);
  ASSERT_EQ(Agent({"init", "C9300-24UX:SN1"}), 0);
  EXPECT_EQ(Agent({"init", "C9300-24UX:SN1"}), 1);
  EXPECT_NE(err_.str().find("agent.state_exists"), std::string::npos);
  EXPECT_EQ(Agent({"init", "nonsense"}), 2);
  EXPECT_EQ(Agent({"advance", "-5d"}), 1);
  EXPECT_EQ(Agent({"advance", "soon"}), 1);
  EXPECT_EQ(Agent({"set", "tag", "-1"}), 1);
}

}  // namespace
}  // namespace quartermaster::agent
