// The same reports give the same books, whatever the order, the repetitions, the cut into changes,
// the number of replicas, and what is killed meanwhile.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr int64_t kQuarter = 900;
constexpr int64_t kStart = 1'690'000'000;

using Random = std::mt19937_64;
int64_t Below(Random& random, int64_t bound) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
}

Measurement ArbitraryMeasurement(Random& random) {
  Measurement measurement;
  measurement.start_s = kStart + Below(random, 400) * kQuarter;
  measurement.end_s = measurement.start_s + Below(random, 30) * kQuarter;
  measurement.count = static_cast<uint32_t>(Below(random, 5));
  const int64_t kind = Below(random, 16);
  if (kind == 0) measurement.flags |= kNotCounted;
  if (kind == 1) {
    measurement.flags |= kClockSuspect;
    measurement.end_s += 1'000'000'000;
  }
  if (kind > 12) measurement.flags |= kEndExplained;
  return measurement;
}

// Who names whom in ha_udi. A, B and C are a stack, though A and C never name each other; D and E are a
// pair; F names A, which knows nothing of it; nobody ever hears of Z.
std::vector<usage::DigestHaMember> ArbitraryClaims(Random& random, const std::string& serial_number) {
  static const std::map<std::string, std::vector<std::string>> kNamed = {
      {"A", {"B", "Z"}}, {"B", {"A", "C"}}, {"C", {"B"}}, {"D", {"E"}}, {"E", {"D"}}, {"F", {"A"}}};
  std::vector<usage::DigestHaMember> members;
  for (const std::string& named : kNamed.at(serial_number)) {
    if (Below(random, 3) == 0) members.push_back({"C9300", named, "Standby"});
  }
  return members;
}

// D is a vendor's; some reports of it are verified later. Each instance has a door of its own (0: none),
// because the first door makes its home, and which one that is does depend on the order.
std::vector<FeedReport> ArbitraryReports(Random& random, int count) {
  std::vector<FeedReport> reports;
  for (int i = 0; i < count; ++i) {
    FeedReport report;
    const int64_t number = Below(random, 6);
    report.serial_number = std::string(1, static_cast<char>('A' + number));
    report.tag = absl::StrCat("regid.tag", Below(random, 2));
    report.report_id = 1000 + i;
    report.verified = report.serial_number != "D";
    report.door_virtual_account_id = (number + 1) % 3;
    report.ha_members = ArbitraryClaims(random, report.serial_number);
    for (int64_t m = 1 + Below(random, 3); m > 0; --m) {
      report.measurements.push_back(ArbitraryMeasurement(random));
    }
    reports.push_back(report);
    if (report.verified || Below(random, 4) > 0) continue;
    report.verified = true;
    report.outcome = 5;
    report.measurements[0] = ArbitraryMeasurement(random);
    report.measurements[0].flags = 0;
    if (Below(random, 2) == 0) {
      for (Measurement& measurement : report.measurements) measurement.flags |= kNotCounted;
    }
    reports.push_back(report);
  }
  return reports;
}

void SwitchPolicy(LedgerDatabase& database) {
  database.Run(
      absl::StrCat("INSERT INTO unverifiable_policies (smart_account_id, effective_at, counts) VALUES (",
                   database.account(), ", to_timestamp(", kStart + 200 * kQuarter, "), false), (",
                   database.account(), ", to_timestamp(", kStart + 300 * kQuarter, "), true)"));
}

// The doors of ArbitraryReports as Virtual Accounts of this database.
std::vector<FeedReport> WithDoors(std::vector<FeedReport> reports, LedgerDatabase& database) {
  const std::vector<int64_t> doors = {database.AddVirtualAccount(database.account(), "Campus"),
                                      database.AddVirtualAccount(database.account(), "Branches")};
  for (FeedReport& report : reports) {
    const int64_t door = *report.door_virtual_account_id;
    report.door_virtual_account_id = door == 0 ? std::nullopt : std::optional(doors[door - 1]);
  }
  return reports;
}

void SubmitInPieces(std::vector<FeedReport> reports, Random& random, LedgerDatabase& database) {
  reports = WithDoors(std::move(reports), database);
  for (size_t begin = 0; begin < reports.size();) {
    const size_t end = std::min(reports.size(), begin + 1 + Below(random, 9));
    database.Submit({reports.data() + begin, end - begin}, kNow);
    begin = end;
  }
}

ApplyReportsOptions OptionsOf(const LedgerDatabase& database, int32_t reports_max) {
  ApplyReportsOptions options{.database = database.options()};
  options.reports_max = reports_max;
  options.poll_interval = absl::Milliseconds(5);
  // So that replicas do take over from each other.
  options.takeover_after = absl::Milliseconds(20);
  options.database.patience = absl::Seconds(1);
  return options;
}

bool AllApplied(LedgerDatabase& database) {
  return database.Number(
             "SELECT count(*) FROM ingest_changes WHERE (incarnation, xid, change_id) >"
             " (SELECT incarnation, xid, change_id FROM ledger_cursors"
             " WHERE consumer = 'apply_reports' UNION ALL SELECT 0, '0'::xid8, 0 LIMIT 1)") == 0;
}

std::string BooksInOneGo(const std::vector<FeedReport>& reports) {
  LedgerDatabase database;
  SwitchPolicy(database);
  database.Submit(WithDoors(reports, database), kNow);
  const ManualClock clock(kNow);
  metrics::Registry metrics;
  ApplyReports job(OptionsOf(database, 4000), clock, metrics);
  EXPECT_EQ(*job.RunOnce(), ApplyReports::Progress::kApplied);
  return BooksOf(database);
}

class ApplyReportsProperty : public ::testing::TestWithParam<int> {
 protected:
  ApplyReportsProperty() : random_(GetParam()) {
    reports_ = ArbitraryReports(random_, 60);
    want_ = BooksInOneGo(reports_);
    shuffled_ = reports_;
    shuffled_.insert(shuffled_.end(), reports_.begin(), reports_.begin() + 15);
    std::shuffle(shuffled_.begin(), shuffled_.end(), random_);
    SwitchPolicy(database_);
  }

  Random random_;
  const ManualClock clock_{kNow};
  metrics::Registry metrics_;
  std::vector<FeedReport> reports_;
  std::vector<FeedReport> shuffled_;
  std::string want_;
  LedgerDatabase database_;
};

TEST_P(ApplyReportsProperty, OrderRepetitionAndBatchesDoNotMatter) {
  SubmitInPieces(shuffled_, random_, database_);
  ApplyReports job(OptionsOf(database_, 1 + static_cast<int32_t>(Below(random_, 20))), clock_, metrics_);
  for (auto progress = job.RunOnce(); *progress != ApplyReports::Progress::kNothingToDo;
       progress = job.RunOnce()) {
    ASSERT_TRUE(progress.ok()) << progress.status();
  }
  EXPECT_EQ(BooksOf(database_), want_) << "seed " << GetParam();
}

TEST_P(ApplyReportsProperty, ReplicasThatRunAtTheSameTimeDoNotMatter) {
  ApplyReports first(OptionsOf(database_, 7), clock_, metrics_);
  ApplyReports second(OptionsOf(database_, 11), clock_, metrics_);
  std::thread one([&] { first.Run(); });
  std::thread two([&] { second.Run(); });
  SubmitInPieces(shuffled_, random_, database_);
  while (!AllApplied(database_)) absl::SleepFor(absl::Milliseconds(10));
  first.Stop();
  second.Stop();
  one.join();
  two.join();
  EXPECT_EQ(BooksOf(database_), want_) << "seed " << GetParam();
}

TEST_P(ApplyReportsProperty, SessionsThatAreCutDoNotMatter) {
  ApplyReports job(OptionsOf(database_, 5), clock_, metrics_);
  std::thread thread([&] { job.Run(); });
  SubmitInPieces(shuffled_, random_, database_);
  int cuts = 0;
  while (!AllApplied(database_) || cuts < 3) {
    absl::SleepFor(absl::Milliseconds(5 + Below(random_, 30)));
    if (cuts == 12) continue;
    database_.Run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = 'qm_ledger'");
    ++cuts;
  }
  job.Stop();
  thread.join();
  EXPECT_EQ(BooksOf(database_), want_) << "seed " << GetParam() << ", cuts " << cuts;
}

TEST_P(ApplyReportsProperty, AKilledServerDoesNotMatter) {
  ApplyReports job(OptionsOf(database_, 5), clock_, metrics_);
  SubmitInPieces(shuffled_, random_, database_);
  std::thread thread([&] { job.Run(); });
  absl::SleepFor(absl::Milliseconds(10 + Below(random_, 60)));
  testing::SharedPostgres().Kill();
  absl::SleepFor(absl::Milliseconds(50));
  testing::SharedPostgres().Start();
  while (!AllApplied(database_)) absl::SleepFor(absl::Milliseconds(10));
  job.Stop();
  thread.join();
  EXPECT_EQ(BooksOf(database_), want_) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ApplyReportsProperty, ::testing::Range(1, 4));

}  // namespace
}  // namespace quartermaster::ledger
