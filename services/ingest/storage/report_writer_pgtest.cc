#include "services/ingest/storage/report_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/eventually.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/common/usage/digest.h"
#include "services/ingest/testing/ingest_database.h"

namespace quartermaster::ingest {
namespace {

using Outcome = ReportAnswer::Outcome;

constexpr Verification kVerified = Verification::kVerified;
constexpr Verification kUnverifiable = Verification::kUnverifiable;

PendingReport Report(const std::string& sn, int64_t report_id, uint8_t payload,
                     Verification verification = kUnverifiable, const std::string& tag = "tag-a") {
  PendingReport report;
  report.udi = {"PID", sn};
  report.entitlement_tag = tag;
  report.report_id = report_id;
  report.payload_hash.fill(payload);
  report.verification = verification;
  report.body = absl::StrCat("body of ", sn, " ", report_id, " ", static_cast<int>(payload));
  usage::Digest digest;
  digest.measurements = {{.start_s = 100, .end_s = 200, .count = payload}};
  report.digest = usage::EncodeDigest(digest);
  report.received_s = 1'700'000'000;
  report.latest_end_s = 200;
  return report;
}

class ReportWriterTest : public testing::Test {
 protected:
  ReportWriter::Options WriterOptions() {
    ReportWriter::Options options;
    options.database = database_.options();
    return options;
  }

  // Starts at the first use.
  ReportWriter& writer() {
    if (writer_ == nullptr) {
      writer_ = std::make_unique<ReportWriter>(WriterOptions(), clock_, metrics_);
    }
    return *writer_;
  }

  std::unique_ptr<Submission> SubmissionOf(std::vector<PendingReport> reports) {
    auto submission = std::make_unique<Submission>();
    submission->smart_account_id = database_.default_account();
    submission->reports = std::move(reports);
    submission->deadline = absl::Now() + absl::Seconds(60);
    return submission;
  }

  std::unique_ptr<Submission> Store(std::unique_ptr<Submission> submission) {
    std::promise<std::unique_ptr<Submission>> done;
    submission->done = [&](std::unique_ptr<Submission> stored) { done.set_value(std::move(stored)); };
    const absl::Status status = writer().Submit(submission);
    EXPECT_TRUE(status.ok()) << status;
    if (!status.ok()) return submission;
    return done.get_future().get();
  }

  // The answer to one report that is submitted alone.
  ReportAnswer StoreOne(PendingReport report) {
    std::vector<PendingReport> reports;
    reports.push_back(std::move(report));
    std::unique_ptr<Submission> stored = Store(SubmissionOf(std::move(reports)));
    EXPECT_TRUE(stored->status.ok()) << stored->status;
    return stored->answers.empty() ? ReportAnswer{} : stored->answers.front();
  }

  void StoreDuring(int reports_per_sender, int retries_min, const std::function<void()>& fault);

  int Retries() {
    constexpr std::string_view kName = "\nquartermaster_ingest_group_retries_total ";
    const std::string text = metrics_.Exposition();
    const size_t at = text.find(kName);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + kName.size()));
  }

  // Outcome and verification of the row of `name`.
  std::string Row(const StoredName& name) {
    return database_.Text(absl::StrCat(
        "SELECT outcome || '/' || verification FROM rum_reports WHERE change_id = ", name.change_id,
        " AND place = ", name.place));
  }

  IngestDatabase database_;
  ManualClock clock_{absl::FromUnixMicros(1'700'000'000'123'456)};
  metrics::Registry metrics_;
  std::unique_ptr<ReportWriter> writer_;
};

TEST_F(ReportWriterTest, HealthComesBackWithoutReportsThatTryIt) {
  StoreOne(Report("A", 1, 1));
  testing::SharedPostgres().Kill();
  auto submission = SubmissionOf({});
  submission->reports.push_back(Report("A", 2, 1));
  submission->deadline = absl::Now() + absl::Milliseconds(600);
  std::promise<absl::Status> done;
  submission->done = [&](std::unique_ptr<Submission> stored) { done.set_value(stored->status); };
  ASSERT_TRUE(writer().Submit(submission).ok());
  bool was_unhealthy = false;
  auto failed = done.get_future();
  while (failed.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
    was_unhealthy = was_unhealthy || !writer().health().ok();
  }
  EXPECT_TRUE(was_unhealthy);
  EXPECT_TRUE(errors::IsRetryable(failed.get()));
  testing::SharedPostgres().Start();
  EXPECT_TRUE(testing::Eventually([&] { return writer().health().ok(); })) << writer().health();
}

// Commits wait for a standby that never comes, while it lives.
class AbsentStandby {
 public:
  AbsentStandby() { Set("nobody"); }
  ~AbsentStandby() { Set(""); }

 private:
  void Set(const std::string& name) {
    auto admin = pg::RawConnection::Connect(testing::OptionsFor("qm_admin", "postgres"));
    ASSERT_TRUE(admin.ok()) << admin.status();
    const std::string sql = absl::StrCat("ALTER SYSTEM SET synchronous_standby_names = '", name, "'");
    ASSERT_TRUE((*admin)->Run(sql.c_str()).ok());
    ASSERT_TRUE((*admin)->Run("SELECT pg_reload_conf()").ok());
    // The server takes it over within moments.
    absl::SleepFor(absl::Milliseconds(500));
  }
};

TEST_F(ReportWriterTest, ADuplicateIsNotAnsweredBeforeTheStandbyHasWhatItRepeats) {
  const ReportAnswer first = StoreOne(Report("A", 1, 1));
  auto standby = std::make_unique<AbsentStandby>();
  auto submission = SubmissionOf({});
  submission->reports.push_back(Report("A", 1, 1));
  std::promise<std::unique_ptr<Submission>> done;
  submission->done = [&](std::unique_ptr<Submission> stored) { done.set_value(std::move(stored)); };
  ASSERT_TRUE(writer().Submit(submission).ok());
  auto answered = done.get_future();
  EXPECT_EQ(answered.wait_for(std::chrono::seconds(1)), std::future_status::timeout);
  standby.reset();
  ASSERT_EQ(answered.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const std::unique_ptr<Submission> stored = answered.get();
  ASSERT_TRUE(stored->status.ok()) << stored->status;
  EXPECT_EQ(stored->answers.front().outcome, Outcome::kDuplicate);
  EXPECT_EQ(stored->answers.front().name, first.name);
}

TEST_F(ReportWriterTest, AnAcceptedReportHasItsIdentityItsBodyAndItsChange) {
  const ReportAnswer answer = StoreOne(Report("A", 7, 1));
  EXPECT_EQ(answer.outcome, Outcome::kAccepted);
  EXPECT_EQ(answer.received_at, clock_.Now());
  EXPECT_EQ(Row(answer.name), "1/2");
  EXPECT_EQ(database_.Text("SELECT convert_from(body, 'UTF8') FROM rum_reports"), "body of A 7 1");
  EXPECT_EQ(database_.Number("SELECT report_count FROM ingest_changes"), 1);
  EXPECT_EQ(database_.Number("SELECT change_id FROM ingest_changes"), answer.name.change_id);
  EXPECT_EQ(database_.Number("SELECT report_id FROM report_identities"), 7);
  EXPECT_EQ(database_.Text("SELECT udi_sn || '/' || entitlement_tag FROM ingest_v1_sources"), "A/tag-a");
  EXPECT_EQ(database_.Number("SELECT (extract(epoch FROM received_at) * 1000000)::bigint"
                             " FROM rum_reports"),
            absl::ToUnixMicros(answer.received_at));
}

TEST_F(ReportWriterTest, TheSameReportAgainIsADuplicateWithTheFirstAnswer) {
  const ReportAnswer first = StoreOne(Report("A", 7, 1));
  clock_.Advance(absl::Hours(1));
  const ReportAnswer again = StoreOne(Report("A", 7, 1));
  EXPECT_EQ(again.outcome, Outcome::kDuplicate);
  EXPECT_EQ(again.received_at, first.received_at);
  EXPECT_EQ(again.name, first.name);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), 1);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ingest_changes"), 1);
}

TEST_F(ReportWriterTest, AnotherPayloadIsAConflictThatIsKeptOnce) {
  const ReportAnswer first = StoreOne(Report("A", 7, 1));
  const ReportAnswer conflict = StoreOne(Report("A", 7, 2));
  EXPECT_EQ(conflict.outcome, Outcome::kConflict);
  EXPECT_EQ(conflict.name, first.name) << "the answer names the one that stands";
  EXPECT_EQ(StoreOne(Report("A", 7, 2)).outcome, Outcome::kConflict);
  EXPECT_EQ(StoreOne(Report("A", 7, 2)).outcome, Outcome::kConflict);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports WHERE outcome = 3"), 1);
  EXPECT_EQ(StoreOne(Report("A", 7, 3)).outcome, Outcome::kConflict);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports WHERE outcome = 3"), 2);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports WHERE outcome = 1"), 1);
  EXPECT_EQ(StoreOne(Report("A", 7, 1)).outcome, Outcome::kDuplicate);
}

TEST_F(ReportWriterTest, AVerifiedReportReplacesAnUnverifiableOne) {
  struct Case {
    const char* what;
    uint8_t payload;
  };
  int64_t report_id = 0;
  for (const Case& c : {Case{"the same payload", 1}, Case{"another payload", 2}}) {
    SCOPED_TRACE(c.what);
    ++report_id;
    const ReportAnswer first = StoreOne(Report("A", report_id, 1, kUnverifiable));
    const ReportAnswer second = StoreOne(Report("A", report_id, c.payload, kVerified));
    EXPECT_EQ(second.outcome, Outcome::kAccepted);
    EXPECT_EQ(second.verification, kVerified);
    EXPECT_EQ(Row(first.name), "1/2");
    EXPECT_EQ(Row(second.name), "5/1");
    EXPECT_EQ(database_.Text(absl::StrCat("SELECT change_id || '-' || place || '/' || verification"
                                          " FROM report_identities WHERE report_id = ",
                                          report_id)),
              absl::StrCat(second.name.change_id, "-", second.name.place, "/1"));
    const ReportAnswer again = StoreOne(Report("A", report_id, c.payload, kVerified));
    EXPECT_EQ(again.outcome, Outcome::kDuplicate);
    EXPECT_EQ(again.name, second.name);
  }
  // What was replaced by another payload is still known, and a third payload is still a conflict.
  EXPECT_EQ(StoreOne(Report("A", 2, 1, kUnverifiable)).outcome, Outcome::kDuplicate);
  EXPECT_EQ(StoreOne(Report("A", 2, 3, kVerified)).outcome, Outcome::kConflict);
  EXPECT_EQ(StoreOne(Report("A", 2, 3, kUnverifiable)).outcome, Outcome::kConflict);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), 5);
}

TEST_F(ReportWriterTest, OneGroupDecidesAsManyGroupsWould) {
  std::vector<PendingReport> reports;
  reports.push_back(Report("A", 1, 1, kUnverifiable));
  reports.push_back(Report("A", 1, 1, kUnverifiable));
  reports.push_back(Report("B", 1, 1, kUnverifiable));
  reports.push_back(Report("A", 1, 2, kUnverifiable));
  reports.push_back(Report("A", 1, 3, kVerified));
  reports.push_back(Report("A", 1, 1, kUnverifiable));
  reports.push_back(Report("A", 1, 2, kUnverifiable));
  const std::unique_ptr<Submission> stored = Store(SubmissionOf(std::move(reports)));
  ASSERT_TRUE(stored->status.ok()) << stored->status;
  std::vector<Outcome> outcomes;
  for (const ReportAnswer& answer : stored->answers) outcomes.push_back(answer.outcome);
  EXPECT_EQ(outcomes, (std::vector<Outcome>{Outcome::kAccepted, Outcome::kDuplicate, Outcome::kAccepted,
                                            Outcome::kConflict, Outcome::kAccepted, Outcome::kDuplicate,
                                            Outcome::kConflict}));
  EXPECT_EQ(stored->answers[1].name, stored->answers[0].name);
  EXPECT_EQ(stored->answers[5].name, stored->answers[0].name);
  EXPECT_EQ(stored->answers[6].name, stored->answers[4].name);
  EXPECT_EQ(database_.Column("SELECT outcome FROM rum_reports ORDER BY place"),
            (std::vector<std::string>{"1", "1", "3", "5"}));
  EXPECT_EQ(database_.Number("SELECT report_count FROM ingest_changes"), 4);
  EXPECT_EQ(database_.Number("SELECT place FROM report_identities i JOIN ingest_v1_sources s"
                             " USING (source_id) WHERE udi_sn = 'A'"),
            4);
}

TEST_F(ReportWriterTest, AnInstanceOfAnotherSmartAccountIsRejectedAndTheOthersAreNot) {
  const int64_t other = database_.AddAccount("other.example.com");
  database_.AddProductInstance(other, "PID", "inventory");
  auto elsewhere = SubmissionOf({});
  elsewhere->smart_account_id = other;
  elsewhere->reports.push_back(Report("reporter", 1, 1));
  ASSERT_TRUE(Store(std::move(elsewhere))->status.ok());

  std::vector<PendingReport> reports;
  reports.push_back(Report("reporter", 2, 1));
  reports.push_back(Report("good", 1, 1));
  reports.push_back(Report("inventory", 1, 1));
  const std::unique_ptr<Submission> stored = Store(SubmissionOf(std::move(reports)));
  ASSERT_TRUE(stored->status.ok()) << stored->status;
  for (int i : {0, 2}) {
    EXPECT_EQ(stored->answers[i].outcome, Outcome::kRejected);
    EXPECT_EQ(errors::ErrorId(stored->answers[i].status), "ingest.product_instance_belongs_elsewhere");
    EXPECT_EQ(stored->answers[i].status.message().find("other.example"), absl::string_view::npos);
  }
  EXPECT_EQ(stored->answers[1].outcome, Outcome::kAccepted);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), 2);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM report_senders WHERE udi_sn = 'inventory'"), 0);
}

TEST_F(ReportWriterTest, GroupsOfSeveralSmartAccountsMakeOneChangeEach) {
  const int64_t other = database_.AddAccount("other.example.com");
  // One worker, busy with the first, so that the next two share a group.
  ReportWriter::Options options = WriterOptions();
  options.workers = 1;
  writer_ = std::make_unique<ReportWriter>(options, clock_, metrics_);
  std::vector<std::future<std::unique_ptr<Submission>>> answers;
  for (int i = 0; i < 20; ++i) {
    auto submission = SubmissionOf({});
    submission->smart_account_id = i % 2 == 0 ? other : database_.default_account();
    submission->reports.push_back(Report(absl::StrCat("S", i), 1, 1));
    auto done = std::make_shared<std::promise<std::unique_ptr<Submission>>>();
    answers.push_back(done->get_future());
    submission->done = [done](std::unique_ptr<Submission> stored) { done->set_value(std::move(stored)); };
    ASSERT_TRUE(writer_->Submit(submission).ok());
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get()->answers.at(0).outcome, Outcome::kAccepted);
  EXPECT_EQ(database_.Number("SELECT sum(report_count) FROM ingest_changes"), 20);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM (SELECT xid FROM ingest_changes GROUP BY xid"
                             " HAVING count(DISTINCT smart_account_id) = 2) shared") > 0,
            true);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports r JOIN ingest_changes c"
                             " USING (smart_account_id, change_id, received_at)"),
            20);
}

TEST_F(ReportWriterTest, ATicketNamesTheChangeThatEachSendersAcknowledgementMustReach) {
  const ReportAnswer early = StoreOne(Report("A", 1, 1));
  std::vector<PendingReport> reports;
  reports.push_back(Report("A", 1, 1));
  reports.push_back(Report("B", 1, 1));
  reports.push_back(Report("B", 2, 1));
  auto submission = SubmissionOf(std::move(reports));
  submission->wants_ticket = true;
  const std::unique_ptr<Submission> stored = Store(std::move(submission));
  ASSERT_TRUE(stored->status.ok()) << stored->status;
  ASSERT_NE(stored->poll_id, 0);
  EXPECT_EQ(database_.Column(
                absl::StrCat("SELECT udi_sn || '/' || c FROM poll_tickets t, unnest(sender_ids, change_ids)"
                             " AS k(s, c) JOIN report_senders d ON d.sender_id = k.s WHERE poll_id = ",
                             stored->poll_id, " ORDER BY 1")),
            (std::vector<std::string>{absl::StrCat("A/", early.name.change_id),
                                      absl::StrCat("B/", stored->answers[1].name.change_id)}));
}

TEST_F(ReportWriterTest, PollIdsCannotBeGuessedFromOneAnother) {
  std::set<int64_t> high_bits;
  for (int i = 1; i <= 8; ++i) {
    auto submission = SubmissionOf({});
    submission->reports.push_back(Report("A", i, 1));
    submission->wants_ticket = true;
    const std::unique_ptr<Submission> stored = Store(std::move(submission));
    ASSERT_TRUE(stored->status.ok()) << stored->status;
    EXPECT_GT(stored->poll_id, 0);
    high_bits.insert(stored->poll_id >> 31);
  }
  EXPECT_EQ(high_bits.size(), 8u);
}

TEST_F(ReportWriterTest, NothingToWaitForMakesNoTicket) {
  const int64_t other = database_.AddAccount("other.example.com");
  database_.AddProductInstance(other, "PID", "X");
  auto submission = SubmissionOf({});
  submission->reports.push_back(Report("X", 1, 1));
  submission->wants_ticket = true;
  EXPECT_EQ(Store(std::move(submission))->poll_id, 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM poll_tickets"), 0);
}

TEST_F(ReportWriterTest, TheNewestSystemInfoOfAKnownSenderIsKept) {
  auto submission = SubmissionOf({});
  submission->reports.push_back(Report("A", 1, 1));
  submission->system_infos = {{{"PID", "A"}, "old"}, {{"PID", "A"}, "new"}, {{"PID", "Z"}, "stranger"}};
  ASSERT_TRUE(Store(std::move(submission))->status.ok());
  EXPECT_EQ(database_.Column("SELECT convert_from(body, 'UTF8') FROM report_system_infos"),
            std::vector<std::string>{"new"});
  auto alone = SubmissionOf({});
  alone->system_infos = {{{"PID", "A"}, "newest", "edge-1"}};
  ASSERT_TRUE(Store(std::move(alone))->status.ok());
  EXPECT_EQ(database_.Text("SELECT convert_from(body, 'UTF8') || hostname FROM report_system_infos"),
            "newestedge-1");
}

TEST_F(ReportWriterTest, ClockSuspectIsDecidedByTheTimeOfReceipt) {
  PendingReport report = Report("A", 1, 1);
  // Parsed an hour before it is stored: what was suspect then is not any more.
  report.received_s = absl::ToUnixSeconds(clock_.Now()) - 3600;
  usage::Digest digest;
  const int64_t end_s = absl::ToUnixSeconds(clock_.Now()) + 60;
  digest.measurements = {{.start_s = 0, .end_s = end_s, .count = 1, .flags = kClockSuspect},
                         {.start_s = 0, .end_s = end_s + 4000, .count = 1, .flags = kClockSuspect}};
  report.digest = usage::EncodeDigest(digest);
  report.latest_end_s = end_s + 4000;
  StoreOne(std::move(report));
  std::string stored;
  pg::Pool pool(database_.options());
  ASSERT_TRUE(pool.Read("test",
                        [&](pqxx::transaction_base& transaction) {
                          const pqxx::binarystring bytes(
                              transaction.exec1("SELECT digest FROM rum_reports")[0]);
                          stored = bytes.str();
                          return absl::OkStatus();
                        })
                  .ok());
  ASSERT_TRUE(usage::DecodeDigest(stored, digest).ok());
  EXPECT_EQ(digest.measurements[0].flags, 0u);
  EXPECT_EQ(digest.measurements[1].flags, kClockSuspect);
}

TEST_F(ReportWriterTest, AReportThatTheDatabaseRefusesDoesNotSinkTheOthers) {
  // What a text column cannot hold; checked long before in real life.
  std::vector<PendingReport> reports;
  reports.push_back(Report("A", 1, 1));
  reports.push_back(Report(std::string("nul\0byte", 8), 1, 1));
  reports.push_back(Report("B", 1, 1));
  auto submission = SubmissionOf(std::move(reports));
  submission->wants_ticket = true;
  const std::unique_ptr<Submission> stored = Store(std::move(submission));
  ASSERT_TRUE(stored->status.ok()) << stored->status;
  ASSERT_EQ(stored->answers.size(), 3u);
  EXPECT_EQ(stored->answers[0].outcome, Outcome::kAccepted);
  EXPECT_EQ(stored->answers[1].outcome, Outcome::kRejected);
  EXPECT_EQ(errors::ErrorId(stored->answers[1].status), "ingest.report_not_storable");
  EXPECT_EQ(stored->answers[2].outcome, Outcome::kAccepted);
  EXPECT_NE(stored->poll_id, 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), 2);
}

TEST_F(ReportWriterTest, AFullQueueRefusesAtOnce) {
  ReportWriter::Options options = WriterOptions();
  options.queue.reports_max = 10;
  options.workers = 1;
  writer_ = std::make_unique<ReportWriter>(options, clock_, metrics_);
  // Hold the identities' table, so that nothing is committed.
  pg::Pool admin(testing::OptionsFor("qm_admin", database_.name()));
  std::promise<void> locked, release;
  std::thread holder([&] {
    (void)admin.Transact("hold", [&](pqxx::transaction_base& transaction) {
      transaction.exec("LOCK TABLE report_identities IN EXCLUSIVE MODE");
      locked.set_value();
      release.get_future().wait();
      return absl::OkStatus();
    });
  });
  locked.get_future().wait();
  std::atomic<int> answered = 0;
  int accepted = 0;
  absl::Status refused;
  for (int i = 0; i < 50 && refused.ok(); ++i) {
    auto submission = SubmissionOf({});
    submission->reports.push_back(Report(absl::StrCat("S", i), 1, 1));
    submission->done = [&](std::unique_ptr<Submission>) { ++answered; };
    refused = writer_->Submit(submission);
    if (refused.ok()) ++accepted;
  }
  EXPECT_EQ(errors::ErrorId(refused), "ingest.queue_full");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(errors::RetryDelay(refused), absl::ZeroDuration());
  release.set_value();
  holder.join();
  writer_->Stop(absl::Now() + absl::Seconds(20));
  EXPECT_EQ(answered, accepted);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), accepted);
}

TEST_F(ReportWriterTest, ConcurrentSendersInAnyOrderStoreEachIdentityOnce) {
  constexpr int kThreads = 8, kSenders = 20, kReports = 10;
  std::vector<std::unique_ptr<ReportWriter>> replicas;
  for (int i = 0; i < 2; ++i) {
    replicas.push_back(std::make_unique<ReportWriter>(WriterOptions(), clock_, metrics_));
  }
  std::atomic<int> accepted = 0, duplicates = 0, others = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      std::vector<std::pair<int, int>> order;
      for (int s = 0; s < kSenders; ++s) {
        for (int r = 1; r <= kReports; ++r) order.push_back({s, r});
      }
      std::shuffle(order.begin(), order.end(), random);
      for (size_t at = 0; at < order.size();) {
        auto submission = SubmissionOf({});
        for (size_t n = 1 + random() % 7; n > 0 && at < order.size(); --n, ++at) {
          submission->reports.push_back(Report(absl::StrCat("S", order[at].first), order[at].second, 1));
        }
        std::promise<std::unique_ptr<Submission>> done;
        submission->done = [&](std::unique_ptr<Submission> s) { done.set_value(std::move(s)); };
        ASSERT_TRUE(replicas[random() % replicas.size()]->Submit(submission).ok());
        const auto stored = done.get_future().get();
        ASSERT_TRUE(stored->status.ok()) << stored->status;
        for (const ReportAnswer& answer : stored->answers) {
          (answer.outcome == Outcome::kAccepted    ? accepted
           : answer.outcome == Outcome::kDuplicate ? duplicates
                                                   : others)++;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, kSenders * kReports);
  EXPECT_EQ(duplicates, (kThreads - 1) * kSenders * kReports);
  EXPECT_EQ(others, 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), kSenders * kReports);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM report_identities"), kSenders * kReports);
  EXPECT_EQ(database_.Number("SELECT sum(report_count) FROM ingest_changes"), kSenders * kReports);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM report_identities i JOIN rum_reports r"
                             " USING (smart_account_id, received_at, change_id, place, source_id,"
                             " report_id)"),
            kSenders * kReports);
}

// Several senders store reports while `fault` runs again and again, at least until it has hit
// `retries_min` times; then all reports are there once, and each was answered as accepted, whatever
// happened to the first attempts.
void ReportWriterTest::StoreDuring(int reports_per_sender, int retries_min,
                                   const std::function<void()>& fault) {
  constexpr int kSenders = 4;
  const int reports_max = 50 * reports_per_sender;
  std::atomic<int> accepted = 0, stored_count = 0;
  std::atomic<bool> stop = false;
  writer();
  std::vector<std::thread> senders;
  for (int t = 0; t < kSenders; ++t) {
    senders.emplace_back([&, t] {
      for (int r = 1; r <= reports_per_sender || (r <= reports_max && Retries() < retries_min); ++r) {
        auto submission = SubmissionOf({});
        submission->reports.push_back(Report(absl::StrCat("S", t), r, 1));
        const auto stored = Store(std::move(submission));
        EXPECT_TRUE(stored->status.ok()) << stored->status;
        ++stored_count;
        if (stored->status.ok() && stored->answers[0].outcome == Outcome::kAccepted) ++accepted;
      }
    });
  }
  std::thread faults([&] {
    while (!stop) fault();
  });
  for (std::thread& sender : senders) sender.join();
  stop = true;
  faults.join();
  EXPECT_GE(Retries(), retries_min) << "the faults hit nothing";
  const int want = stored_count;
  EXPECT_EQ(accepted, want);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), want);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM report_identities"), want);
  EXPECT_EQ(database_.Number("SELECT sum(report_count) FROM ingest_changes"), want);
}

TEST_F(ReportWriterTest, LargeGroupsAreDecidedAlikeWhetherTheyAreGuessedNewOrNot) {
  // Six groups of new reports: the later ones are written on the guess that all are.
  const auto group = [&](int first) {
    std::vector<PendingReport> reports;
    for (int i = 0; i < 150; ++i) reports.push_back(Report("G", first + i, 1));
    return Store(SubmissionOf(std::move(reports)));
  };
  for (int first = 1; first <= 900; first += 150) {
    const auto stored = group(first);
    for (const ReportAnswer& answer : stored->answers) EXPECT_EQ(answer.outcome, Outcome::kAccepted);
  }
  // Half old, half new, on the same guess: refused by the database and decided the long way.
  const auto mixed = group(826);
  for (size_t i = 0; i < mixed->answers.size(); ++i) {
    EXPECT_EQ(mixed->answers[i].outcome, i < 75 ? Outcome::kDuplicate : Outcome::kAccepted) << i;
  }
  EXPECT_EQ(database_.Number("SELECT count(*) FROM report_identities"), 975);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), 975);
  EXPECT_EQ(database_.Number("SELECT sum(report_count) FROM ingest_changes"), 975);
}

TEST_F(ReportWriterTest, CutSessionsLoseAndDoubleNothing) {
  StoreDuring(400, 6, [&] {
    testing::SharedPostgres().TerminateSessions(database_.name());
    absl::SleepFor(absl::Milliseconds(5));
  });
}

TEST_F(ReportWriterTest, AKilledServerLosesAndDoublesNothing) {
  int kills = 0;
  StoreDuring(500, 1, [&] {
    absl::SleepFor(absl::Milliseconds(100));
    if (kills == 3) return;
    ++kills;
    testing::SharedPostgres().Kill();
    testing::SharedPostgres().Start();
  });
}

TEST_F(ReportWriterTest, ACommitInDoubtThatDidSucceedIsAnsweredAsAccepted) {
  auto first = SubmissionOf({});
  first->reports.push_back(Report("A", 1, 1, kUnverifiable));
  first->reports.push_back(Report("A", 1, 2, kVerified));
  first->reports.push_back(Report("A", 1, 3, kVerified));
  const auto stored = Store(std::move(first));
  auto retried = SubmissionOf({});
  retried->reports = stored->reports;
  for (size_t i = 0; i < 3; ++i) {
    const int32_t place = static_cast<int32_t>(i);
    retried->reports[i].names_in_doubt = {{stored->answers[i].name.change_id, place}};
  }
  const auto again = Store(std::move(retried));
  EXPECT_EQ(again->answers[0].outcome, Outcome::kDuplicate) << "replaced meanwhile, by the second";
  EXPECT_EQ(again->answers[1].outcome, Outcome::kAccepted);
  EXPECT_EQ(again->answers[1].name, stored->answers[1].name);
  EXPECT_EQ(again->answers[2].outcome, Outcome::kConflict);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM rum_reports"), 3);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ingest_changes"), 1);
}

TEST_F(ReportWriterTest, WhileTheDatabaseIsAwayRequestsWaitUntilTheirDeadline) {
  ASSERT_EQ(StoreOne(Report("A", 1, 1)).outcome, Outcome::kAccepted);
  testing::SharedPostgres().Kill();
  auto impatient = SubmissionOf({});
  impatient->reports.push_back(Report("A", 2, 1));
  impatient->deadline = absl::Now() + absl::Milliseconds(300);
  const auto failed = Store(std::move(impatient));
  EXPECT_EQ(failed->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(errors::IsRetryable(failed->status));
  EXPECT_FALSE(writer().health().ok());

  std::future<ReportAnswer> patient =
      std::async(std::launch::async, [&] { return StoreOne(Report("A", 3, 1)); });
  absl::SleepFor(absl::Milliseconds(200));
  testing::SharedPostgres().Start();
  EXPECT_EQ(patient.get().outcome, Outcome::kAccepted);
  EXPECT_TRUE(writer().health().ok());
  EXPECT_EQ(database_.Column("SELECT report_id FROM rum_reports ORDER BY 1"),
            (std::vector<std::string>{"1", "3"}));
}

TEST_F(ReportWriterTest, StoppingWithoutADatabaseAnswersEverything) {
  ASSERT_EQ(StoreOne(Report("A", 1, 1)).outcome, Outcome::kAccepted);
  testing::SharedPostgres().Kill();
  std::promise<absl::Status> status;
  auto submission = SubmissionOf({});
  submission->reports.push_back(Report("A", 2, 1));
  submission->done = [&](std::unique_ptr<Submission> s) { status.set_value(s->status); };
  ASSERT_TRUE(writer().Submit(submission).ok());
  writer().Stop(absl::Now() + absl::Milliseconds(100));
  EXPECT_EQ(errors::ErrorId(status.get_future().get()), "ingest.stopping");
  auto late = SubmissionOf({});
  EXPECT_EQ(errors::ErrorId(writer().Submit(late)), "ingest.stopping");
  testing::SharedPostgres().Start();
}

}  // namespace
}  // namespace quartermaster::ingest
