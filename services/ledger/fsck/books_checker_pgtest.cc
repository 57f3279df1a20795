// Books that the jobs of ledger made from stored bytes are clean, whatever was reported in which order;
// and each rule finds what it is there for when a row is changed in SQL.
#include "services/ledger/fsck/books_checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/common/clock/clock.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/jobs/post_policy_switches.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/testing/ledger_database.h"
#include "services/ledger/testing/stored_bodies.h"

namespace quartermaster::ledger::fsck {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr int64_t kStart = 1'690'000'000;
constexpr int64_t kQuarter = 900;
constexpr int64_t kDay = 86'400;

class BooksCheckerTest : public ::testing::Test {
 protected:
  void Submit(const std::vector<FeedReport>& reports) {
    SubmitWithBodies(database_, reports, kNow, database_.account());
  }

  // In another form of the same meaning, which only the body has.
  void SubmitAs(const FeedReport& report, const std::string& payload) {
    const int64_t change_id = database_.Submit(std::vector{report}, kNow);
    database_.Run(StoreSql(report, payload, change_id, 0));
  }

  void Apply() {
    metrics::Registry metrics;
    ApplyReportsOptions options{.database = database_.options()};
    options.reports_max = 20;
    ApplyReports job(options, clock_, metrics);
    for (auto progress = job.RunOnce(); *progress != ApplyReports::Progress::kNothingToDo;
         progress = job.RunOnce()) {
      ASSERT_TRUE(progress.ok()) << progress.status();
    }
  }

  void Switch(int64_t at_s, bool counts) {
    database_.Run(
        absl::StrCat("INSERT INTO unverifiable_policies (smart_account_id, effective_at, counts) VALUES (",
                     database_.account(), ", to_timestamp(", at_s, "), ", counts ? "true" : "false", ")"));
  }

  void PostSwitches() {
    PostPolicySwitches job(database_.options());
    for (auto more = job.RunOnce(kNow); *more; more = job.RunOnce(kNow))
      ASSERT_TRUE(more.ok()) << more.status();
  }

  void Release(const std::string& serial_number, const std::string& tag) {
    ReleaseAt(kNow + ++releases_ * absl::Seconds(1), serial_number, tag);
  }
  void ReleaseAt(absl::Time now, const std::string& serial_number, const std::string& tag) {
    UsageRelease release;
    release.smart_account_id = database_.account();
    release.udi = UdiText{"C9300", serial_number};
    release.tag = tag;
    release.actor = "test";
    const auto released = ReleaseUsage(database_.options(), release, now);
    ASSERT_TRUE(released.ok()) << released.status();
  }

  // One line for each finding.
  std::vector<std::string> Findings() {
    std::vector<std::string> found;
    rules_.clear();
    pg::Pool pool(database_.options());
    const auto sink = [&](const Finding& finding) {
      rules_.insert(finding.rule);
      found.push_back(
          absl::StrCat(finding.rule, ": ", finding.subject, ": got ", finding.got, ", want ", finding.want));
    };
    const auto totals = CheckBooks(pool, sink, [](std::string_view) { return true; });
    EXPECT_TRUE(totals.ok()) << totals.status();
    if (totals.ok()) totals_ = *totals;
    return found;
  }

  void ExpectClean() { EXPECT_EQ(absl::StrJoin(Findings(), "\n"), ""); }

  // Changes a row, sees just the rule, changes it back.
  void ExpectFound(const std::string& rule, const std::string& break_it, const std::string& mend_it) {
    database_.Run(break_it);
    const std::string found = absl::StrJoin(Findings(), "\n");
    EXPECT_EQ(rules_, std::set<std::string>{rule}) << break_it << "\n" << found;
    database_.Run(mend_it);
  }

  // For a change that undoes itself.
  void ExpectFound(const std::string& rule, const std::string& toggle) { ExpectFound(rule, toggle, toggle); }

  const ManualClock clock_{kNow};
  LedgerDatabase database_;
  int releases_ = 0;
  // Of the last Findings().
  std::set<std::string> rules_;
  Totals totals_;
};

FeedReport ReportOf(int64_t id, std::vector<Measurement> measurements) {
  FeedReport report;
  report.report_id = id;
  report.measurements = std::move(measurements);
  return report;
}

// Enough measurements for chunks, with a hole that nothing explains and two changes of consumption.
class TamperedBooksTest : public BooksCheckerTest {
 protected:
  TamperedBooksTest() {
    std::vector<FeedReport> reports;
    for (int64_t id = 1; id <= 300; ++id) {
      const int64_t start_s = kStart + id * kQuarter + (id > 290 ? kDay : 0);
      reports.push_back(ReportOf(id, {{start_s, start_s + kQuarter, id == 100 ? 4u : 3u, 0}}));
    }
    Submit(reports);
    Apply();
    EXPECT_GT(database_.Number("SELECT chunk_count FROM usage_positions"), 0);
    ExpectClean();
    EXPECT_EQ(totals_.reports, 300);
  }
};

TEST_F(TamperedBooksTest, WhatAPositionRemembersIsCompared) {
  const auto add = [](const std::string& column, int amount) {
    return absl::StrCat("UPDATE usage_positions SET ", column, " = ", column, " + ", amount);
  };
  const auto expect_number = [&](const std::string& rule, const std::string& column) {
    ExpectFound(rule, add(column, 1), add(column, -1));
  };
  expect_number("position_first_use_differs", "first_use_s");
  expect_number("position_last_change_differs", "last_change_s");
  expect_number("position_open_change_differs", "open_change_s");
  expect_number("position_differs", "latest_product_instance_id");
  for (const int flag : {1, 2, 4, 8, 16}) {
    ExpectFound("position_flags_differ", absl::StrCat("UPDATE usage_positions SET flags = flags # ", flag));
  }
  ExpectClean();
}

TEST_F(TamperedBooksTest, CoverageIsCompared) {
  const std::string coverage =
      absl::StrCat("'\\x", database_.Text("SELECT encode(coverage, 'hex') FROM usage_positions"), "'");
  const std::string mend = absl::StrCat("UPDATE usage_positions SET coverage = ", coverage);
  const auto set_byte = [](const std::string& at) {
    return absl::StrCat("UPDATE usage_positions SET coverage = set_byte(coverage, ", at,
                        ", get_byte(coverage, ", at, ") # 1)");
  };
  // The first byte of the last number holds its reason: two pieces, of which the second is short.
  for (const char* at : {"1", "octet_length(coverage) - 1"}) {
    ExpectFound("position_coverage_differs", set_byte(at), mend);
  }
  ExpectFound("position_coverage_differs", "UPDATE usage_positions SET coverage = ''", mend);
  ExpectFound("position_coverage_differs", "UPDATE usage_positions SET coverage = '\\xff'", mend);
  ExpectClean();
}

TEST_F(TamperedBooksTest, PointsAndChunksAreCompared) {
  const auto hex_of = [&](const std::string& sql) { return absl::StrCat("'\\x", database_.Text(sql), "'"); };
  const std::string points = hex_of("SELECT encode(points, 'hex') FROM usage_positions");
  const std::string chunk = hex_of("SELECT encode(points, 'hex') FROM usage_timeline_chunks WHERE chunk = 0");
  const std::string mend = absl::StrCat("UPDATE usage_positions SET points = ", points);
  const std::string mend_chunk =
      absl::StrCat("UPDATE usage_timeline_chunks SET points = ", chunk, " WHERE chunk = 0");
  // Version, traits, switches, members, silent reports, the first point, the last.
  for (const char* at : {"0", "1", "2", "3", "4", "5", "octet_length(points) - 1"}) {
    ExpectFound("position_points_differ",
                absl::StrCat("UPDATE usage_positions SET points = set_byte(points, ", at,
                             ", get_byte(points, ", at, ") # 1)"),
                mend);
  }
  ExpectFound("position_points_differ",
              "UPDATE usage_timeline_chunks SET points = set_byte(points, octet_length(points) - 1,"
              " get_byte(points, octet_length(points) - 1) # 1) WHERE chunk = 0",
              mend_chunk);
  ExpectFound("position_points_differ", "UPDATE usage_timeline_chunks SET points = '' WHERE chunk = 0",
              mend_chunk);
  ExpectFound(
      "timeline_chunk_unexpected",
      "INSERT INTO usage_timeline_chunks SELECT smart_account_id, product_instance_id, tag_id, 99, points"
      " FROM usage_timeline_chunks WHERE chunk = 0",
      "DELETE FROM usage_timeline_chunks WHERE chunk = 99");
  ExpectFound(
      "timeline_chunk_unexpected",
      "INSERT INTO usage_timeline_chunks SELECT smart_account_id, product_instance_id, tag_id + 1, 0, points"
      " FROM usage_timeline_chunks WHERE chunk = 0",
      "DELETE FROM usage_timeline_chunks WHERE tag_id = (SELECT max(tag_id) FROM usage_timeline_chunks)");
  ExpectClean();
  database_.Run("DELETE FROM usage_timeline_chunks WHERE chunk = 0");
  Findings();
  EXPECT_EQ(rules_, std::set<std::string>{"position_points_differ"});
}

TEST_F(BooksCheckerTest, FormsThatOnlySomeDevicesWriteAreRead) {
  FeedReport telemetry = ReportOf(1, {{0, 0, 0, kNotCounted}, {kStart, kStart + kDay, 3, 0}});
  SubmitAs(telemetry, absl::StrReplaceAll(PayloadOf(telemetry),
                                          {{R"("metric_name":"TELEMETRY","start_time":0,"end_time":0)",
                                            R"("metric_name":"TELEMETRY")"}}));
  FeedReport first_version = ReportOf(2, {{kStart + kDay, kStart + 2 * kDay, 4, 0}});
  SubmitAs(first_version,
           absl::StrReplaceAll(PayloadOf(first_version), {{R"("report_id":2)", R"("report_id":null)"},
                                                          {R"("meta":{"entitlement_tag")",
                                                           R"("meta":{"report_id":"2","entitlement_tag")"}}));
  Apply();
  ExpectClean();
  EXPECT_EQ(totals_.reports, 2);
}

TEST_F(BooksCheckerTest, ThePayloadHashOfAConflictIsThatOfItsBody) {
  FeedReport conflict = ReportOf(1, {{kStart, kStart + kDay, 9, 0}});
  conflict.outcome = 3;
  Submit({ReportOf(1, {{kStart, kStart + kDay, 3, 0}})});
  Submit({conflict});
  Apply();
  ExpectClean();
  ExpectFound(
      "payload_hash_differs",
      "INSERT INTO report_other_payloads (smart_account_id, source_id, report_id, payload_hash, outcome,"
      " received_at, change_id, place)"
      " SELECT smart_account_id, source_id, report_id, gen_random_uuid(), 3, received_at, change_id, place"
      " FROM rum_reports WHERE outcome = 3",
      "DELETE FROM report_other_payloads");
}

TEST_F(BooksCheckerTest, MembersReleasedInTheSameSecondCanBecomeOneHaSet) {
  FeedReport a = ReportOf(1, {{kStart, kStart + kDay, 3, 0}});
  a.serial_number = "A";
  FeedReport b = a;
  b.serial_number = "B";
  Submit({a, b});
  Apply();
  ReleaseAt(kNow, "A", a.tag);
  ReleaseAt(kNow, "B", b.tag);
  ExpectClean();
  a.report_id = b.report_id = 2;
  a.measurements = b.measurements = {{kStart + kDay, kStart + 2 * kDay, 3, 0}};
  a.ha_members = {{"C9300", "B", "Standby"}};
  b.ha_members = {{"C9300", "A", "Standby"}};
  Submit({a, b});
  Apply();
  ExpectClean();
  a.report_id = 3;
  a.measurements = {{kStart + 2 * kDay, kStart + 3 * kDay, 3, 0}};
  Submit({a});
  Apply();
  ExpectClean();
}

TEST_F(BooksCheckerTest, EveryStoredBodyIsReadWhateverBecameOfItsReport) {
  FeedReport unverifiable = ReportOf(1, {{kStart, kStart + kDay, 3, 0}});
  unverifiable.verified = false;
  FeedReport superseding = ReportOf(1, {{kStart, kStart + kDay, 4, 0}});
  superseding.outcome = 5;
  FeedReport conflict = ReportOf(1, {{kStart, kStart + kDay, 9, 0}});
  conflict.outcome = 3;
  for (const FeedReport& report : {unverifiable, superseding, conflict}) Submit({report});
  Apply();
  ExpectClean();
  EXPECT_EQ(totals_.reports, 3);

  for (const char* which : {"outcome = 3", "outcome = 1", "outcome = 5"}) {
    const std::string where = absl::StrCat(" WHERE ", which);
    const auto hex_of = [&](const char* column) {
      return absl::StrCat(
          "'\\x", database_.Text(absl::StrCat("SELECT encode(", column, ", 'hex') FROM rum_reports", where)),
          "'");
    };
    const auto set = [&](const char* column, const std::string& value) {
      return absl::StrCat("UPDATE rum_reports SET ", column, " = ", value, where);
    };
    const std::string body = hex_of("body"), digest = hex_of("digest");
    database_.Run(set("body", "'\\x00'"));
    Findings();
    EXPECT_TRUE(rules_.contains("body_unreadable")) << which;
    database_.Run(set("body", body));
    ExpectFound(
        "digest_differs",
        set("digest",
            BytesLiteral(usage::EncodeDigest(
                {.measurements = {}, .software_version = "", .ha_members = {}, .previous_report_id = 0}))),
        set("digest", digest));
    ExpectFound("digest_differs", set("digest", "'\\xff'"), set("digest", digest));
    // The bytes of another report.
    FeedReport other = ReportOf(2, {{kStart, kStart + kDay, 3, 0}});
    database_.Run(set("body", BytesLiteral(CompressedBody(PayloadOf(other)))));
    Findings();
    EXPECT_TRUE(rules_.contains("identity_differs")) << which;
    EXPECT_EQ(rules_.contains("payload_hash_differs"), std::string(which) == "outcome = 5");
    database_.Run(set("body", body));
  }
  ExpectClean();
}

TEST_F(BooksCheckerTest, WhatWasSetAsideIsReadToo) {
  Submit({ReportOf(1, {{kStart, kStart + kDay, 3, 0}})});
  Apply();
  database_.Run(
      "INSERT INTO set_aside_reports SELECT smart_account_id, change_id, place, 0, 0, 'why', now() FROM "
      "rum_reports;"
      "DELETE FROM usage_positions; UPDATE rum_reports SET body = '\\x00'");
  Findings();
  EXPECT_TRUE(rules_.contains("report_set_aside"));
  EXPECT_TRUE(rules_.contains("body_unreadable"));
}

TEST_F(BooksCheckerTest, TheReasonsInABodyAreHeldAgainstItsDigest) {
  FeedReport report = ReportOf(1, {{kStart, kStart + kDay, 3, kEndExplained}});
  SubmitAs(report, absl::StrReplaceAll(PayloadOf(report), {{"Closed", "NA"}}));
  Apply();
  Findings();
  EXPECT_TRUE(rules_.contains("digest_differs"));
  EXPECT_TRUE(rules_.contains("position_coverage_differs"));
}

using Random = std::mt19937_64;
int64_t Below(Random& random, int64_t bound) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
}

Measurement ArbitraryMeasurement(Random& random) {
  Measurement measurement;
  measurement.start_s = kStart + Below(random, 4000) * kQuarter;
  measurement.end_s = measurement.start_s + Below(random, 30) * kQuarter;
  measurement.count = static_cast<uint32_t>(Below(random, 5));
  const int64_t kind = Below(random, 16);
  if (kind == 0) {
    measurement.flags = kNotCounted;
    measurement.count = 0;
  }
  if (kind == 1) {
    measurement.flags = kClockSuspect;
    measurement.end_s += 1'000'000'000;
  }
  if (kind > 12) measurement.flags = kEndExplained | (kind > 14 ? kEndedByReload : 0u);
  return measurement;
}

// Who names whom: A, B and C become a stack, D and E a pair; F is alone.
std::vector<usage::DigestHaMember> ArbitraryClaims(Random& random, const std::string& serial_number) {
  static const std::map<std::string, std::vector<std::string>> kNamed = {
      {"A", {"B"}}, {"B", {"A", "C"}}, {"C", {"B"}}, {"D", {"E"}}, {"E", {"D"}}, {"F", {"A"}}};
  std::vector<usage::DigestHaMember> members;
  for (const std::string& named : kNamed.at(serial_number)) {
    if (Below(random, 8) == 0) members.push_back({"C9300", named, "Standby"});
  }
  return members;
}

// D and F are a vendor's; of some of their reports a verified one takes the place, measuring something
// else or nothing; some reports come again with another payload.
std::vector<FeedReport> ArbitraryReports(Random& random, int count) {
  std::vector<FeedReport> reports;
  for (int i = 0; i < count; ++i) {
    FeedReport report;
    report.serial_number = std::string(1, static_cast<char>('A' + Below(random, 6)));
    report.tag = absl::StrCat("regid.tag", Below(random, 2));
    report.report_id = 1000 + Below(random, 1'000'000'000);
    report.verified = report.serial_number != "D" && report.serial_number != "F";
    report.ha_members = ArbitraryClaims(random, report.serial_number);
    for (int64_t left = 1 + Below(random, 4); left > 0; --left) {
      report.measurements.push_back(ArbitraryMeasurement(random));
    }
    reports.push_back(report);
    if (Below(random, 20) == 0) {
      FeedReport conflict = report;
      conflict.outcome = 3;
      conflict.measurements = {ArbitraryMeasurement(random)};
      reports.push_back(conflict);
    }
    if (report.verified || Below(random, 4) > 0) continue;
    report.verified = true;
    report.outcome = 5;
    report.measurements = {ArbitraryMeasurement(random)};
    if (Below(random, 2) == 0) report.measurements[0] = {kStart, kStart + 1, 0, kNotCounted};
    reports.push_back(report);
  }
  return reports;
}

class ArbitraryBooksTest : public BooksCheckerTest, public ::testing::WithParamInterface<int> {};

// In pieces, with releases and switches of the policy between them, posted and not.
TEST_P(ArbitraryBooksTest, AreClean) {
  Random random(GetParam());
  const std::vector<FeedReport> reports = ArbitraryReports(random, 400);
  int64_t switch_s = kStart;
  for (size_t begin = 0; begin < reports.size();) {
    const size_t end = std::min(reports.size(), begin + 1 + Below(random, 60));
    Submit({reports.begin() + begin, reports.begin() + end});
    begin = end;
    if (Below(random, 8) > 0) Apply();
    if (Below(random, 6) == 0) {
      switch_s += 1 + Below(random, kDay);
      Switch(switch_s, Below(random, 2) == 0);
    }
    if (Below(random, 4) == 0) PostSwitches();
    if (Below(random, 4) == 0) {
      database_.Run(absl::StrCat("UPDATE product_instances SET last_acknowledged_at = to_timestamp(",
                                 kStart + Below(random, 40 * kDay),
                                 ") WHERE product_instance_id % 3 = ", Below(random, 3)));
    }
    if (Below(random, 3) == 0) {
      const auto known = database_.Number("SELECT count(*) FROM product_instances");
      if (known > 0) {
        Release(database_.Text(absl::StrCat("SELECT udi_sn FROM product_instances ORDER BY udi_sn OFFSET ",
                                            Below(random, known), " LIMIT 1")),
                absl::StrCat("regid.tag", Below(random, 2)));
      }
    }
    ASSERT_EQ(absl::StrJoin(Findings(), "\n"), "") << "seed " << GetParam() << " after report " << end;
  }
  EXPECT_GT(database_.Number("SELECT count(*) FROM usage_timeline_chunks"), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ArbitraryBooksTest, ::testing::Range(1, 13));

}  // namespace
}  // namespace quartermaster::ledger::fsck
