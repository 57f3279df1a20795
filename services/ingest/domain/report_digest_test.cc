#include "services/ingest/domain/report_digest.h"

#include <gtest/gtest.h>

#include "services/common/usage/digest.h"
#include "services/ingest/domain/report_parser.h"
#include "services/ingest/domain/testing.h"

namespace quartermaster::ingest {
namespace {

TEST(ReportDigestTest, ItHoldsWhatLaterReadersNeed) {
  ParsedReport report;
  report.udi = {"P", "A"};
  report.software_version = "1.2";
  report.previous_report_id = 41;
  report.measurements = {{100, 200, 7, kEndExplained}, {200, 300, 8, kNotCounted}};
  report.ha_members = {{{"P", "A"}, "Active"}, {{"P", "B"}, "Standby"}, {{"P", "B"}, "Member"}};

  usage::Digest digest;
  ASSERT_TRUE(usage::DecodeDigest(DigestOf(report), digest).ok());
  EXPECT_EQ(digest.software_version, "1.2");
  EXPECT_EQ(digest.previous_report_id, 41);
  ASSERT_EQ(digest.measurements.size(), 2u);
  EXPECT_EQ(digest.measurements[1].start_s, 200);
  EXPECT_EQ(digest.measurements[1].end_s, 300);
  EXPECT_EQ(digest.measurements[0].count, 7u);
  EXPECT_EQ(digest.measurements[1].flags, kNotCounted);
  // The sender is known, and a unit is one member however often it is named.
  EXPECT_EQ(digest.ha_members, (std::vector<usage::DigestHaMember>{{"P", "B", "Standby"}}));
}

TEST(ReportDigestTest, ATypicalReportTakesUnderSixtyBytes) {
  const CutDocument document = Cut(ReadFixture("v2.xml"));
  ReportParser parser;
  ParsedReport report;
  ASSERT_TRUE(parser.Parse(document.items.at(0).text, kReceivedS, report).ok());
  EXPECT_LE(DigestOf(report).size(), 60u);
}

}  // namespace
}  // namespace quartermaster::ingest
