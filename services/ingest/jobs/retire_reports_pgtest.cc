// Retention as ingest's clients see it: what was retired is known and not shown, what had to stay is shown
// as before. What ledger has to say (openings, holds) is written in SQL.
#include "services/ingest/jobs/retire_reports.h"

#include <gtest/gtest.h>

#include <future>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ingest/testing/ingest_server.h"
#include "services/ingest/testing/test_reports.h"

namespace quartermaster::ingest {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

class RetireReportsTest : public ::testing::Test {
 protected:
  RetireReportsTest() : pool_(server_.database().options()) {}

  RetireReports Job(bool give_up_unverifiable) {
    return {pool_, {.reports = 90 * kDay, .give_up_unverifiable = give_up_unverifiable}, metrics_};
  }

  // Its name, or the word for what became of it.
  std::string Submit(const TestReport& report) {
    const v1::SubmitReportsResponse answer = server_.SubmitDocument(FileOf({BuiltinText(report)}));
    EXPECT_EQ(answer.results_size(), 1);
    const v1::ReportResult& result = answer.results(0);
    return absl::StrCat(v1::ReportResult::Outcome_Name(result.outcome()), " ", result.name());
  }
  std::string NameOf(const std::string& answer) { return answer.substr(answer.find(' ') + 1); }

  // "ok" or the error id.
  std::string Show(const std::string& name) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
    v1::GetReportRequest request;
    request.set_name(name);
    v1::Report report;
    const absl::Status status = rpc::FromGrpc(server_.stub().GetReport(&context, request, &report));
    return status.ok() ? "ok" : std::string(errors::ErrorId(status));
  }
  // Report ids, newest first, in pages of two.
  std::string List(const std::string& serial_number) {
    std::string ids;
    v1::ListReportsRequest request;
    request.set_serial_number(serial_number);
    request.set_page_size(2);
    do {
      grpc::ClientContext context;
      rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
      v1::ListReportsResponse page;
      EXPECT_TRUE(server_.stub().ListReports(&context, request, &page).ok());
      for (const v1::ReportSummary& summary : page.reports()) absl::StrAppend(&ids, summary.report_id(), " ");
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }

  // As ledger writes them, for every month that has ended.
  void WriteOpenings() {
    database().Run(absl::StrCat(
        "INSERT INTO report_openings (opening_id, draft_id, received_from, received_until, source_count,"
        " report_count, sources_hash, previous_hash, opening_hash, signed_at, alg, key_id, signature)"
        " SELECT nextval('report_opening_drafts'), currval('report_opening_drafts'), received_from, "
        "received_until,"
        " 0, 0, sha256(''), sha256(''), sha256(''), now(), '', '', '' FROM ingest_v1_report_months m"
        " WHERE received_until <= '",
        absl::FormatTime(server_.clock().Now()),
        "' AND NOT EXISTS (SELECT FROM report_openings o WHERE o.received_from = m.received_from)"));
  }
  void PlaceHold() {
    database().Run(
        absl::StrCat("INSERT INTO account_holds (smart_account_id, name, reason, placed_at, placed_by)"
                     " VALUES (",
                     database().default_account(), ", 'audit', 'why', now(), 'test')"));
  }
  bool HasMonth(const std::string& name) {
    return database().Number(
               absl::StrCat("SELECT count(*) FROM pg_class WHERE relname = 'rum_reports_", name, "'")) == 1;
  }
  IngestDatabase& database() { return server_.database(); }
  bool Metric(const std::string& line) {
    return absl::StrContains(metrics_.Exposition(), absl::StrCat("\n", line, "\n"));
  }

  IngestServer server_;
  pg::Pool pool_;
  metrics::Registry metrics_;
};

TEST_F(RetireReportsTest, ARetiredReportIsStillADuplicateAndItsBodyIsSaidToBeGone) {
  const std::string first = Submit({.sn = "A", .report_id = 1});
  const std::string other = Submit({.sn = "B", .report_id = 1});
  ASSERT_EQ(first, absl::StrCat("OUTCOME_ACCEPTED ", NameOf(first)));
  server_.clock().Advance(200 * kDay);
  WriteOpenings();
  const std::string recent = Submit({.sn = "A", .report_id = 2});
  RetireReports job = Job(true);
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_FALSE(HasMonth("2023_11"));
  EXPECT_TRUE(Metric("quartermaster_ingest_kept_reports 0"));
  EXPECT_TRUE(Metric("quartermaster_ingest_report_months_dropped_total 5"));

  EXPECT_EQ(Show(NameOf(first)), "ingest.report_body_retired");
  EXPECT_EQ(Show(NameOf(other)), "ingest.report_body_retired");
  EXPECT_EQ(Show("999999-0"), "ingest.report_unknown");
  EXPECT_EQ(Show(absl::StrCat(NameOf(first).substr(0, NameOf(first).find('-')), "-7")),
            "ingest.report_unknown");
  EXPECT_EQ(Show(NameOf(recent)), "ok");
  EXPECT_EQ(List("A"), "2 ");
  EXPECT_EQ(List(""), "2 ");

  EXPECT_EQ(Submit({.sn = "A", .report_id = 1}), absl::StrCat("OUTCOME_DUPLICATE ", NameOf(first)));
  const std::string conflict = Submit({.sn = "A", .report_id = 1, .count = 9});
  EXPECT_TRUE(absl::StartsWith(conflict, "OUTCOME_CONFLICT ")) << conflict;
  EXPECT_EQ(Submit({.sn = "A", .report_id = 1}), absl::StrCat("OUTCOME_DUPLICATE ", NameOf(first)));
}

TEST_F(RetireReportsTest, WhatHasToStayIsShownAsBeforeAndGoesWhenItNeedNot) {
  const std::string first = Submit({.sn = "A", .report_id = 1});
  const std::string second = Submit({.sn = "A", .report_id = 2});
  server_.clock().Advance(200 * kDay);
  WriteOpenings();
  PlaceHold();
  Submit({.sn = "A", .report_id = 3});
  RetireReports job = Job(true);
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_FALSE(HasMonth("2023_11"));
  EXPECT_TRUE(Metric("quartermaster_ingest_kept_reports 2"));
  EXPECT_EQ(Show(NameOf(first)), "ok");
  EXPECT_EQ(List("A"), "3 2 1 ");
  EXPECT_EQ(List(""), "3 2 1 ");

  database().Run("UPDATE account_holds SET released_at = now()");
  server_.clock().Advance(absl::Minutes(59));
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_EQ(List("A"), "3 2 1 ");
  server_.clock().Advance(absl::Minutes(1));
  // Unverifiable reports stay unless they are given up.
  RetireReports keeps_unverifiable = Job(false);
  ASSERT_TRUE(keeps_unverifiable.RunOnce(server_.clock().Now()).ok());
  EXPECT_EQ(List("A"), "3 2 1 ");
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_TRUE(Metric("quartermaster_ingest_kept_reports 0"));
  EXPECT_EQ(List("A"), "3 ");
  EXPECT_EQ(Show(NameOf(second)), "ingest.report_body_retired");
}

TEST_F(RetireReportsTest, AMonthStaysWhileItIsYoungOrHasNoOpeningOrRetentionIsOff) {
  const std::string name = NameOf(Submit({.sn = "A", .report_id = 1}));
  RetireReports job = Job(true);
  // Received on November 14: the month ends on the 30th, 90 days later is February 28.
  server_.clock().Set(absl::FromCivil(absl::CivilDay(2024, 2, 28), absl::UTCTimeZone()));
  WriteOpenings();
  database().Run("DELETE FROM report_openings WHERE received_from < '2023-11-01T00:00:00Z'");
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_TRUE(HasMonth("2023_11"));
  EXPECT_TRUE(HasMonth("2023_10"));
  RetireReports off(pool_, {}, metrics_);
  server_.clock().Advance(500 * kDay);
  ASSERT_TRUE(off.RunOnce(server_.clock().Now()).ok());
  EXPECT_TRUE(HasMonth("2023_11"));
  EXPECT_TRUE(Metric("quartermaster_ingest_kept_reports 0"));
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_FALSE(HasMonth("2023_11"));
  EXPECT_TRUE(HasMonth("2023_10"));
  EXPECT_EQ(Show(name), "ingest.report_body_retired");
}

TEST_F(RetireReportsTest, ErasureTakesWhatWasReceivedUntilThenAndNothingElse) {
  for (const char* sn : {"A", "B"}) Submit({.sn = sn, .report_id = 1});
  const auto add_info = [&](const char* sn, const char* received_at) {
    database().Run(absl::StrCat(
        "INSERT INTO report_system_infos (smart_account_id, sender_id, received_at, hostname, body)"
        " SELECT smart_account_id, sender_id, '",
        received_at, "', 'edge', '' FROM report_senders WHERE udi_sn = '", sn,
        "' ON CONFLICT (smart_account_id, sender_id) DO UPDATE SET received_at = excluded.received_at"));
  };
  add_info("A", "2023-11-14T10:00:00Z");
  add_info("B", "2023-11-14T10:00:00Z");
  database().AddProductInstance(database().default_account(), TestReport().pid, "A");
  database().Run(
      "INSERT INTO instance_erasures SELECT smart_account_id, product_instance_id, '2023-11-14T11:00:00Z'"
      " FROM product_instances");
  // Whether bodies are retired or not.
  RetireReports job(pool_, {}, metrics_);
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  constexpr char kInfos[] =
      "SELECT udi_sn FROM report_system_infos JOIN report_senders USING (sender_id) ORDER BY 1";
  EXPECT_EQ(database().Column(kInfos), std::vector<std::string>{"B"});
  add_info("A", "2023-11-14T11:00:01Z");
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_EQ(database().Column(kInfos), (std::vector<std::string>{"A", "B"}));
}

TEST_F(RetireReportsTest, TrafficWaitsForNoLockAndAReaderOnlyPutsItOff) {
  Submit({.sn = "A", .report_id = 1});
  server_.clock().Advance(200 * kDay);
  WriteOpenings();
  RetireReports job = Job(true);
  pg::Pool reader(testing::OptionsFor("qm_ingest", database().name()));
  const absl::Status read = reader.Read("test", [&](pqxx::transaction_base& transaction) {
    transaction.exec("SELECT count(*) FROM rum_reports");
    auto run = std::async(std::launch::async, [&] { return job.RunOnce(server_.clock().Now()); });
    absl::SleepFor(absl::Milliseconds(200));
    const absl::Time before = absl::Now();
    EXPECT_TRUE(absl::StartsWith(Submit({.sn = "A", .report_id = 2}), "OUTCOME_ACCEPTED"));
    EXPECT_LT(absl::Now() - before, absl::Seconds(4));
    EXPECT_FALSE(run.get().ok());
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_TRUE(HasMonth("2023_11"));
  ASSERT_TRUE(job.RunOnce(server_.clock().Now()).ok());
  EXPECT_FALSE(HasMonth("2023_11"));
}

}  // namespace
}  // namespace quartermaster::ingest
