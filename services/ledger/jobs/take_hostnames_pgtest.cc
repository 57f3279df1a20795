#include "services/ledger/jobs/take_hostnames.h"

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

class TakeHostnamesTest : public ::testing::Test {
 protected:
  TakeHostnamesTest()
      : apply_({.database = database_.options()}, clock_, metrics_), job_(database_.options()) {}

  void Report(const std::string& serial_number) {
    FeedReport report;
    report.serial_number = serial_number;
    report.measurements = {{1'699'000'000, 1'699'086'400, 1, 0}};
    database_.Submit(std::vector{report}, kNow);
  }
  void SystemInfo(const std::string& serial_number, const std::string& hostname, absl::Time received_at) {
    database_.Run(absl::StrCat(
        "INSERT INTO report_system_infos (smart_account_id, sender_id, received_at, hostname, body)"
        " SELECT smart_account_id, sender_id, to_timestamp(",
        absl::ToUnixSeconds(received_at), "), '", hostname, "', '' FROM report_senders WHERE udi_sn = '",
        serial_number,
        "' ON CONFLICT (smart_account_id, sender_id) DO UPDATE SET received_at = excluded.received_at,"
        " hostname = excluded.hostname"));
  }
  std::string Hostnames() {
    return database_.Table("SELECT udi_sn, hostname FROM product_instances ORDER BY 1");
  }
  void RunUntilDone(absl::Time now) {
    while (*job_.RunOnce(now)) {
    }
  }

  LedgerDatabase database_;
  const ManualClock clock_{kNow};
  metrics::Registry metrics_;
  ApplyReports apply_;
  TakeHostnamesJob job_;
};

TEST_F(TakeHostnamesTest, TheNewestNameThatADeviceReportsIsItsHostname) {
  Report("A");
  Report("B");
  SystemInfo("A", "edge-1", kNow);
  SystemInfo("B", "", kNow);
  ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  database_.Run("UPDATE product_instances SET hostname = 'from-inventory'");
  RunUntilDone(kNow + absl::Minutes(1));
  EXPECT_EQ(Hostnames(), "A|edge-1\nB|from-inventory\n") << "no name is no reason to forget one";
  SystemInfo("A", "edge-2", kNow + absl::Minutes(1));
  RunUntilDone(kNow + absl::Minutes(2));
  EXPECT_EQ(Hostnames(), "A|edge-2\nB|from-inventory\n");
}

TEST_F(TakeHostnamesTest, WhatWasErasedIsNotTakenOverAgain) {
  Report("A");
  SystemInfo("A", "edge-1", kNow);
  ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  database_.Run(absl::StrCat(
      "INSERT INTO instance_erasures SELECT smart_account_id, product_instance_id, to_timestamp(",
      absl::ToUnixSeconds(kNow), ") FROM product_instances"));
  RunUntilDone(kNow + absl::Minutes(1));
  EXPECT_EQ(Hostnames(), "A|\n");
  SystemInfo("A", "edge-2", kNow + absl::Minutes(1));
  RunUntilDone(kNow + absl::Minutes(2));
  EXPECT_EQ(Hostnames(), "A|edge-2\n") << "it was said after the erasure";
}

TEST_F(TakeHostnamesTest, WaitsUntilTheReportsBesideTheNameAreBooked) {
  Report("A");
  SystemInfo("A", "edge-1", kNow);
  ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  Report("B");
  SystemInfo("B", "edge-9", kNow);
  RunUntilDone(kNow + absl::Minutes(1));
  EXPECT_EQ(Hostnames(), "A|\n") << "received with a report that is not booked yet";
  ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  RunUntilDone(kNow + absl::Minutes(1));
  EXPECT_EQ(Hostnames(), "A|edge-1\nB|edge-9\n");
}

}  // namespace
}  // namespace quartermaster::ledger
