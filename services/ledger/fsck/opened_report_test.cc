#include "services/ledger/fsck/opened_report.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace quartermaster::ledger::fsck {
namespace {

ReportFacts Facts() {
  ReportFacts facts{
      .payload_hash = "00000000-0000-0000-0000-000000000001", .verification = 1, .received_s = 500};
  OraclePoint point;
  point.start_s = 100;
  point.end_s = 200;
  point.count = 3;
  point.verified = true;
  facts.points = {point, point};
  facts.points[1].place = 1;
  return facts;
}

TEST(OpenedReportTest, EveryFactIsInTheHash) {
  const std::vector<std::function<void(ReportFacts&)>> changes = {
      [](ReportFacts& f) { f.payload_hash.back() = '2'; },
      [](ReportFacts& f) { f.verification = 2; },
      [](ReportFacts& f) { ++f.received_s; },
      [](ReportFacts& f) { f.silent = true; },
      [](ReportFacts& f) { f.points.pop_back(); },
      [](ReportFacts& f) { ++f.points[1].place; },
      [](ReportFacts& f) { ++f.points[0].start_s; },
      [](ReportFacts& f) { ++f.points[0].end_s; },
      [](ReportFacts& f) { ++f.points[0].count; },
      [](ReportFacts& f) { f.points[0].verified = false; },
      [](ReportFacts& f) { f.points[0].suspect = true; },
      [](ReportFacts& f) { f.points[0].end_explained = true; },
      [](ReportFacts& f) { f.points[0].ended_by_reload = true; },
  };
  std::set<std::string> hashes = {HexOf(HashOf(Facts()))};
  for (const auto& change : changes) {
    ReportFacts facts = Facts();
    change(facts);
    hashes.insert(HexOf(HashOf(facts)));
  }
  EXPECT_EQ(hashes.size(), changes.size() + 1);
  // When a suspect was received is when it takes effect.
  ReportFacts suspect = Facts();
  suspect.points[0].suspect = true;
  const ReportHash before = HashOf(suspect);
  ++suspect.points[0].received_s;
  EXPECT_NE(HashOf(suspect), before);
}

// Written by hand: the form is stored for ever.
TEST(OpenedReportTest, TheHashIsTheFirstHalfOfSha256OverTheText) {
  ReportFacts facts{.payload_hash = "p", .verification = 2, .received_s = 7};
  // printf 'quartermaster.opened_report.v1\np 2 7\n' | sha256sum
  EXPECT_EQ(HexOf(HashOf(facts)), "5706809efa95196bc37554e83422803f");
}

TEST(OpenedReportTest, AListComesBackAsItWas) {
  std::vector<OpenedReport> reports;
  for (int64_t id : {std::numeric_limits<int64_t>::min(), int64_t{-5}, int64_t{0}, int64_t{1}, int64_t{1000},
                     std::numeric_limits<int64_t>::max()}) {
    OpenedReport& report = reports.emplace_back();
    report.report_id = id;
    report.hash[3] = static_cast<char>(id);
  }
  std::vector<OpenedReport> back;
  ASSERT_TRUE(UnpackOpenedReports(PackOpenedReports(reports), back));
  ASSERT_EQ(back.size(), reports.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].report_id, reports[i].report_id);
    EXPECT_EQ(back[i].hash, reports[i].hash);
  }
}

TEST(OpenedReportTest, WhatIsNoListIsRefused) {
  const std::string bytes = PackOpenedReports({{.report_id = 300}, {.report_id = 301}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<OpenedReport> reports;
    EXPECT_EQ(UnpackOpenedReports(bytes.substr(0, size), reports), size == 0 || size == 18) << size;
  }
  std::vector<OpenedReport> reports;
  EXPECT_FALSE(UnpackOpenedReports(PackOpenedReports({{.report_id = 3}, {.report_id = 3}}), reports));
  EXPECT_FALSE(UnpackOpenedReports(PackOpenedReports({{.report_id = 3}, {.report_id = 2}}), reports));
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
