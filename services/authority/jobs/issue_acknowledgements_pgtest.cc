#include "services/authority/jobs/issue_acknowledgements.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <pqxx/pqxx>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/acknowledged_reports.h"
#include "services/authority/testing/authority_database.h"
#include "services/common/errors/error.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'005);

class IssueTest : public testing::Test {
 protected:
  IssueTest() : connection_(*pg::RawConnection::Connect(database_.options())) {}

  IssueResult Issue(const IssueOptions& options = {}) {
    const auto result = IssueAcknowledgements(*connection_, senders_, options, kNow);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(IssueResult());
  }

  // All that is acknowledged of a sender, in order of the sequences, and how often each is.
  std::map<AcknowledgedReport, int> Acknowledged(int64_t sender_id) {
    std::map<AcknowledgedReport, int> reports;
    static constexpr char kSql[] =
        "SELECT sequence, report_count, reports FROM acknowledgements WHERE sender_id = $1"
        " ORDER BY sequence";
    pg::Params params;
    params.Add(sender_id);
    const auto rows = connection_->Execute(kSql, params);
    for (int row = 0; row < rows->rows(); ++row) {
      EXPECT_EQ(rows->Int64(row, 0), row + 1) << "sequences count up from 1 without a hole";
      const auto unpacked = UnpackAcknowledgedReports(rows->Bytes(row, 2));
      EXPECT_EQ(static_cast<int32_t>(unpacked->size()), rows->Int32(row, 1));
      for (const AcknowledgedReport& report : *unpacked) ++reports[report];
    }
    return reports;
  }

  AuthorityDatabase database_;
  const std::unique_ptr<pg::RawConnection> connection_;
  SourceSenders senders_;
};

TEST_F(IssueTest, AcknowledgesVerifiedReportsOncePerSender) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t a = database_.AddSource(database_.account(), sender, "a");
  const int64_t b = database_.AddSource(database_.account(), sender, "b");
  database_.AddChange(database_.account(), {{a, 10}, {b, 20}});
  const int64_t last = database_.AddChange(database_.account(), {{a, 11}});
  database_.ApplyAll();

  const IssueResult result = Issue();
  EXPECT_EQ(result.changes, 2);
  EXPECT_EQ(result.reports, 3);
  EXPECT_EQ(result.acknowledgements, 1);
  EXPECT_FALSE(result.more);
  EXPECT_EQ(Acknowledged(sender),
            (std::map<AcknowledgedReport, int>{{{a, 10}, 1}, {{a, 11}, 1}, {{b, 20}, 1}}));
  EXPECT_EQ(database_.Number("SELECT through_change_id FROM acknowledgements"), last);
  EXPECT_EQ(database_.Text("SELECT issued_at FROM acknowledgements"), "2030-03-17 17:46:45+00");

  EXPECT_EQ(Issue().changes, 0) << "nothing is left";
  EXPECT_EQ(database_.Number("SELECT count(*) FROM acknowledgements"), 1);
}

TEST_F(IssueTest, SendsThePolicyAlongThatIsInForceAtHome) {
  const int64_t other_account = database_.AddAccount("other.example.com");
  std::vector<int64_t> sources;
  for (const char* sn : {"1", "2", "3"}) {
    const int64_t account = sn[0] == '3' ? other_account : database_.account();
    database_.AddProductInstance(account, "P", sn);
    sources.push_back(database_.AddSource(account, database_.AddSender(account, "P", sn), "a"));
  }
  // The second is at home in a Virtual Account with a policy of its own; the third in an account without.
  database_.Run(absl::StrCat(
      "INSERT INTO virtual_accounts (smart_account_id, name, created_at) VALUES (", database_.account(),
      ", 'Strict', now()); UPDATE product_instances SET virtual_account_id = (SELECT virtual_account_id FROM"
      " virtual_accounts WHERE name = 'Strict') WHERE udi_sn = '2';"));
  const auto add_policy = [&](const char* name, const char* virtual_account, const char* ended_at) {
    database_.Run(absl::StrCat(
        "INSERT INTO reporting_policies (smart_account_id, virtual_account_id, type, name,"
        " acknowledgement_required, push_interval_days, days, effective_at, ended_at, actor) VALUES (",
        database_.account(), ", ", virtual_account, ", 4, '", name,
        "', true, 30, array_fill(10, ARRAY[12]), '2026-01-01', ", ended_at, ", '')"));
  };
  add_policy("old", "NULL", "'2026-02-01'");
  add_policy("account", "NULL", "NULL");
  add_policy("strict", "(SELECT virtual_account_id FROM virtual_accounts WHERE name = 'Strict')", "NULL");
  database_.AddChange(database_.account(), {{sources[0], 1}, {sources[1], 1}});
  database_.AddChange(other_account, {{sources[2], 1}});
  database_.ApplyAll();
  EXPECT_EQ(Issue().acknowledgements, 3);

  const char* const kNames =
      "SELECT string_agg(udi_sn || ' ' || coalesce(p.name, 'default'), ', ' ORDER BY udi_sn, sequence)"
      " FROM acknowledgements a JOIN report_senders USING (sender_id)"
      " LEFT JOIN reporting_policies p USING (policy_id)";
  EXPECT_EQ(database_.Text(kNames), "1 account, 2 strict, 3 default");
  EXPECT_EQ(
      database_.Text("SELECT string_agg(udi_sn || ' ' || coalesce(name, 'default'), ', ' ORDER BY udi_sn)"
                     " FROM authority_changes c"
                     " CROSS JOIN LATERAL unnest(sender_ids, policy_ids) AS s (sender_id, policy_id)"
                     " JOIN report_senders USING (sender_id)"
                     " LEFT JOIN reporting_policies USING (policy_id)"),
      "1 account, 2 strict, 3 default");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authority_changes WHERE policy_ids IS NULL"), 1)
      << "where all have the default nothing is said";

  // What is no longer in force goes out no more; what went out stays as it was.
  database_.Run("UPDATE reporting_policies SET ended_at = now() WHERE name = 'strict'");
  database_.AddChange(database_.account(), {{sources[1], 2}});
  database_.ApplyAll();
  EXPECT_EQ(Issue().acknowledgements, 1);
  EXPECT_EQ(database_.Text(kNames), "1 account, 2 strict, 2 account, 3 default");
}

TEST_F(IssueTest, WithholdsWhatLedgerHasSetAsideUntilItIsBooked) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  const int64_t change = database_.AddChange(database_.account(), {{source, 1}, {source, 2}});
  database_.Run(absl::StrCat("INSERT INTO set_aside_reports VALUES (", database_.account(), ", ", change,
                             ", 1, 0, 0, 'damaged', now())"));
  database_.ApplyAll();
  EXPECT_EQ(Issue().reports, 1);
  EXPECT_EQ(Acknowledged(sender), (std::map<AcknowledgedReport, int>{{{source, 1}, 1}}));
  EXPECT_EQ(Issue().acknowledgements, 0) << "still set aside";
  const int64_t later = database_.AddChange(database_.account(), {{source, 3}});
  database_.ApplyAll();
  EXPECT_EQ(Issue().reports, 1);

  database_.Run("DELETE FROM set_aside_reports");
  EXPECT_EQ(Issue().reports, 1);
  EXPECT_EQ(Acknowledged(sender),
            (std::map<AcknowledgedReport, int>{{{source, 1}, 1}, {{source, 2}, 1}, {{source, 3}, 1}}));
  EXPECT_EQ(database_.Number("SELECT through_change_id FROM acknowledgements ORDER BY sequence DESC LIMIT 1"),
            later)
      << "what was acknowledged before stays acknowledged";
  EXPECT_EQ(Issue().acknowledgements, 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM withheld_acknowledgements"), 0);
}

TEST_F(IssueTest, NamesAtMostTwoThousandSendersInAChangeOfItsFeed) {
  database_.Run(
      absl::StrCat("INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id, first_received_at)"
                   " SELECT 'P', n::text, ",
                   database_.account(),
                   ", '2024-01-01' FROM generate_series(1, 4100) n;"
                   " INSERT INTO report_sources (smart_account_id, sender_id, entitlement_tag)"
                   " SELECT smart_account_id, sender_id, 'a' FROM report_senders"));
  std::vector<StoredReport> reports;
  const int64_t first = database_.Number("SELECT min(source_id) FROM report_sources");
  for (int64_t source = 0; source < 4100; ++source) reports.push_back({first + source, 1});
  database_.AddChange(database_.account(), reports);
  database_.ApplyAll();
  EXPECT_EQ(Issue().acknowledgements, 4100);
  EXPECT_EQ(database_.Text("SELECT string_agg(cardinality(sender_ids)::text, ' ' ORDER BY change_id)"
                           " FROM authority_changes"),
            "2000 2000 100");
}

TEST_F(IssueTest, CountsTheSequenceUpPerSender) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  for (int64_t report = 1; report <= 3; ++report) {
    database_.AddChange(database_.account(), {{source, report}});
    database_.ApplyAll();
    EXPECT_EQ(Issue().acknowledgements, 1);
  }
  EXPECT_EQ(Acknowledged(sender).size(), 3u);
}

TEST_F(IssueTest, LeavesOutWhatIsNotVerifiedOrNotAccepted) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  database_.AddChange(
      database_.account(),
      {{source, 1, kUnverifiable}, {source, 2, kVerified, kConflict}, {source, 3, kVerified, kAccepted}});
  // The verified report of the same identity replaces the unverifiable one.
  database_.AddChange(database_.account(), {{source, 1, kVerified, kSuperseding}});
  database_.ApplyAll();
  Issue();
  EXPECT_EQ(Acknowledged(sender), (std::map<AcknowledgedReport, int>{{{source, 1}, 1}, {{source, 3}, 1}}));
}

TEST_F(IssueTest, MovesOnOverChangesWithNothingToAcknowledge) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  database_.AddChange(database_.account(), {{source, 1, kUnverifiable}});
  database_.ApplyAll();
  EXPECT_EQ(Issue().changes, 1);
  EXPECT_EQ(Issue().changes, 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authority_changes"), 0);
}

TEST_F(IssueTest, NeverRunsAheadOfTheBooks) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  const int64_t first = database_.AddChange(database_.account(), {{source, 1}});
  database_.AddChange(database_.account(), {{source, 2}});
  EXPECT_EQ(Issue().changes, 0) << "ledger has not begun";
  database_.ApplyThrough(first);
  EXPECT_EQ(Issue().changes, 1);
  EXPECT_EQ(Acknowledged(sender).size(), 1u);
  database_.ApplyAll();
  EXPECT_EQ(Issue().changes, 1);
  EXPECT_EQ(Acknowledged(sender).size(), 2u);
}

TEST_F(IssueTest, WritesOneChangeOfItsFeedPerSmartAccount) {
  const int64_t other = database_.AddAccount("other.example.com");
  const int64_t mine = database_.AddSender(database_.account(), "P", "1");
  const int64_t theirs = database_.AddSender(other, "P", "2");
  database_.AddChange(database_.account(), {{database_.AddSource(database_.account(), mine, "a"), 1}});
  database_.AddChange(other, {{database_.AddSource(other, theirs, "a"), 1}});
  database_.ApplyAll();
  Issue();
  EXPECT_EQ(database_.Text("SELECT string_agg(smart_account_id || ':' || sender_ids::text, ' '"
                           " ORDER BY smart_account_id) FROM authority_changes"),
            std::to_string(database_.account()) + ":{" + std::to_string(mine) + "} " + std::to_string(other) +
                ":{" + std::to_string(theirs) + "}");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authority_changes WHERE incarnation ="
                             " (SELECT max(incarnation) FROM database_incarnations)"),
            2);
}

TEST_F(IssueTest, ARoundEndsWithTheChangeThatFillsIt) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  for (int64_t change = 0; change < 5; ++change) {
    database_.AddChange(database_.account(), {{source, 2 * change}, {source, 2 * change + 1}});
  }
  database_.ApplyAll();
  const IssueResult first = Issue({.reports_per_round_max = 3});
  EXPECT_EQ(first.reports, 4);
  EXPECT_TRUE(first.more);
  const IssueResult second = Issue({.reports_per_round_max = 100, .changes_per_round_max = 2});
  EXPECT_EQ(second.changes, 2);
  EXPECT_TRUE(second.more);
  const IssueResult third = Issue({.reports_per_round_max = 3});
  EXPECT_EQ(third.changes, 1);
  EXPECT_FALSE(third.more);
  EXPECT_EQ(Acknowledged(sender).size(), 10u);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM acknowledgements"), 3);
}

TEST_F(IssueTest, ATransactionThatCommitsLateIsNotSkipped) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  // Takes its transaction id first and commits last.
  pqxx::connection late(pg::SessionConnectionString(
      testing::OptionsFor("qm_admin", database_.Text("SELECT current_database()"))));
  pqxx::work open(late);
  open.exec(
      "INSERT INTO ingest_changes (smart_account_id, incarnation, received_at, report_count,"
      " digest_bytes) VALUES (" +
      std::to_string(database_.account()) + ", 1, '2030-03-17', 0, 0)");
  database_.AddChange(database_.account(), {{source, 1}});
  // Ledger could not pass the horizon either; pretend that it had, to test our own care.
  database_.ApplyAll();
  EXPECT_EQ(Issue().changes, 0);
  open.commit();
  EXPECT_EQ(Issue().changes, 2);
  EXPECT_EQ(Acknowledged(sender).size(), 1u);
}

TEST_F(IssueTest, ASourceThatDoesNotExistStopsTheRoundAndLosesNothing) {
  const int64_t sender = database_.AddSender(database_.account(), "P", "1");
  const int64_t source = database_.AddSource(database_.account(), sender, "a");
  database_.AddChange(database_.account(), {{source, 1}, {source + 1, 2}});
  database_.ApplyAll();
  const auto refused = IssueAcknowledgements(*connection_, senders_, {}, kNow);
  EXPECT_EQ(errors::ErrorId(refused.status()), "authority.stored_row_damaged");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM acknowledgements"), 0);
  EXPECT_EQ(database_.AddSource(database_.account(), sender, "b"), source + 1);
  EXPECT_EQ(Issue().reports, 2);
}

TEST_F(IssueTest, ConcurrentIssuersAcknowledgeEachReportExactlyOnce) {
  constexpr int kSenders = 20;
  constexpr int kChanges = 150;
  std::vector<int64_t> senders, sources;
  for (int i = 0; i < kSenders; ++i) {
    senders.push_back(database_.AddSender(database_.account(), "P", std::to_string(i)));
    sources.push_back(database_.AddSource(database_.account(), senders.back(), "a"));
  }
  std::atomic<bool> done = false;
  std::atomic<int64_t> acknowledged = 0;
  std::vector<std::thread> issuers;
  for (int i = 0; i < 4; ++i) {
    issuers.emplace_back([&, i] {
      auto connection = *pg::RawConnection::Connect(database_.options());
      std::minstd_rand random(static_cast<unsigned>(i));
      SourceSenders remembered(/*remembered_max=*/10);
      for (bool last = false; !last;) {
        last = done.load();
        for (bool more = true; more;) {
          const IssueOptions options = {.reports_per_round_max = 1 + static_cast<int>(random() % 20),
                                        .changes_per_round_max = 1 + static_cast<int>(random() % 9)};
          const auto result = IssueAcknowledgements(*connection, remembered, options, kNow);
          ASSERT_TRUE(result.ok()) << result.status();
          acknowledged += result->reports;
          more = result->more;
        }
      }
    });
  }
  std::set<AcknowledgedReport> want;
  for (int change = 0; change < kChanges; ++change) {
    std::vector<StoredReport> reports;
    for (int i = 0; i < 4; ++i) {
      const int64_t source = sources[static_cast<size_t>((change * 7 + i) % kSenders)];
      reports.push_back({source, change});
      want.insert({source, change});
    }
    database_.AddChange(database_.account(), reports);
    if (change % 3 == 0) database_.ApplyAll();
  }
  database_.ApplyAll();
  done = true;
  for (std::thread& issuer : issuers) issuer.join();

  std::set<AcknowledgedReport> got;
  for (int64_t sender : senders) {
    for (const auto& [report, times] : Acknowledged(sender)) {
      EXPECT_EQ(times, 1);
      got.insert(report);
    }
  }
  EXPECT_EQ(got, want);
  EXPECT_EQ(acknowledged, static_cast<int64_t>(want.size()));
}

}  // namespace
}  // namespace quartermaster::authority
