#include "services/ledger/jobs/apply_acknowledgements.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class ApplyAcknowledgementsTest : public ::testing::Test {
 protected:
  ApplyAcknowledgementsTest()
      : apply_({.database = database_.options()}, clock_, metrics_), job_(database_.options()) {
    std::vector<FeedReport> reports(2);
    reports[0].serial_number = "SN1";
    reports[1].serial_number = "SN2";
    for (FeedReport& report : reports) report.measurements = {{1'690'000'000, 1'690'003'600, 1, 0}};
    database_.Submit(reports, kNow);
    EXPECT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  }

  // A round of the authority, as it commits it.
  void Acknowledge(const std::string& serial_number, int64_t issued_s) {
    database_.Run(
        absl::StrCat("INSERT INTO authority_changes (smart_account_id, incarnation, issued_at, sender_ids)"
                     " SELECT smart_account_id, 1, to_timestamp(",
                     issued_s,
                     "), ARRAY[sender_id] FROM report_senders"
                     " WHERE udi_sn = '",
                     serial_number, "'"));
  }
  std::string Acknowledged() {
    return database_.Table(
        "SELECT udi_sn, extract(epoch FROM last_acknowledged_at)::bigint"
        " FROM product_instances ORDER BY 1");
  }

  LedgerDatabase database_;
  const ManualClock clock_{kNow};
  metrics::Registry metrics_;
  ApplyReports apply_;
  ApplyAcknowledgements job_;
};

TEST_F(ApplyAcknowledgementsTest, NotesWhenAnInstanceWasAcknowledgedLast) {
  EXPECT_EQ(*job_.RunOnce(kNow), 0);
  Acknowledge("SN1", 1'700'000'100);
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(Acknowledged(), "SN1|1700000100\nSN2|\n");
  EXPECT_EQ(*job_.RunOnce(kNow), 0);
}

TEST_F(ApplyAcknowledgementsTest, NeverGoesBack) {
  Acknowledge("SN1", 1'700'000'200);
  Acknowledge("SN1", 1'700'000'100);
  Acknowledge("SN2", 1'700'000'300);
  EXPECT_EQ(*job_.RunOnce(kNow), 3);
  Acknowledge("SN2", 1'700'000'250);
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(Acknowledged(), "SN1|1700000200\nSN2|1700000300\n");
}

TEST_F(ApplyAcknowledgementsTest, NotesWhichPolicyTheNewestAcknowledgementBrought) {
  const auto acknowledge = [&](int64_t issued_s, const char* policy_ids) {
    database_.Run(absl::StrCat(
        "INSERT INTO authority_changes (smart_account_id, incarnation, issued_at, sender_ids, policy_ids)"
        " SELECT smart_account_id, 1, to_timestamp(",
        issued_s, "), array_agg(sender_id ORDER BY udi_sn), ", policy_ids,
        " FROM report_senders GROUP BY smart_account_id"));
  };
  const auto delivered = [&] {
    return database_.Table("SELECT udi_sn, delivered_policy_id FROM product_instances ORDER BY 1");
  };
  acknowledge(1'700'000'100, "ARRAY[7, 0]");
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(delivered(), "SN1|7\nSN2|\n");
  // Two at once: the later one decides, also where it brought the default.
  acknowledge(1'700'000'300, "ARRAY[0, 9]");
  acknowledge(1'700'000'200, "ARRAY[8, 8]");
  EXPECT_EQ(*job_.RunOnce(kNow), 2);
  EXPECT_EQ(delivered(), "SN1|\nSN2|9\n");
  // One that comes late changes nothing; a change of a release that knew no policies brought the default.
  acknowledge(1'700'000'250, "ARRAY[8, 8]");
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(delivered(), "SN1|\nSN2|9\n");
  acknowledge(1'700'000'400, "NULL");
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(delivered(), "SN1|\nSN2|\n");
}

TEST_F(ApplyAcknowledgementsTest, TakesSomeThousandInstancesAtOnceWhateverTheNumberOfChanges) {
  for (const int senders : {1500, 400, 300, 2500, 1}) {
    database_.Run(
        absl::StrCat("INSERT INTO authority_changes (smart_account_id, incarnation, issued_at, sender_ids)"
                     " SELECT smart_account_id, 1, to_timestamp(1700000100), array_fill(sender_id, ARRAY[",
                     senders, "]) FROM report_senders WHERE udi_sn = 'SN1'"));
  }
  EXPECT_EQ(*job_.RunOnce(kNow), 2);
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(*job_.RunOnce(kNow), 1) << "one change is taken whole";
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(*job_.RunOnce(kNow), 0);
}

TEST_F(ApplyAcknowledgementsTest, GoesOnAfterItsSessionWasCut) {
  Acknowledge("SN1", 1'700'000'100);
  ASSERT_EQ(*job_.RunOnce(kNow), 1);
  Acknowledge("SN2", 1'700'000'300);
  database_.Run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE datname = current_database() AND usename = 'qm_ledger'");
  EXPECT_FALSE(job_.RunOnce(kNow).ok());
  EXPECT_EQ(*job_.RunOnce(kNow), 1);
  EXPECT_EQ(Acknowledged(), "SN1|1700000100\nSN2|1700000300\n");
}

}  // namespace
}  // namespace quartermaster::ledger
