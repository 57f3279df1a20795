#include "services/ledger/jobs/post_policy_switches.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/storage/administration/maintenance.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kStart = 1'690'000'000;
const absl::Time kNow = absl::FromUnixSeconds(kStart + 10'000);

class PostPolicySwitchesTest : public ::testing::Test {
 protected:
  PostPolicySwitchesTest()
      : apply_({.database = database_.options()}, clock_, metrics_), job_(database_.options()) {}

  // 2 in use of one instance; unverifiable unless said otherwise.
  void Report(const std::string& serial_number, int64_t end_s, bool verified = false) {
    FeedReport report;
    report.serial_number = serial_number;
    report.report_id = end_s;
    report.verified = verified;
    report.measurements = {{end_s - 100, end_s, 2, 0}};
    database_.Submit(std::vector{report}, kNow);
    ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  }
  void Switch(bool counts, absl::Time at) {
    pg::Pool pool(database_.options());
    const absl::Status status = pool.Transact("switch", [&](pqxx::transaction_base& transaction) {
      return SwitchUnverifiablePolicy(transaction, database_.account(), counts,
                                      {.actor = "test", .request_id = "", .method = "test", .now = at});
    });
    ASSERT_TRUE(status.ok()) << status;
  }
  void PostAll() {
    for (auto more = job_.RunOnce(kNow); more.value_or(false); more = job_.RunOnce(kNow)) {
      ASSERT_TRUE(more.ok()) << more.status();
    }
  }
  int64_t InUse() { return database_.Number("SELECT sum(in_use) FROM license_pools"); }
  // By the movements alone.
  int64_t InUseAt(absl::Time time) {
    return database_.Number(
        absl::StrCat("SELECT coalesce(sum(CASE WHEN to_state = 7 THEN quantity ELSE -quantity END), 0)"
                     " FROM ledger_entries WHERE effective_at <= to_timestamp(",
                     absl::ToUnixSeconds(time), ")"));
  }

  LedgerDatabase database_;
  const ManualClock clock_{kNow};
  metrics::Registry metrics_;
  ApplyReports apply_;
  PostPolicySwitches job_;
};

TEST_F(PostPolicySwitchesTest, MovesUnverifiableUseFromTheSwitchOnAndRewritesNothing) {
  Report("SN1", kStart);
  Report("SN2", kStart, /*verified=*/true);
  Switch(false, kNow);
  PostAll();
  EXPECT_EQ(InUse(), 2);
  EXPECT_EQ(InUseAt(kNow - absl::Seconds(1)), 4);
  EXPECT_EQ(InUseAt(kNow), 2);
  EXPECT_EQ(database_.Table("SELECT kind, entry_count FROM ledger_changes ORDER BY change_id"),
            "3|1\n3|1\n5|1\n");
  Switch(true, kNow + absl::Seconds(50));
  PostAll();
  EXPECT_EQ(InUse(), 4);
  EXPECT_EQ(InUseAt(kNow + absl::Seconds(49)), 2);
}

TEST_F(PostPolicySwitchesTest, HasNothingToDoTwice) {
  Report("SN1", kStart);
  Switch(false, kNow);
  PostAll();
  EXPECT_FALSE(*job_.RunOnce(kNow));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM unverifiable_policies WHERE posted_at IS NULL"), 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_changes WHERE kind = 5"), 1);
}

TEST_F(PostPolicySwitchesTest, AgreesWithReportsThatAreAppliedBeforeTheSwitchIsPosted) {
  Report("SN1", kStart);
  Switch(false, kNow);
  Report("SN1", kStart + 500);     // its timeline is brought to the switch here
  Report("SN2", kStart + 20'000);  // begins after the switch
  PostAll();
  EXPECT_EQ(InUse(), 0);
  EXPECT_EQ(InUseAt(kNow - absl::Seconds(1)), 2);
  EXPECT_EQ(InUseAt(kNow + absl::Hours(100)), 0);
}

TEST_F(PostPolicySwitchesTest, TakesTwoSwitchesOfTheSameSecondAsTwo) {
  Report("SN1", kStart);
  Switch(false, kNow);
  Switch(true, kNow);
  PostAll();
  EXPECT_EQ(InUse(), 2);
  EXPECT_EQ(InUseAt(kNow), 0);
  EXPECT_EQ(InUseAt(kNow + absl::Seconds(1)), 2);
}

TEST_F(PostPolicySwitchesTest, WorksThroughManyPositionsInSeveralTransactions) {
  std::vector<FeedReport> reports;
  for (int i = 0; i < 1200; ++i) {
    FeedReport report;
    report.serial_number = absl::StrCat("SN", i);
    report.verified = false;
    report.measurements = {{kStart - 100, kStart, 1, 0}};
    reports.push_back(report);
  }
  database_.Submit(reports, kNow);
  ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  Switch(false, kNow);
  EXPECT_TRUE(*job_.RunOnce(kNow));
  EXPECT_GT(InUse(), 0);
  PostPolicySwitches another(database_.options());
  while (*another.RunOnce(kNow)) {
  }
  EXPECT_EQ(InUse(), 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_entries WHERE from_state = 7"), 1200);
}

}  // namespace
}  // namespace quartermaster::ledger
