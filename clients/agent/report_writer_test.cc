// What is written here is read by the node's own reader, whose fixtures are written by hand.
#include "clients/agent/report_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "services/common/crypto/signature.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/report_parser.h"

namespace quartermaster::agent {
namespace {

using ingest::DocumentItem;
using ingest::ParsedReport;

constexpr int64_t kReceivedS = 1'780'000'000;

ReportContent Content(ReportForm form) {
  ReportContent content;
  content.form = form;
  content.asset_name = "regid.2026-01.example.quartermaster.C9K,1.0_a";
  content.product_instance_identifier = "0b1d2c3e-0000-4000-8000-000000000001";
  content.udi = {"C9300-24UX", "FCW2134L0AB"};
  content.report_id = 1767225600;
  content.entitlement_tag = "regid.2026-01.example.quartermaster.ADV,1.0_b";
  content.software_version = "17.12.04";
  content.ha_units = {{"Active", content.udi}, {"Standby", {"C9300-24UX", "FCW2134L0AC"}}};
  content.previous_report_id = 1764633600;
  content.measurements = {{1767225600, 1767225600, 1767312000, 5, "", ""},
                          {1767312000, 1767312000, 1767398400, 7, "ProductReload", "ProductReload"}};
  return content;
}

// Cuts a document and parses its one report.
ParsedReport Read(const std::string& document) {
  ingest::DocumentReader reader;
  ingest::ReportParser parser;
  ParsedReport report;
  int reports = 0;
  const auto take = [&](const DocumentItem& item) {
    ASSERT_EQ(item.kind, DocumentItem::Kind::kReport);
    ++reports;
    const absl::Status status = parser.Parse(item.text, kReceivedS, report);
    EXPECT_TRUE(status.ok()) << status;
  };
  EXPECT_TRUE(reader.Feed(document, take).ok());
  EXPECT_TRUE(reader.Finish(take).ok());
  EXPECT_EQ(reports, 1);
  return report;
}

class ReportFormTest : public ::testing::TestWithParam<ReportForm> {};

TEST_P(ReportFormTest, EveryFieldIsReadBack) {
  const ReportContent content = Content(GetParam());
  const auto text = WriteReport(content, ReportSigner::Builtin());
  ASSERT_TRUE(text.ok()) << text.status();
  const ParsedReport report = Read(WrapReport(*text));
  EXPECT_EQ(report.raw, *text);
  EXPECT_EQ(report.udi.product_id, "C9300-24UX");
  EXPECT_EQ(report.udi.serial_number, "FCW2134L0AB");
  EXPECT_EQ(report.entitlement_tag, content.entitlement_tag);
  EXPECT_EQ(report.report_id, 1767225600);
  EXPECT_EQ(report.previous_report_id, 1764633600);
  EXPECT_EQ(report.software_version, "17.12.04");
  ASSERT_EQ(report.ha_members.size(), 2u);
  EXPECT_EQ(report.ha_members[1].role, "Standby");
  EXPECT_EQ(report.ha_members[1].udi.serial_number, "FCW2134L0AC");
  ASSERT_EQ(report.measurements.size(), 2u);
  EXPECT_EQ(report.measurements[0].start_s, 1767225600);
  EXPECT_EQ(report.measurements[0].end_s, 1767312000);
  EXPECT_EQ(report.measurements[0].count, 5u);
  EXPECT_EQ(report.measurements[0].flags, 0u);
  EXPECT_EQ(report.measurements[1].flags, kEndExplained | kEndedByReload);
  EXPECT_EQ(report.InUse(), 7);
  EXPECT_EQ(report.signature.udi, report.udi);
}

TEST_P(ReportFormTest, OurSignatureIsOverExactlyThePayloadsBytes) {
  for (const auto algorithm : {crypto::Algorithm::kRsa2048Sha256, crypto::Algorithm::kEcdsaP256Sha256}) {
    const crypto::PrivateKey key = *crypto::PrivateKey::Generate(algorithm);
    const auto text = WriteReport(Content(GetParam()), ReportSigner::WithKey(key));
    ASSERT_TRUE(text.ok()) << text.status();
    const ParsedReport report = Read(WrapReport(*text));
    EXPECT_EQ(report.signature.signing_type, crypto::AlgorithmName(algorithm));
    EXPECT_EQ(report.signature.key, key.Public().key_id());
    EXPECT_TRUE(key.Public().Verify(report.payload, *crypto::Base64Decode(report.signature.value)));
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, ReportFormTest,
                         ::testing::Values(ReportForm::kV2, ReportForm::kV1, ReportForm::kSwitch));

TEST(ReportWriterTest, FormsDifferWhereDevicesDiffer) {
  const auto json = [](ReportForm form) {
    return nlohmann::json::parse(*WriteReport(Content(form), ReportSigner::Builtin()));
  };
  const auto payload = [&](ReportForm form) {
    return nlohmann::json::parse(json(form)["payload"].get<std::string>());
  };
  const auto v2 = payload(ReportForm::kV2);
  EXPECT_EQ(v2["version"], "2.0");
  EXPECT_EQ(v2["asset_identification"]["report_id"], 1767225600);
  EXPECT_EQ(v2["signature"]["signing_type"], "builtin");
  EXPECT_EQ(v2["measurements"][0]["value"]["value"], "5");
  EXPECT_EQ(v2["measurements"][0]["sample_interval"], 86400);
  EXPECT_EQ(v2["measurements"][0]["num_samples"], 97);
  const auto v1 = payload(ReportForm::kV1);
  EXPECT_EQ(v1["meta"]["report_id"], 1767225600);
  EXPECT_FALSE(v1["asset_identification"].contains("report_id"));
  EXPECT_TRUE(v1["asset_identification"].contains("signature"));
  EXPECT_EQ(json(ReportForm::kV1)["header"]["type"], "rum");
  const auto of_switch = payload(ReportForm::kSwitch);
  EXPECT_TRUE(of_switch["asset_identification"]["instance"].contains("product_instance_identifier"));
  EXPECT_EQ(json(ReportForm::kSwitch)["signature"]["signing_type"], "CISC123");
  EXPECT_EQ(json(ReportForm::kSwitch)["signature"]["key"], "00000000");
  const std::string value = json(ReportForm::kSwitch)["signature"]["value"];
  EXPECT_EQ(crypto::Base64Decode(value)->size(), 256u);
}

TEST(ReportWriterTest, UnsignedReportsAreReadToo) {
  const auto text = WriteReport(Content(ReportForm::kV2), ReportSigner::None());
  EXPECT_EQ(Read(WrapReport(*text)).signature.signing_type, "none");
}

TEST(ReportWriterTest, TheSameBuiltinReportIsTheSameBytesAgain) {
  EXPECT_EQ(*WriteReport(Content(ReportForm::kV2), ReportSigner::Builtin()),
            *WriteReport(Content(ReportForm::kV2), ReportSigner::Builtin()));
}

// Any text of Unicode, with everything that JSON, XML and CDATA give a meaning to. The node takes
// no control characters in fields that it reads.
rc::Gen<std::string> AnyText(bool controls = false) {
  const auto piece = rc::gen::element<std::string>("a", "\"", "\\", "]]>", "<", "&", "é", "東", "😀",
                                                   "</RUMReport>", "\\u0041", controls ? "\n" : "b",
                                                   controls ? "\x01" : "c", controls ? "\x7F" : "d");
  return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(piece)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const auto& piece : pieces) {
                          if (text.size() + piece.size() <= 60) text += piece;
                        }
                        return text;
                      });
}

RC_GTEST_PROP(ReportWriterTest, AnyTextSurvivesBothLevelsOfEscaping, ()) {
  // Data-centre switches write one field that the node does not read: it may hold anything.
  ReportContent content = Content(ReportForm::kSwitch);
  content.product_instance_identifier = *AnyText(/*controls=*/true);
  content.entitlement_tag = *AnyText();
  content.software_version = *AnyText();
  content.asset_name = *AnyText();
  const auto text = WriteReport(content, ReportSigner::Builtin());
  const ParsedReport report = Read(WrapReport(*text));
  RC_ASSERT(report.entitlement_tag == content.entitlement_tag);
  RC_ASSERT(report.software_version == content.software_version);
  RC_ASSERT(report.payload == WritePayload(content, ReportSigner::Builtin().Inner(content)));
}

}  // namespace
}  // namespace quartermaster::agent
