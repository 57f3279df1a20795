#include "services/ledger/jobs/release_usage.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int64_t kStart = 1'690'000'000;
const absl::Time kNow = absl::FromUnixSeconds(kStart + 60 * kDay);

class ReleaseUsageTest : public ::testing::Test {
 protected:
  // SN1 used "regid.old" on the first day only, and reports "regid.network" until day 40.
  ReleaseUsageTest() : apply_({.database = database_.options()}, clock_, metrics_) {
    Report("SN1", "regid.old", 1, 0, 4);
    Report("SN1", "regid.network", 2, 40, 2);
    Report("SN2", "regid.network", 1, 0, 3);
  }

  void Report(const std::string& serial_number, const std::string& tag, int64_t id, int64_t day,
              uint32_t count) {
    FeedReport report;
    report.serial_number = serial_number;
    report.tag = tag;
    report.report_id = id;
    report.measurements = {{kStart + day * kDay, kStart + (day + 1) * kDay, count, 0}};
    database_.Submit(std::vector{report}, kNow);
    ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  }
  UsageRelease Release(std::optional<UdiText> udi, const std::string& tag) {
    return {.smart_account_id = database_.account(),
            .udi = std::move(udi),
            .tag = tag,
            .actor = "client-1",
            .request_id = "request-1"};
  }
  std::string InUse() {
    return database_.Table(
        "SELECT i.udi_sn, t.tag, p.in_use FROM usage_positions p JOIN product_instances i USING"
        " (product_instance_id) JOIN license_tags t USING (tag_id) ORDER BY 1, 2");
  }
  std::string Pools() {
    return database_.Table(
        "SELECT t.tag, p.in_use FROM license_pools p JOIN license_tags t USING (tag_id) ORDER BY 1");
  }

  LedgerDatabase database_;
  const ManualClock clock_{kNow};
  metrics::Registry metrics_;
  ApplyReports apply_;
};

TEST_F(ReleaseUsageTest, EndsOneTagOfAnInstanceFromNowOn) {
  EXPECT_EQ(*ReleaseUsage(database_.options(), Release(UdiText{"C9300", "SN2"}, "regid.network"), kNow), 1);
  EXPECT_EQ(InUse(), "SN1|regid.network|2\nSN1|regid.old|4\nSN2|regid.network|0\n");
  EXPECT_EQ(Pools(), "regid.network|2\nregid.old|4\n");
  EXPECT_EQ(database_.Table("SELECT quantity, from_state, to_state, extract(epoch FROM effective_at)::bigint"
                            " FROM ledger_entries JOIN ledger_changes USING (smart_account_id, change_id)"
                            " WHERE kind = 4 AND actor = 'client-1' AND request_id = 'request-1'"),
            absl::StrCat("3|7|6|", absl::ToUnixSeconds(kNow), "\n"));
  EXPECT_EQ(database_.Table("SELECT actor, request_id, method, after FROM ledger_audit"),
            "client-1|request-1|ledger.v1.ProductInstanceService/ReleaseUsage|{\"released_positions\": 1}\n");
}

TEST_F(ReleaseUsageTest, ReleasesWhatIsStaleAndNothingElse) {
  EXPECT_EQ(*ReleaseUsage(database_.options(), Release(std::nullopt, ""), kNow), 1);
  EXPECT_EQ(InUse(), "SN1|regid.network|2\nSN1|regid.old|0\nSN2|regid.network|3\n");
}

TEST_F(ReleaseUsageTest, ByItselfReleasesTheStaleOnesOfEveryAccount) {
  database_.AddAccount("without.example.com");
  EXPECT_EQ(*ReleaseStaleUsage(database_.options(), kNow), 1);
  EXPECT_EQ(InUse(), "SN1|regid.network|2\nSN1|regid.old|0\nSN2|regid.network|3\n");
  EXPECT_EQ(*ReleaseStaleUsage(database_.options(), kNow), 0);
}

TEST_F(ReleaseUsageTest, ReleasesTheStaleOnesOfOneInstance) {
  EXPECT_EQ(*ReleaseUsage(database_.options(), Release(UdiText{"C9300", "SN2"}, ""), kNow), 0);
  EXPECT_EQ(*ReleaseUsage(database_.options(), Release(UdiText{"C9300", "SN1"}, ""), kNow), 1);
}

TEST_F(ReleaseUsageTest, ReleasesMorePositionsThanOneTransactionTakes) {
  std::vector<FeedReport> reports;
  for (int i = 0; i < 1203; ++i) {
    FeedReport report;
    report.serial_number = absl::StrCat("N", i);
    report.tag = "regid.old";
    report.measurements = {{kStart, kStart + kDay, 1, 0}};
    reports.push_back(report);
    report.tag = "regid.network";
    report.report_id = 2;
    report.measurements = {{kStart + 40 * kDay, kStart + 41 * kDay, 1, 0}};
    reports.push_back(report);
  }
  database_.Submit(reports, kNow);
  ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(*ReleaseUsage(database_.options(), Release(std::nullopt, ""), kNow), 1204);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_changes WHERE kind = 4"), 3);
  EXPECT_EQ(Pools(), "regid.network|1208\nregid.old|0\n");
}

TEST_F(ReleaseUsageTest, ChangesNothingWhenItIsRepeated) {
  ASSERT_EQ(*ReleaseUsage(database_.options(), Release(std::nullopt, ""), kNow), 1);
  const std::string changes = database_.Table("SELECT change_id FROM ledger_changes");
  EXPECT_EQ(*ReleaseUsage(database_.options(), Release(std::nullopt, ""), kNow), 0);
  EXPECT_EQ(database_.Table("SELECT change_id FROM ledger_changes"), changes);
}

TEST_F(ReleaseUsageTest, CountsTheNextReportAgain) {
  ASSERT_EQ(*ReleaseUsage(database_.options(), Release(UdiText{"C9300", "SN2"}, "regid.network"), kNow), 1);
  Report("SN2", "regid.network", 5, 60, 7);
  EXPECT_EQ(InUse(), "SN1|regid.network|2\nSN1|regid.old|4\nSN2|regid.network|7\n");
}

TEST_F(ReleaseUsageTest, KeepsTheReleaseWhenAnOlderReportArrivesLate) {
  ASSERT_EQ(*ReleaseUsage(database_.options(), Release(UdiText{"C9300", "SN2"}, "regid.network"), kNow), 1);
  Report("SN2", "regid.network", 5, 20, 7);
  EXPECT_EQ(InUse(), "SN1|regid.network|2\nSN1|regid.old|4\nSN2|regid.network|0\n");
}

TEST_F(ReleaseUsageTest, NamesAnInstanceThatIsNotThere) {
  const auto released = ReleaseUsage(database_.options(), Release(UdiText{"C9300", "NONE"}, ""), kNow);
  EXPECT_EQ(errors::ErrorId(released.status()), "ledger.product_instance_unknown");
  UsageRelease elsewhere = Release(UdiText{"C9300", "SN2"}, "regid.network");
  elsewhere.smart_account_id = database_.AddAccount("other.example.com");
  EXPECT_EQ(errors::ErrorId(ReleaseUsage(database_.options(), elsewhere, kNow).status()),
            "ledger.product_instance_unknown");
}

TEST_F(ReleaseUsageTest, AnswersBusyWhileTheBooksAreHeld) {
  pg::Pool other(database_.options());
  const absl::Status status =
      other.Transact("other", [&](pqxx::transaction_base& transaction) -> absl::Status {
        transaction.exec("SELECT 1 FROM ledger_cursors WHERE consumer = 'apply_reports' FOR UPDATE");
        const auto released = ReleaseUsage(database_.options(), Release(std::nullopt, ""), kNow);
        EXPECT_EQ(errors::ErrorId(released.status()), "ledger.busy");
        return absl::OkStatus();
      });
  ASSERT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace quartermaster::ledger
