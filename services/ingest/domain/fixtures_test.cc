// Every fixture, through the document reader and the parser, as an import reads it.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "services/ingest/domain/report_parser.h"
#include "services/ingest/domain/system_info.h"
#include "services/ingest/domain/testing.h"

namespace quartermaster::ingest {
namespace {

constexpr char kAdvanced[] = "regid.2031-02.example.ROUTER_ADV,1.0_3c1f0b52-7d0e-4d51-9c55-2f6f1f6d9a01";
constexpr char kEssential[] = "regid.2031-02.example.ROUTER_ESS,1.0_90d8a6c4-0b1a-4a37-8a1d-6d5b7f2e4c02";

struct ReadFile {
  std::vector<ParsedReport> reports;
  std::vector<std::string> refusals;  // ids of reports that were refused, in order
  std::vector<std::string> messages;
  std::vector<std::string> system_infos;
  absl::Status status;
  int64_t error_offset = 0;
};

ReadFile Read(const std::string& name) {
  ReadFile file;
  const CutDocument document = Cut(ReadFixture(name));
  file.status = document.status;
  file.error_offset = document.error_offset;
  ReportParser parser;
  for (const CutItem& item : document.items) {
    if (item.kind == DocumentItem::Kind::kSystemInfo) {
      file.system_infos.push_back(item.text);
      continue;
    }
    if (item.kind == DocumentItem::Kind::kUnreadableReport) {
      file.refusals.push_back(item.error_id);
      continue;
    }
    ParsedReport report;
    const absl::Status status = parser.Parse(item.text, kReceivedS, report);
    if (status.ok()) {
      file.reports.push_back(report);
    } else {
      file.refusals.push_back(IdOf(status));
      file.messages.emplace_back(status.message());
    }
  }
  return file;
}

ParsedReport ReadOne(const std::string& name) {
  const ReadFile file = Read(name);
  EXPECT_TRUE(file.status.ok()) << name << ": " << file.status;
  EXPECT_TRUE(file.refusals.empty()) << name << ": " << ::testing::PrintToString(file.messages);
  EXPECT_EQ(file.reports.size(), 1u) << name;
  return file.reports.empty() ? ParsedReport{} : file.reports[0];
}

TEST(FixturesTest, AVersion2ReportIsReadWhole) {
  const ParsedReport report = ReadOne("v2.xml");
  EXPECT_EQ(report.udi, (Udi{"QX8200-EDGE", "QXE4417A0P2"}));
  EXPECT_EQ(report.entitlement_tag, kAdvanced);
  EXPECT_EQ(report.report_id, 1730297601);
  EXPECT_EQ(report.software_version, "18.04.01a");
  EXPECT_EQ(report.signature.signing_type, "builtin");
  EXPECT_EQ(report.signature.udi, report.udi);
  ASSERT_EQ(report.ha_members.size(), 1u);
  EXPECT_EQ(report.ha_members[0].role, "Active");
  ASSERT_EQ(report.measurements.size(), 3u);
  EXPECT_EQ(report.measurements[0].start_s, 1730297600);
  EXPECT_EQ(report.measurements[0].end_s, 1730383999);
  EXPECT_EQ(report.measurements[0].count, 4u);
  EXPECT_EQ(report.measurements[0].flags, 0u);
  EXPECT_EQ(report.measurements[2].flags, kEndExplained | kEndedByReload);
  EXPECT_EQ(report.InUse(), 5);
}

TEST(FixturesTest, TheBytesOfAReportAreKeptAsTheyCame) {
  const std::string document = ReadFixture("v2.xml");
  const ParsedReport report = ReadOne("v2.xml");
  const size_t start = document.find("[CDATA[") + 7;
  // Between tag and CDATA stands a line end that is text of the element too.
  EXPECT_EQ(report.raw, "\n" + document.substr(start, document.find("]]>") - start) + "\n");
  EXPECT_EQ(report.payload.rfind(R"({"version":"2.0","asset_identification":{"report_id":)", 0), 0u);
  EXPECT_EQ(report.payload.back(), '}');
}

TEST(FixturesTest, AVersion1ReportHasItsIdInMetaAndItsSignatureInside) {
  const ParsedReport report = ReadOne("v1.xml");
  EXPECT_EQ(report.udi, (Udi{"BR1100-8P", "BRN2544K07L"}));
  EXPECT_EQ(report.report_id, 1699884812);
  EXPECT_EQ(report.entitlement_tag, kEssential);
  ASSERT_EQ(report.measurements.size(), 1u);
  // "CurrentUsageRequested" explains the end, and is no reload.
  EXPECT_EQ(report.measurements[0].flags, kEndExplained);
  EXPECT_EQ(report.InUse(), 1);
}

TEST(FixturesTest, ASwitchReportIsRead) {
  const ParsedReport report = ReadOne("switch.xml");
  EXPECT_EQ(report.udi, (Udi{"DC9336-FX", "DCF27190QRS"}));
  EXPECT_EQ(report.signature.signing_type, "CISC123");
  EXPECT_EQ(report.signature.key, "00000000");
  EXPECT_EQ(report.signature.value.size(), 344u);
  EXPECT_EQ(ReadOne("sha256.xml").signature.signing_type, "SHA-256");
}

TEST(FixturesTest, TelemetryIsKeptInItsPlaceAndNotCounted) {
  const ParsedReport report = ReadOne("telemetry.xml");
  ASSERT_EQ(report.measurements.size(), 2u);
  EXPECT_EQ(report.measurements[0].flags, kNotCounted);
  EXPECT_EQ(report.measurements[0].count, 0u);
  EXPECT_EQ(report.InUse(), 2);
}

TEST(FixturesTest, AllUnitsOfAStackAreKeptWithTheirRoles) {
  const ParsedReport report = ReadOne("ha.xml");
  ASSERT_EQ(report.ha_members.size(), 3u);
  EXPECT_EQ(report.ha_members[0].udi, report.udi);
  EXPECT_EQ(report.ha_members[1].role, "Standby");
  EXPECT_EQ(report.ha_members[2].udi, (Udi{"QX9400-STK", "QXS1003CCCC"}));
}

TEST(FixturesTest, ADocumentGivesItsReportsAndItsSystemInfoInOrder) {
  const ReadFile file = Read("many.xml");
  ASSERT_TRUE(file.status.ok()) << file.status;
  ASSERT_EQ(file.reports.size(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(file.reports[i].report_id, 1731000001 + i);
  EXPECT_EQ(file.reports[1].entitlement_tag, kEssential);
  ASSERT_EQ(file.system_infos.size(), 1u);
  const auto info = ReadSystemInfo(file.system_infos[0]);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->udi, (Udi{"QX8200-EDGE", "QXE4417A0P2"}));
  EXPECT_EQ(info->hostname, "edge-fra-01");
}

TEST(FixturesTest, EscapedTextIsAsGoodAsCdata) {
  EXPECT_EQ(ReadOne("escaped_text.xml").report_id, 1731400001);
}

TEST(FixturesTest, NumbersMayBeDecimalStrings) {
  const ParsedReport report = ReadOne("one.json");
  EXPECT_EQ(report.report_id, 1732000001);
  ASSERT_EQ(report.measurements.size(), 1u);
  EXPECT_EQ(report.measurements[0].end_s, 1732086400);
  EXPECT_EQ(report.InUse(), 11);
  // The object is stored as it stands, without the line end behind it.
  EXPECT_EQ(report.raw + "\n", ReadFixture("one.json"));
}

TEST(FixturesTest, AUsageListAndLinesOfJsonGiveTheirReports) {
  const ReadFile usage = Read("usage.json");
  ASSERT_TRUE(usage.status.ok()) << usage.status;
  ASSERT_EQ(usage.reports.size(), 3u);
  EXPECT_EQ(usage.reports[2].report_id, 1732100003);

  const ReadFile lines = Read("lines.jsonl");
  ASSERT_TRUE(lines.status.ok()) << lines.status;
  ASSERT_EQ(lines.reports.size(), 3u);
  EXPECT_EQ(lines.reports[2].udi.serial_number, "QXE7702C0R0");
}

TEST(FixturesTest, OneBadReportAmongGoodOnesIsRefusedAlone) {
  const ReadFile file = Read("hostile/one_bad_among_good.xml");
  EXPECT_TRUE(file.status.ok()) << file.status;
  ASSERT_EQ(file.reports.size(), 2u);
  EXPECT_EQ(file.reports[1].report_id, 1733000002);
  EXPECT_EQ(file.refusals, (std::vector<std::string>{"ingest.payload_malformed", "ingest.report_malformed"}));
}

TEST(FixturesTest, ABadReportIsRefusedWithWhatAndWhere) {
  const struct {
    const char* file;
    const char* id;
    const char* message;  // a part of it
  } cases[] = {
      {"bad_base64.xml", "ingest.signature_malformed", "signature.value: got string \"Tq2q*HT"},
      {"truncated_payload.xml", "ingest.payload_malformed",
       "payload: got the end of the text at byte 371, want"},
      {"bare_number_count.xml", "ingest.payload_field_invalid",
       "measurements[0].value.value: got number 2, want a decimal string"},
      {"negative_count.xml", "ingest.count_out_of_range",
       "measurements[0].value.value: got string \"-1\", want 0 to 2147483647"},
      {"huge_count.xml", "ingest.count_out_of_range", "got string \"2147483648\""},
      {"end_before_start.xml", "ingest.payload_field_invalid",
       "measurements[0].end_time: got 1731000000, want start_time 1731086400 or later"},
      {"no_measurements.xml", "ingest.payload_field_invalid",
       "measurements: got an empty list, want at least one measurement"},
      {"duplicate_key.json", "ingest.report_malformed", "payload: got this field twice"},
      {"duplicate_count.xml", "ingest.payload_field_invalid",
       "measurements[0].value.value: got this field twice"},
      {"control_character.xml", "ingest.payload_field_invalid",
       "udi_serial_number: got string \"QXE44\\x1b[2J\", want no control characters"},
      {"invalid_utf8.json", "ingest.report_malformed", "a byte that is no UTF-8 at byte"},
  };
  for (const auto& c : cases) {
    const ReadFile file = Read(std::string("hostile/") + c.file);
    EXPECT_TRUE(file.status.ok()) << c.file << ": " << file.status;
    EXPECT_TRUE(file.reports.empty()) << c.file;
    ASSERT_EQ(file.refusals.size(), 1u) << c.file;
    EXPECT_EQ(file.refusals[0], c.id) << c.file;
    EXPECT_NE(file.messages[0].find(c.message), std::string::npos) << c.file << ": " << file.messages[0];
  }
}

TEST(FixturesTest, ABadDocumentIsRefusedWithWhatAndWhere) {
  const struct {
    const char* file;
    const char* id;
    size_t reports;  // that were found before
    int64_t offset;
    const char* message;
  } cases[] = {
      {"truncated_file.xml", "ingest.document_malformed", 0, 900, "the end of the document"},
      {"truncated_tag.xml", "ingest.document_malformed", 0, 1106, "the end of the document"},
      {"truncated.json", "ingest.document_malformed", 0, 700, "the end of the document"},
      {"doctype.xml", "ingest.doctype_refused", 0, 22, "a DOCTYPE at byte 22"},
      {"entity_bomb.xml", "ingest.doctype_refused", 0, 22, "a DOCTYPE"},
      {"external_entity.xml", "ingest.doctype_refused", 0, 0, "a DOCTYPE"},
      {"unknown_entity.xml", "ingest.document_malformed", 1, 1134, "undefined entity"},
      {"deep.xml", "ingest.nesting_too_deep", 0, 107, "level 33"},
      {"deep.json", "ingest.nesting_too_deep", 0, 40, "level 33"},
      {"page.html", "ingest.doctype_refused", 0, 0, "a DOCTYPE"},
      {"page_without_doctype.html", "ingest.document_not_usage", 0, 0, "<\"html\">"},
      {"empty.xml", "ingest.document_not_usage", 0, 0, "an empty document"},
      {"blank.xml", "ingest.document_not_usage", 0, 4, "an empty document"},
      {"binary.bin", "ingest.document_not_usage", 0, 0, "byte 0x1f"},
      {"mismatched_tag.xml", "ingest.document_malformed", 1, 1136, "mismatched tag"},
      {"list.json", "ingest.document_not_usage", 0, 0, "byte 0x5b"},
      {"only_system_info.xml", "ingest.document_not_usage", 0, 93, "no report"},
  };
  for (const auto& c : cases) {
    const ReadFile file = Read(std::string("hostile/") + c.file);
    EXPECT_EQ(IdOf(file.status), c.id) << c.file << ": " << file.status;
    EXPECT_EQ(file.error_offset, c.offset) << c.file;
    EXPECT_EQ(file.reports.size(), c.reports) << c.file;
    EXPECT_NE(std::string(file.status.message()).find(c.message), std::string::npos)
        << c.file << ": " << file.status;
  }
}

TEST(FixturesTest, EveryHostileFileIsRefusedSomewhere) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fixtures/rum/hostile")) {
    const ReadFile file = Read("hostile/" + entry.path().filename().string());
    EXPECT_TRUE(!file.status.ok() || !file.refusals.empty()) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 29u);
}

}  // namespace
}  // namespace quartermaster::ingest
