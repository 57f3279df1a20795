// Openings are written, report bodies go, and the books stay what they were: proven by fsck, which is also
// seen to find every change of an opening or of what it stands in for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "db/migrator.h"
#include "services/common/pg/pool.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/openings/retention_estate.h"

namespace quartermaster::ledger {
namespace {

// What set X aside is found before and after.
constexpr char kSetAside[] = "report_set_aside";

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() { estate_.Fill(); }

  void ExpectClean() {
    const std::string found = estate_.Findings();
    EXPECT_EQ(estate_.rules(), expected_) << found;
  }

  // Changes a row, sees the rules, changes it back.
  void ExpectFound(std::set<std::string> rules, const std::string& break_it, const std::string& mend_it) {
    estate_.database().Run(break_it);
    const std::string found = estate_.Findings();
    rules.merge(std::set<std::string>(expected_));
    EXPECT_EQ(estate_.rules(), rules) << break_it << "\n" << found;
    estate_.database().Run(mend_it);
  }
  void ExpectFound(std::set<std::string> rules, const std::string& toggle) {
    ExpectFound(std::move(rules), toggle, toggle);
  }

  int64_t Number(const std::string& sql) { return estate_.database().Number(sql); }

  RetentionEstate estate_;
  // X is there from the start: its digest is damaged.
  const std::set<std::string> expected_ = {kSetAside, "digest_differs"};
};

TEST_F(RetentionTest, TheBooksStayWhatTheyWereToTheDigit) {
  ExpectClean();
  const std::string books = BooksOf(estate_.database());
  const int64_t identities = Number("SELECT count(*) FROM report_identities");
  const int64_t entries = Number("SELECT count(*) FROM ledger_entries");
  estate_.PlaceHold();
  // The first three months ended 90 days ago.
  estate_.Open(Day(7, 1));
  EXPECT_EQ(Number("SELECT count(*) FROM report_openings"), 3);
  ExpectClean();
  ASSERT_TRUE(estate_.Retire().ok());
  EXPECT_EQ(estate_.PartitionCount(), 9);
  // Unverifiable; part of an open conflict; held; not acknowledged; set aside; the latest of its position.
  EXPECT_EQ(estate_.Stored("rum_reports_kept"), "A/2 A/2! C/1 C/2 C/3 H/1 H/2 H/3 U/1 U/2 U/3 X/1 Z/1");
  ExpectClean();
  EXPECT_EQ(BooksOf(estate_.database()), books);
  EXPECT_EQ(Number("SELECT count(*) FROM report_identities"), identities);
  EXPECT_EQ(Number("SELECT count(*) FROM ledger_entries"), entries);

  // A quarter later the others go too, and what nobody will acknowledge is given up. The newest reports stay:
  // they define positions.
  estate_.ReleaseHold();
  estate_.Open(Day(12, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  EXPECT_EQ(estate_.PartitionCount(), 4);
  EXPECT_EQ(estate_.Stored("rum_reports"), "");
  ExpectClean();
  EXPECT_EQ(BooksOf(estate_.database()), books);
  EXPECT_EQ(estate_.Findings().find("identity"), std::string::npos);
}

TEST_F(RetentionTest, NothingGoesWithoutAnOpening) {
  EXPECT_TRUE(estate_.Retire().ok());
  EXPECT_EQ(estate_.PartitionCount(), 12);
  pg::Pool ingest(testing::OptionsFor("qm_ingest", estate_.database().name()));
  const absl::Status status = ingest.Transact("test", [](pqxx::transaction_base& tx) {
    tx.exec("SELECT ingest_drop_report_month('2024-01-01T00:00:00Z')");
    return absl::OkStatus();
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(estate_.PartitionCount(), 12);
}

TEST_F(RetentionTest, NoMonthIsOpenedBeforeItIsInTheBooks) {
  estate_.Submit({DayReport("A", 200, 1, 11, 3)}, Day(1, 13));
  estate_.Open(Day(7, 1));
  EXPECT_EQ(Number("SELECT count(*) FROM report_openings"), 0);
  estate_.Apply();
  estate_.Open(Day(7, 1));
  EXPECT_EQ(Number("SELECT count(*) FROM report_openings"), 3);
  ExpectClean();
}

TEST_F(RetentionTest, ALateReportAboutATimeBeforeTheCutIsBookedLikeAnyOther) {
  estate_.Open(Day(7, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  RetentionEstate untouched;
  untouched.Fill();
  for (RetentionEstate* estate : {&estate_, &untouched}) {
    // Closes a gap of B, changes what A used in January, and takes the place of what C said in February.
    FeedReport superseding = DayReport("C", 2, 2, 10, 8);
    superseding.outcome = 5;
    FeedReport silent = DayReport("C", 1, 1, 10, 0);
    silent.outcome = 5;
    silent.measurements[0].flags = kNotCounted;
    estate->Submit({DayReport("B", 50, 2, 10, 4), DayReport("A", 51, 1, 15, 1), superseding, silent},
                   Day(7, 2));
    estate->Apply();
    estate->Acknowledge();
  }
  EXPECT_EQ(BooksOf(estate_.database()), BooksOf(untouched.database()));
  ExpectClean();
  estate_.Open(Day(12, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  EXPECT_EQ(BooksOf(estate_.database()), BooksOf(untouched.database()));
  ExpectClean();
}

TEST_F(RetentionTest, AMemberThatJoinsAnHaSetBringsItsRetiredMeasurements) {
  estate_.Open(Day(7, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  FeedReport a = DayReport("A", 60, 7, 1, 3), b = DayReport("B", 60, 7, 1, 3);
  a.ha_members = {{"C9300", "B", "Standby"}};
  b.ha_members = {{"C9300", "A", "Active"}};
  estate_.Submit({a, b}, Day(7, 3));
  estate_.Apply();
  EXPECT_EQ(
      Number(
          "SELECT count(*) FROM product_instances a JOIN product_instances b ON a.ha_lead_id = b.ha_lead_id"
          " WHERE a.udi_sn = 'A' AND b.udi_sn = 'B'"),
      1);
  ExpectClean();
}

TEST_F(RetentionTest, AChangedOpeningIsNamed) {
  estate_.Open(Day(7, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  ExpectClean();
  const auto flip = [](const std::string& table, const std::string& column, const std::string& where) {
    return absl::StrCat("UPDATE ", table, " SET ", column, " = set_byte(", column, ", 9, get_byte(", column,
                        ", 9) # 1) WHERE ", where);
  };
  ExpectFound({"opening_signature_invalid"}, flip("report_openings", "signature", "opening_id = 1"));
  ExpectFound({"opening_chain_broken", "opening_differs"},
              flip("report_openings", "previous_hash", "opening_id = 2"));
  ExpectFound({"opening_differs"}, flip("report_openings", "sources_hash", "opening_id = 2"));
  ExpectFound({"opening_differs", "opening_signature_invalid", "opening_chain_broken"},
              flip("report_openings", "opening_hash", "opening_id = 1"));
  for (const char* column : {"source_count", "report_count"}) {
    ExpectFound({"opening_differs"},
                absl::StrCat("UPDATE report_openings SET ", column, " = ", column, " + 1"),
                absl::StrCat("UPDATE report_openings SET ", column, " = ", column, " - 1"));
  }
  ExpectFound({"opening_differs"},
              "UPDATE report_openings SET signed_at = signed_at + interval '1 second' WHERE opening_id = 3",
              "UPDATE report_openings SET signed_at = signed_at - interval '1 second' WHERE opening_id = 3");
  // What it says of B, whose body of January is gone.
  const std::string of_b =
      "draft_id = (SELECT draft_id FROM report_openings WHERE opening_id = 1) AND source_id = (SELECT "
      "source_id"
      " FROM report_sources JOIN report_senders USING (sender_id) WHERE udi_sn = 'B')";
  ExpectFound({"opening_differs", "opening_report_differs"}, flip("report_opening_sources", "reports", of_b));
  ExpectFound({"opening_differs"},
              absl::StrCat("UPDATE report_opening_sources SET report_count = 2 WHERE ", of_b),
              absl::StrCat("UPDATE report_opening_sources SET report_count = 1 WHERE ", of_b));
  ExpectClean();
}

TEST_F(RetentionTest, WhatIsMissingIsNamed) {
  estate_.Open(Day(7, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  const auto delete_and_see = [&](const std::string& sql, const std::string& rule) {
    estate_.database().Run(absl::StrCat("CREATE TABLE saved AS SELECT * FROM ", sql, "; DELETE FROM ", sql));
    const std::string found = estate_.Findings();
    EXPECT_TRUE(estate_.rules().contains(rule)) << sql << "\n" << found;
    const std::string table = sql.substr(0, sql.find(' '));
    estate_.database().Run(absl::StrCat("INSERT INTO ", table, " SELECT * FROM saved; DROP TABLE saved"));
  };
  // The whole chain, its end, its beginning, a row of it.
  delete_and_see("report_openings WHERE true", "identity_without_report");
  delete_and_see("report_openings WHERE opening_id = 3", "identity_without_report");
  delete_and_see("report_openings WHERE opening_id = 1", "opening_chain_broken");
  delete_and_see("report_opening_sources WHERE source_id = 1", "opening_differs");
  delete_and_see("report_identities WHERE report_id = 3 AND received_at < '2024-04-01'",
                 "opening_report_missing");
  delete_and_see("usage_positions WHERE latest_report_id = 5", "position_missing");
  ExpectClean();
}

TEST_F(RetentionTest, WhatAnOpeningStandsInForIsHeldAgainstIt) {
  estate_.Open(Day(7, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  const std::string of_b =
      "source_id = (SELECT source_id FROM report_sources JOIN report_senders USING (sender_id) WHERE udi_sn "
      "= 'B')"
      " AND report_id = 1";
  const std::string hash =
      estate_.database().Text("SELECT payload_hash FROM report_identities WHERE " + of_b);
  ExpectFound({"opening_report_differs"},
              absl::StrCat("UPDATE report_identities SET payload_hash = gen_random_uuid() WHERE ", of_b),
              absl::StrCat("UPDATE report_identities SET payload_hash = '", hash, "' WHERE ", of_b));
  ExpectFound(
      {"opening_report_differs"},
      absl::StrCat("UPDATE report_identities SET received_at = received_at + interval '1 second' WHERE ",
                   of_b),
      absl::StrCat("UPDATE report_identities SET received_at = received_at - interval '1 second' WHERE ",
                   of_b));
  // The measurements that the position has kept.
  const std::string b =
      "product_instance_id = (SELECT product_instance_id FROM product_instances WHERE udi_sn = 'B')";
  const std::string points =
      estate_.database().Text("SELECT encode(points, 'hex') FROM usage_positions WHERE " + b);
  estate_.database().Run(absl::StrCat(
      "UPDATE usage_positions SET points = set_byte(points, 7, get_byte(points, 7) # 1) WHERE ", b));
  const std::string found = estate_.Findings();
  EXPECT_TRUE(estate_.rules().contains("opening_report_differs")) << found;
  estate_.database().Run(absl::StrCat("UPDATE usage_positions SET points = '\\x", points, "' WHERE ", b));
  ExpectClean();
  // An identity that nobody ever reported, in a month that is gone.
  ExpectFound(
      {"identity_without_report"},
      "INSERT INTO report_identities SELECT smart_account_id, source_id, 777, payload_hash, received_at,"
      " change_id, place, verification FROM report_identities WHERE " +
          of_b,
      "DELETE FROM report_identities WHERE report_id = 777");
}

TEST_F(RetentionTest, WhatCannotBeReadIsNotSignedForAndStays) {
  estate_.database().Run(
      "UPDATE rum_reports SET body = '\\x00' WHERE report_id = 1 AND source_id = (SELECT source_id FROM "
      "report_sources"
      " JOIN report_senders USING (sender_id) WHERE udi_sn = 'B')");
  estate_.Open(Day(7, 1));
  EXPECT_EQ(Number("SELECT count(*) FROM report_opening_exceptions"), 2);
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  EXPECT_EQ(estate_.Stored("rum_reports_kept"), "A/2 A/2! B/1 U/1 U/2 U/3 X/1 Z/1");
  estate_.Findings();
  EXPECT_TRUE(estate_.rules().contains("body_unreadable"));
  EXPECT_FALSE(estate_.rules().contains("identity_without_report"));
}

TEST_F(RetentionTest, RunsThatAreKilledAreTakenUpWhereTheyWere) {
  const std::string books = BooksOf(estate_.database());
  for (int kill = 0; kill < 6; ++kill) {
    std::thread work([&] {
      WriteOpenings opener = estate_.Opener();
      for (int i = 0; i < 4; ++i) (void)opener.RunOnce(Day(12, 1));
      (void)estate_.Retire(kUnverifiableStays);
    });
    absl::SleepFor(absl::Milliseconds(15 + 60 * kill));
    testing::SharedPostgres().Kill();
    work.join();
    testing::SharedPostgres().Start();
    estate_.database().Reconnect();
    ExpectClean();
  }
  estate_.Open(Day(12, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  EXPECT_EQ(Number("SELECT count(*) FROM report_openings"), 8);
  EXPECT_EQ(Number("SELECT count(*) FROM report_opening_sources l WHERE NOT EXISTS"
                   " (SELECT FROM report_openings o WHERE o.draft_id = l.draft_id)"),
            0);
  EXPECT_EQ(estate_.PartitionCount(), 4);
  EXPECT_EQ(BooksOf(estate_.database()), books);
  ExpectClean();
}

TEST_F(RetentionTest, ReplicasThatWorkAtOnceDoNoHarm) {
  const std::string books = BooksOf(estate_.database());
  std::vector<std::thread> replicas;
  for (int i = 0; i < 4; ++i) {
    replicas.emplace_back([&] {
      WriteOpenings opener = estate_.Opener();
      for (int run = 0; run < 12; ++run) (void)opener.RunOnce(Day(12, 1));
      (void)estate_.Retire(kUnverifiableStays);
    });
  }
  for (std::thread& replica : replicas) replica.join();
  estate_.Open(Day(12, 1));
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  EXPECT_EQ(Number("SELECT count(*) FROM report_openings"), 8);
  EXPECT_EQ(estate_.PartitionCount(), 4);
  EXPECT_EQ(BooksOf(estate_.database()), books);
  ExpectClean();
}

// The newest pg_dump and psql, which are beside the server that the fixture runs.
std::string ClientProgram(const std::string& name) {
  std::string newest = name;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
    const std::string program = entry.path() / "bin" / name;
    if (std::filesystem::exists(program) && (newest == name || program > newest)) newest = program;
  }
  return newest;
}

TEST_F(RetentionTest, ARestoredDumpGoesOnWhereItWas) {
  estate_.PlaceHold();
  estate_.Open(Day(7, 1));
  ASSERT_TRUE(estate_.Retire().ok());
  const std::string kept = estate_.Stored("rum_reports_kept");
  testing::PostgresFixture new_server;
  const std::string target = new_server.NewEmptyDatabase();
  const std::string admin = new_server.OptionsFor("qm_admin", target).connection_string;
  const std::string command =
      absl::StrCat(ClientProgram("pg_dump"), " -d \"",
                   testing::OptionsFor("qm_admin", estate_.database().name()).connection_string, "\" | ",
                   ClientProgram("psql"), " -q -v ON_ERROR_STOP=1 -d \"", admin, "\" > /dev/null");
  ASSERT_EQ(std::system(command.c_str()), 0);
  ASSERT_TRUE(db::Migrate(admin).ok());

  RetentionEstate::Server restored{pg::Pool(new_server.OptionsFor("qm_ledger", target)),
                                   pg::Pool(new_server.OptionsFor("qm_ingest", target))};
  const std::string found = estate_.Findings(restored);
  EXPECT_EQ(estate_.rules(), expected_) << found;
  pg::Pool restored_admin(new_server.OptionsFor("qm_admin", target));
  const auto number = [&](const std::string& sql) {
    return *restored_admin.Read("test", [&](pqxx::transaction_base& tx) -> absl::StatusOr<int64_t> {
      return tx.exec1(sql)[0].as<int64_t>();
    });
  };
  EXPECT_EQ(number("SELECT count(*) FROM rum_reports_kept"), 13) << kept;
  estate_.Open(Day(12, 1), restored);
  ASSERT_TRUE(estate_.Retire(0, restored).ok());
  EXPECT_EQ(number("SELECT count(*) FROM report_openings"), 8);
  EXPECT_EQ(number("SELECT count(*) FROM ingest_v1_report_months"), 4);
  // Still on hold.
  EXPECT_EQ(number(absl::StrCat("SELECT count(*) FROM rum_reports_kept WHERE smart_account_id = ",
                                estate_.held_account())),
            6);
  const std::string found_later = estate_.Findings(restored);
  EXPECT_EQ(estate_.rules(), expected_) << found_later;
}

// PlaceHold takes the lock shared, and inserts under it.
TEST_F(RetentionTest, AHoldThatIsBeingPlacedIsSeenByTheMonthThatIsAboutToGo) {
  estate_.Open(Day(7, 1));
  pg::Pool ledger(estate_.database().options());
  const absl::Status placed = ledger.Transact("test", [&](pqxx::transaction_base& tx) {
    tx.exec("SELECT pg_advisory_xact_lock_shared(hashtext('report_retention'))");
    tx.exec_params(
        "INSERT INTO account_holds (smart_account_id, name, reason, placed_at, placed_by)"
        " VALUES ($1, 'audit', 'why', now(), 'test')",
        estate_.held_account());
    // It gives up rather than dropping what the hold, not yet visible, keeps.
    EXPECT_FALSE(estate_.Retire(kUnverifiableStays).ok());
    return absl::OkStatus();
  });
  ASSERT_TRUE(placed.ok()) << placed;
  EXPECT_EQ(estate_.PartitionCount(), 12);
  ASSERT_TRUE(estate_.Retire(kUnverifiableStays).ok());
  EXPECT_EQ(estate_.PartitionCount(), 9);
  EXPECT_NE(estate_.Stored("rum_reports_kept").find("H/1 H/2 H/3"), std::string::npos);
}

}  // namespace
}  // namespace quartermaster::ledger
