#include "services/ledger/jobs/apply_reports.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/pg/pg_errors.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr int64_t kHour = 3600;
constexpr int64_t kStart = 1'690'000'000;

// One measurement of an hour, `hour` hours after the start.
Measurement Hour(int64_t hour, uint32_t count, uint32_t flags = 0) {
  return {kStart + hour * kHour, kStart + (hour + 1) * kHour, count, flags};
}

// Of a series without labels; -1 when it is not there.
double Value(const metrics::Registry& registry, const std::string& name) {
  const std::string text = "\n" + registry.Exposition();
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

class ApplyReportsTest : public ::testing::Test {
 protected:
  ApplyReportsTest() : job_({.database = database_.options()}, clock_, metrics_) {}

  // Applies all that is there.
  void ApplyAll() {
    for (;;) {
      const auto progress = job_.RunOnce();
      if (!progress.ok()) {
        ADD_FAILURE() << progress.status();
        return;
      }
      if (*progress == ApplyReports::Progress::kNothingToDo) return;
    }
  }
  void Submit(const std::vector<FeedReport>& reports, absl::Time received_at = kNow) {
    database_.Submit(reports, received_at);
  }
  FeedReport Report(int64_t id, std::vector<Measurement> measurements) {
    FeedReport report;
    report.report_id = id;
    report.measurements = std::move(measurements);
    return report;
  }
  std::string Positions() {
    return database_.Table(
        "SELECT i.udi_sn, t.tag, v.name, p.in_use, p.flags FROM usage_positions p"
        " JOIN product_instances i USING (product_instance_id) JOIN license_tags t USING (tag_id)"
        " JOIN virtual_accounts v ON v.virtual_account_id = p.virtual_account_id"
        " ORDER BY 1, 2");
  }
  std::string OpenFindings() {
    return database_.Table(
        "SELECT coalesce(i.udi_sn, '-'), coalesce(t.tag, '-'), f.kind FROM report_findings f"
        " LEFT JOIN product_instances i USING (product_instance_id)"
        " LEFT JOIN license_tags t USING (tag_id) WHERE f.resolved_at IS NULL ORDER BY 1, 2, 3");
  }

  LedgerDatabase database_;
  ManualClock clock_{kNow};
  metrics::Registry metrics_;
  ApplyReports job_;
};

// What a replica of a release without authorizations leaves: use is booked, what is authorised beyond it is
// not settled.
TEST_F(ApplyReportsTest, AfterATakeoverWhatIsAuthorisedIsCountedOnceAgain) {
  constexpr int kDevices = 2500;
  Submit({Report(7, {Hour(0, 3)})});
  ApplyAll();
  database_.Run(absl::StrCat(
      "INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id, ha_lead_id,"
      " created_at) SELECT ",
      database_.account(), ", 'OLD', n, ", database_.virtual_account(), ", 1, now() FROM generate_series(1, ",
      kDevices,
      ") AS g (n);"
      "UPDATE product_instances SET ha_lead_id = product_instance_id WHERE udi_pid = 'OLD';"
      // 5 authorised each, none of it settled against the 3 that the first one reports by now.
      "INSERT INTO authorized_usage SELECT smart_account_id, product_instance_id,"
      " (SELECT tag_id FROM license_tags WHERE tag = 'regid.network'), virtual_account_id, 5, 5"
      " FROM product_instances;"
      "UPDATE license_pools SET reserved = 5 * ",
      kDevices + 1));
  const auto pool = [&] { return database_.Table("SELECT in_use, reserved FROM license_pools"); };
  const std::string counted_once = absl::StrCat("3|", 5 * kDevices + 2, "\n");
  EXPECT_EQ(pool(), absl::StrCat("3|", 5 * (kDevices + 1), "\n"));
  ApplyReports next({.database = database_.options()}, clock_, metrics_);
  int settled = 0;
  for (int i = 0; i < 20; ++i) {
    const auto progress = next.RunOnce();
    ASSERT_TRUE(progress.ok()) << progress.status();
    settled += *progress == ApplyReports::Progress::kApplied ? 1 : 0;
  }
  EXPECT_EQ(pool(), counted_once);
  EXPECT_EQ(settled, 3) << "in batches, and then no more";
  ApplyReports again({.database = database_.options()}, clock_, metrics_);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(again.RunOnce().ok());
  EXPECT_EQ(pool(), counted_once) << "settling twice changes nothing";
}

TEST_F(ApplyReportsTest, AfterATakeoverWhatAJoinedMemberIsAuthorisedForIsItsLeads) {
  Submit({Report(7, {Hour(0, 3)})});
  ApplyAll();
  // A replica that knows nothing of authorizations has joined a member to the one that reports 3.
  database_.Run(absl::StrCat(
      "INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id, ha_lead_id,"
      " created_at) VALUES (",
      database_.account(), ", 'OLD', 'MEMBER', ", database_.virtual_account(),
      ", 1, now());"
      "INSERT INTO authorized_usage SELECT smart_account_id, product_instance_id,"
      " (SELECT tag_id FROM license_tags WHERE tag = 'regid.network'), virtual_account_id, 5, 5"
      " FROM product_instances WHERE udi_sn = 'MEMBER';"
      "UPDATE license_pools SET reserved = 5"));
  ApplyReports next({.database = database_.options()}, clock_, metrics_);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(next.RunOnce().ok());
  EXPECT_EQ(database_.Table("SELECT in_use, reserved FROM license_pools"), "3|2\n");
  EXPECT_EQ(database_.Table("SELECT udi_sn, quantity, excess FROM authorized_usage JOIN product_instances"
                            " USING (smart_account_id, product_instance_id) ORDER BY 1"),
            "MEMBER|0|0\nSN1|5|2\n");
}

TEST_F(ApplyReportsTest, BooksAReport) {
  Submit({Report(7, {Hour(0, 2), Hour(1, 3)})});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|3|0\n");
  EXPECT_EQ(database_.Number("SELECT in_use FROM license_pools"), 3);
  EXPECT_EQ(database_.Table("SELECT quantity, from_state, to_state, cause_place, place"
                            " FROM ledger_entries ORDER BY effective_at"),
            "2|6|7|0|0\n1|6|7|0|1\n");
  EXPECT_EQ(database_.Table("SELECT kind, entry_count FROM ledger_changes"), "3|2\n");
  EXPECT_EQ(database_.Table("SELECT software_version, ever_verified, last_measured_s,"
                            " extract(epoch FROM last_contact_at)::bigint FROM product_instances"),
            absl::StrCat("17.9.2|t|", kStart + 2 * kHour, "|1700000000\n"));
}

TEST_F(ApplyReportsTest, NamesTheCauseOfEachMovement) {
  const int64_t change = database_.Submit(
      std::vector{Report(1, {Hour(0, 2)}), Report(2, {Hour(1, 2)}), Report(3, {Hour(2, 9)})}, kNow);
  ApplyAll();
  EXPECT_EQ(database_.Table("SELECT cause_change_id, cause_place, quantity FROM ledger_entries"
                            " ORDER BY effective_at"),
            absl::StrCat(change, "|0|2\n", change, "|2|7\n"));
}

TEST_F(ApplyReportsTest, MovesTheCursorOnlyForward) {
  Submit({Report(1, {Hour(0, 2)})});
  ApplyAll();
  const std::string before = database_.Table("SELECT xid, change_id FROM ledger_cursors");
  ApplyAll();
  EXPECT_EQ(database_.Table("SELECT xid, change_id FROM ledger_cursors"), before);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_changes"), 1);
}

TEST_F(ApplyReportsTest, PostsTheDifferenceWhenAReportArrivesLate) {
  Submit({Report(1, {Hour(0, 2)}), Report(3, {Hour(2, 2)})});
  ApplyAll();
  Submit({Report(2, {Hour(1, 5)})});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|2|0\n");
  EXPECT_EQ(database_.Number("SELECT in_use FROM license_pools"), 2);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_entries"), 3);
}

TEST_F(ApplyReportsTest, PlacesANewInstanceByItsFirstDoorAndRaisesAWrongOneLater) {
  const int64_t campus = database_.AddVirtualAccount(database_.account(), "Campus");
  FeedReport first = Report(1, {Hour(0, 2)});
  first.door_virtual_account_id = campus;
  FeedReport second = Report(2, {Hour(1, 4)});
  second.door_virtual_account_id = database_.virtual_account();
  Submit({first});
  Submit({second});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Campus|4|0\n");
  EXPECT_EQ(OpenFindings(), "SN1|-|1\n");
  FeedReport third = Report(3, {Hour(2, 4)});
  third.door_virtual_account_id = campus;
  Submit({third});
  ApplyAll();
  EXPECT_EQ(OpenFindings(), "");
}

TEST_F(ApplyReportsTest, TheTrustCodesHomeGoesBeforeTheDoor) {
  const int64_t lab = database_.AddVirtualAccount(database_.account(), "Lab");
  const int64_t other = database_.AddAccount("other.example.com");
  const auto redeem = [&](int64_t account, const std::string& home, const char* digest) {
    database_.Run(
        absl::StrCat("WITH t AS (INSERT INTO id_tokens (smart_account_id, virtual_account_id, value_digest, "
                     "encrypted_value,"
                     " description, export_controlled, created_at, expires_at) VALUES (",
                     account, ", ", home, ", '", digest, "', '', '', false, now(), now()) RETURNING *)",
                     " INSERT INTO id_token_redemptions SELECT smart_account_id, id_token_id, 'C9300', "
                     "'SN1', 'k', now() FROM t"));
  };
  redeem(database_.account(), absl::StrCat(lab), "a");
  // Of another account it says nothing here.
  redeem(
      other,
      absl::StrCat("(SELECT virtual_account_id FROM virtual_accounts WHERE smart_account_id = ", other, ")"),
      "b");
  FeedReport report = Report(1, {Hour(0, 2)});
  report.door_virtual_account_id = database_.virtual_account();
  Submit({report});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Lab|2|0\n");
  EXPECT_EQ(OpenFindings(), "SN1|-|1\n");
}

TEST_F(ApplyReportsTest, KeepsTheHomeOfImportedInventory) {
  const int64_t branch = database_.AddVirtualAccount(database_.account(), "Branch");
  database_.Run(
      absl::StrCat("INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id,"
                   " ha_lead_id, created_at) VALUES (",
                   database_.account(), ", 'C9300', 'SN1', ", branch,
                   ", 0, now());"
                   "UPDATE product_instances SET ha_lead_id = product_instance_id"));
  FeedReport report = Report(1, {Hour(0, 2)});
  report.door_virtual_account_id = database_.virtual_account();
  Submit({report});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Branch|2|0\n");
  EXPECT_EQ(OpenFindings(), "SN1|-|1\n");
}

TEST_F(ApplyReportsTest, KeepsTagsThatNoCatalogueKnows) {
  database_.Run(
      "INSERT INTO license_tags (tag, known, first_seen_at)"
      " VALUES ('regid.network', true, now())");
  FeedReport other = Report(1, {Hour(0, 1)});
  other.tag = "regid.other";
  Submit({Report(1, {Hour(0, 2)}), other});
  ApplyAll();
  EXPECT_EQ(OpenFindings(), "");
  EXPECT_EQ(database_.Text("SELECT known FROM license_tags WHERE tag = 'regid.other'"), "f");
}

TEST_F(ApplyReportsTest, RaisesAndClosesAGap) {
  Submit({Report(1, {Hour(0, 2)}), Report(3, {Hour(9, 2)})});
  ApplyAll();
  EXPECT_EQ(OpenFindings(), "SN1|regid.network|2\n");
  EXPECT_EQ(database_.Text("SELECT detail FROM report_findings WHERE kind = 2"),
            "nothing reported from 2023-07-22T05:26:40Z to 2023-07-22T13:26:40Z");
  Submit({Report(2, {{kStart + kHour, kStart + 9 * kHour, 2, 0}})});
  ApplyAll();
  EXPECT_EQ(OpenFindings(), "");
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|2|0\n");
}

TEST_F(ApplyReportsTest, CountsASuspectFromItsReceiptAndOnlyUntilASoundMeasurement) {
  Submit({Report(1, {{5'000'000'000, 5'000'003'600, 4, kClockSuspect}})});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|4|33\n");
  EXPECT_EQ(OpenFindings(), "SN1|regid.network|3\n");
  Submit({Report(2, {Hour(0, 1)})});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|1|0\n");
  EXPECT_EQ(OpenFindings(), "");
}

TEST_F(ApplyReportsTest, NeverCountsAConflict) {
  FeedReport conflict = Report(1, {Hour(0, 99)});
  conflict.outcome = 3;
  Submit({Report(1, {Hour(0, 2)}), conflict});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|2|0\n");
  EXPECT_EQ(OpenFindings(), "SN1|regid.network|5\n");
}

TEST_F(ApplyReportsTest, LetsAVerifiedReportReplaceAnUnverifiableOneInEitherOrder) {
  FeedReport unverifiable = Report(1, {Hour(0, 9), Hour(1, 9)});
  unverifiable.verified = false;
  FeedReport verified = Report(1, {Hour(0, 2)});
  verified.outcome = 5;
  Submit({unverifiable});
  Submit({verified});
  FeedReport other_unverifiable = unverifiable;
  other_unverifiable.serial_number = "SN2";
  FeedReport other_verified = verified;
  other_verified.serial_number = "SN2";
  Submit({other_verified});
  Submit({other_unverifiable});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|2|0\nSN2|regid.network|Default|2|0\n");
}

TEST_F(ApplyReportsTest, CountsUnverifiableReportsByThePolicyOfTheirTime) {
  database_.Run(
      absl::StrCat("INSERT INTO unverifiable_policies (smart_account_id, effective_at,"
                   " counts) VALUES (",
                   database_.account(), ", to_timestamp(", kStart + 2 * kHour, "), false)"));
  FeedReport report = Report(1, {Hour(0, 5), Hour(3, 7)});
  report.verified = false;
  Submit({report});
  ApplyAll();
  EXPECT_EQ(database_.Table("SELECT extract(epoch FROM effective_at)::bigint, from_state, quantity"
                            " FROM ledger_entries ORDER BY 1"),
            absl::StrCat(kStart + kHour, "|6|5\n", kStart + 2 * kHour, "|7|5\n"));
  // 2 unverifiable, 4 not counted, 8 gap, 16 has unverifiable points.
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|0|30\n");
}

TEST_F(ApplyReportsTest, MakesOneConsumerOfAStackOnceBothHaveNamedEachOther) {
  // A+B reports 2; after the switchover B+A reports 2: 2 are in use.
  FeedReport by_a = Report(1, {Hour(0, 2)});
  by_a.serial_number = "A";
  by_a.ha_members = {{"C9300", "B", "Standby"}};
  Submit({by_a});
  ApplyAll();
  EXPECT_EQ(Positions(), "A|regid.network|Default|2|0\n");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM product_instances"), 1) << "B never reported";
  FeedReport by_b = Report(2, {Hour(1, 2)});
  by_b.serial_number = "B";
  by_b.ha_members = {{"C9300", "A", "Standby"}};
  Submit({by_b});
  ApplyAll();
  EXPECT_EQ(Positions(), "A|regid.network|Default|2|0\n");
  EXPECT_EQ(database_.Number("SELECT in_use FROM license_pools"), 2);
  EXPECT_EQ(database_.Text("SELECT m.udi_sn FROM usage_positions p JOIN product_instances m"
                           " ON m.product_instance_id = p.latest_product_instance_id"),
            "B");
  EXPECT_EQ(database_.Number("SELECT count(DISTINCT ha_lead_id) FROM product_instances"), 1);
}

TEST_F(ApplyReportsTest, JoinsNobodyByAClaimThatIsNotReturned) {
  FeedReport stranger = Report(1, {Hour(0, 9)});
  stranger.serial_number = "C";
  stranger.verified = false;
  stranger.ha_members = {{"C9300", "A", "Standby"}, {"C9300", "B", "Member"}};
  FeedReport by_a = Report(1, {Hour(0, 2)});
  by_a.serial_number = "A";
  FeedReport by_b = Report(1, {Hour(0, 3)});
  by_b.serial_number = "B";
  Submit({by_a, stranger, by_b});
  ApplyAll();
  EXPECT_EQ(Positions(),
            "A|regid.network|Default|2|0\nB|regid.network|Default|3|0\nC|regid.network|Default|9|18\n");
}

TEST_F(ApplyReportsTest, DoesNotHearClaimsOfReportsThatDoNotCount) {
  database_.Run(
      absl::StrCat("INSERT INTO unverifiable_policies (smart_account_id, effective_at, counts) VALUES (",
                   database_.account(), ", to_timestamp(", kStart, "), false)"));
  FeedReport by_a = Report(1, {Hour(0, 2)});
  by_a.serial_number = "A";
  by_a.ha_members = {{"C9300", "B", "Standby"}};
  FeedReport by_b = Report(1, {Hour(0, 3)});
  by_b.serial_number = "B";
  by_b.verified = false;
  by_b.ha_members = {{"C9300", "A", "Standby"}};
  Submit({by_a, by_b});
  ApplyAll();
  EXPECT_EQ(database_.Number("SELECT count(DISTINCT ha_lead_id) FROM product_instances"), 2);
}

TEST_F(ApplyReportsTest, GivesAMemberTheHomeOfItsOwnDoorHoweverTheFeedIsCut) {
  const int64_t campus = database_.AddVirtualAccount(database_.account(), "Campus");
  const int64_t branch = database_.AddVirtualAccount(database_.account(), "Branch");
  FeedReport by_a = Report(1, {Hour(0, 2)});
  by_a.serial_number = "A";
  by_a.door_virtual_account_id = campus;
  by_a.ha_members = {{"C9300", "B", "Standby"}};
  FeedReport by_b = Report(2, {Hour(1, 2)});
  by_b.serial_number = "B";
  by_b.door_virtual_account_id = branch;
  by_b.ha_members = {{"C9300", "A", "Standby"}};
  Submit({by_a});
  ApplyAll();
  Submit({by_b});
  ApplyAll();
  for (FeedReport* report : {&by_a, &by_b}) {
    report->product_id = "OTHER";
    report->ha_members[0].product_id = "OTHER";
  }
  Submit({by_a, by_b});
  ApplyAll();
  EXPECT_EQ(database_.Table("SELECT i.udi_pid, i.udi_sn, v.name FROM product_instances i"
                            " JOIN virtual_accounts v USING (virtual_account_id) ORDER BY 1, 2"),
            "C9300|A|Campus\nC9300|B|Branch\nOTHER|A|Campus\nOTHER|B|Branch\n");
}

TEST_F(ApplyReportsTest, HandsTheFindingsOfMembersOverToTheirLead) {
  // The lead has a gap that the other one's report fills, and the other one's clock is suspect.
  FeedReport by_a = Report(1, {Hour(0, 2), Hour(9, 2)});
  by_a.serial_number = "A";
  FeedReport by_b = Report(2, {{kStart + kHour, kStart + 9 * kHour, 2, 0}});
  by_b.serial_number = "B";
  FeedReport suspect = Report(3, {{5'000'000'000, 5'000'003'600, 4, kClockSuspect}});
  suspect.serial_number = "B";
  Submit({by_a, by_b, suspect});
  ApplyAll();
  EXPECT_EQ(OpenFindings(), "A|regid.network|2\nB|regid.network|3\n");
  // Of another tag, so that booking it touches none of these.
  FeedReport claim_a = Report(4, {Hour(0, 1)});
  claim_a.serial_number = "A";
  claim_a.tag = "regid.other";
  claim_a.ha_members = {{"C9300", "B", "Standby"}};
  FeedReport claim_b = claim_a;
  claim_b.serial_number = "B";
  claim_b.ha_members = {{"C9300", "A", "Standby"}};
  Submit({claim_a, claim_b});
  ApplyAll();
  EXPECT_EQ(OpenFindings(), "A|regid.network|3\n");
}

TEST_F(ApplyReportsTest, SetsADamagedDigestAsideAndBooksItsNeighbours) {
  FeedReport damaged = Report(2, {});
  damaged.damaged_digest = "\xff\xff\xff";
  Submit({Report(1, {Hour(0, 2)}), damaged, Report(3, {Hour(1, 4)})});
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|4|0\n");
  EXPECT_EQ(OpenFindings(), "SN1|regid.network|6\n");
  EXPECT_NE(
      database_.Text("SELECT detail FROM report_findings WHERE kind = 6").find("usage.digest_malformed"),
      std::string::npos);
}

TEST_F(ApplyReportsTest, KeepsNoPositionForWhatDoesNotCount) {
  Submit({Report(1, {Hour(0, 2, kNotCounted)})});
  ApplyAll();
  EXPECT_EQ(Positions(), "");
  EXPECT_EQ(OpenFindings(), "");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM product_instances WHERE last_contact_at IS NOT NULL"), 1);
}

TEST_F(ApplyReportsTest, NarrowsDownToTheReportThatTheDatabaseRefuses) {
  FeedReport poisoned = Report(1, {Hour(0, 2)});
  poisoned.serial_number = "POISON";
  poisoned.door_virtual_account_id = 424242;  // there is no such Virtual Account
  FeedReport neighbour = Report(1, {Hour(0, 5)});
  neighbour.serial_number = "SN2";
  Submit({Report(1, {Hour(0, 2)})});
  Submit({neighbour, poisoned, Report(2, {Hour(1, 3)})});
  Submit({Report(3, {Hour(2, 4)})});
  ASSERT_FALSE(job_.RunOnce().ok());
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|4|0\nSN2|regid.network|Default|5|0\n");
  EXPECT_EQ(OpenFindings(), "-|-|6\n");
}

TEST_F(ApplyReportsTest, WaitsAndIsUnhealthyWhenAFaultIsNoReportsAndBooksAllAfterwards) {
  Submit({Report(1, {Hour(0, 2)})});
  ApplyAll();
  Submit({Report(2, {Hour(1, 3)}), Report(3, {Hour(2, 4)})});
  database_.Run("REVOKE INSERT ON usage_positions FROM qm_ledger");
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto progress = job_.RunOnce();
    EXPECT_EQ(pg::SqlStateOf(progress.status()), "42501") << progress.status();
    EXPECT_FALSE(job_.healthy());
  }
  EXPECT_EQ(database_.Number("SELECT count(*) FROM set_aside_reports"), 0);
  database_.Run("GRANT INSERT ON usage_positions TO qm_ledger");
  ApplyAll();
  EXPECT_TRUE(job_.healthy());
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|4|0\n");
  EXPECT_EQ(OpenFindings(), "");
}

TEST_F(ApplyReportsTest, BooksWhatWasSetAsideOnceThatIsPossible) {
  FeedReport poisoned = Report(1, {Hour(0, 2)});
  poisoned.door_virtual_account_id = 424242;
  FeedReport damaged = Report(2, {});
  damaged.serial_number = "SN2";
  damaged.damaged_digest = "\xff\xff\xff";
  Submit({poisoned, damaged});
  ASSERT_FALSE(job_.RunOnce().ok());
  EXPECT_TRUE(job_.healthy()) << "that is the report's fault";
  ApplyAll();
  EXPECT_EQ(database_.Table("SELECT place FROM set_aside_reports ORDER BY 1"), "0\n1\n");
  EXPECT_EQ(OpenFindings(), "-|-|6\nSN2|regid.network|6\n");

  database_.Run(
      absl::StrCat("INSERT INTO virtual_accounts (smart_account_id, virtual_account_id, name, created_at)"
                   " OVERRIDING SYSTEM VALUE VALUES (",
                   database_.account(), ", 424242, 'Late', now())"));
  ApplyAll();
  EXPECT_EQ(Positions(), "") << "it is not time yet";
  clock_.Advance(absl::Hours(1));
  ApplyAll();
  EXPECT_EQ(Positions(), "SN1|regid.network|Late|2|0\n");
  EXPECT_EQ(database_.Table("SELECT place FROM set_aside_reports"), "1\n");
  EXPECT_EQ(OpenFindings(), "SN2|regid.network|6\n");
  EXPECT_EQ(database_.Number("SELECT in_use FROM license_pools"), 2);
}

TEST_F(ApplyReportsTest, TriesWhatWasSetAsideWhenItStarts) {
  FeedReport poisoned = Report(1, {Hour(0, 2)});
  poisoned.door_virtual_account_id = 424242;
  Submit({poisoned});
  ASSERT_FALSE(job_.RunOnce().ok());
  ApplyAll();
  database_.Run("UPDATE rum_reports SET door_virtual_account_id = NULL");
  ApplyReports restarted({.database = database_.options()}, clock_, metrics_);
  ASSERT_EQ(*restarted.RunOnce(), ApplyReports::Progress::kNothingToDo);
  ASSERT_EQ(*restarted.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|2|0\n");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM set_aside_reports"), 0);
}

TEST_F(ApplyReportsTest, LeavesReportsOfAnotherSmartAccountsInstanceAside) {
  const int64_t other = database_.AddAccount("other.example.com");
  database_.Run(
      absl::StrCat("INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id,"
                   " ha_lead_id, created_at) SELECT smart_account_id, 'C9300', 'SN1', virtual_account_id, 0,"
                   " now() FROM virtual_accounts WHERE smart_account_id = ",
                   other, "; UPDATE product_instances SET ha_lead_id = product_instance_id"));
  Submit({Report(1, {Hour(0, 2)})});
  ApplyAll();
  EXPECT_EQ(Positions(), "");
  EXPECT_EQ(OpenFindings(), "-|-|6\n");
}

TEST_F(ApplyReportsTest, KeepsTheNewestVersionWhateverArrivesLast) {
  FeedReport newer = Report(2, {Hour(5, 2)});
  newer.software_version = "17.12";
  FeedReport older = Report(1, {Hour(0, 2)});
  older.software_version = "17.6";
  Submit({newer});
  ApplyAll();
  Submit({older});
  ApplyAll();
  EXPECT_EQ(database_.Text("SELECT software_version FROM product_instances"), "17.12");
}

TEST_F(ApplyReportsTest, SpillsOldPointsToChunksAndReadsThemBackForALateReport) {
  for (int batch = 0; batch < 8; ++batch) {
    std::vector<FeedReport> reports;
    for (int i = 0; i < 100; ++i) {
      const int64_t hour = batch * 100 + i;
      if (hour != 50) reports.push_back(Report(hour + 1, {Hour(hour, 2 + hour % 3)}));
    }
    Submit(reports);
    ApplyAll();
  }
  EXPECT_GT(database_.Number("SELECT count(*) FROM usage_timeline_chunks"), 2);
  EXPECT_EQ(database_.Number("SELECT chunk_count FROM usage_positions"),
            database_.Number("SELECT count(*) FROM usage_timeline_chunks"));
  EXPECT_LE(database_.Number("SELECT octet_length(points) FROM usage_positions"), 700);
  Submit({Report(51, {Hour(50, 9)})});
  ApplyAll();
  EXPECT_EQ(
      database_.Number(absl::StrCat("SELECT sum(CASE WHEN to_state = 7 THEN quantity ELSE -quantity END)"
                                    " FROM ledger_entries WHERE effective_at <= to_timestamp(",
                                    kStart + 51 * kHour, ")")),
      9);
  EXPECT_EQ(database_.Number("SELECT in_use FROM license_pools"), 2 + 799 % 3);
}

TEST_F(ApplyReportsTest, TakesFewerChangesAtOnceWhenTheirReportsAreLarge) {
  ApplyReportsOptions options{.database = database_.options()};
  options.digest_bytes_max = 2000;
  ApplyReports job(options, clock_, metrics_);
  for (int64_t change = 0; change < 3; ++change) {
    std::vector<Measurement> many;
    for (int64_t hour = 0; hour < 300; ++hour) many.push_back(Hour(change * 300 + hour, hour % 9));
    Submit({Report(change + 1, many)});
  }
  EXPECT_EQ(*job.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(database_.Number("SELECT latest_report_id FROM usage_positions"), 1);
  EXPECT_EQ(*job.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(*job.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(database_.Number("SELECT latest_report_id FROM usage_positions"), 3);
  EXPECT_EQ(*job.RunOnce(), ApplyReports::Progress::kNothingToDo);
}

TEST_F(ApplyReportsTest, TakesOverOnlyWhenTheOtherReplicaStandsStill) {
  metrics::Registry other_metrics;
  ApplyReports other({.database = database_.options(), .takeover_after = absl::Milliseconds(300)}, clock_,
                     other_metrics);
  Submit({Report(1, {Hour(0, 2)})});
  ASSERT_EQ(*other.RunOnce(), ApplyReports::Progress::kApplied);
  Submit({Report(2, {Hour(1, 2)})});
  ASSERT_EQ(*job_.RunOnce(), ApplyReports::Progress::kApplied);
  Submit({Report(3, {Hour(2, 2)})});
  ASSERT_EQ(*other.RunOnce(), ApplyReports::Progress::kElsewhere);
  for (int64_t hour = 3; hour < 30; ++hour) {
    ASSERT_EQ(*job_.RunOnce(), ApplyReports::Progress::kApplied);
    Submit({Report(hour + 1, {Hour(hour, 2)})});
    ASSERT_EQ(*other.RunOnce(), ApplyReports::Progress::kElsewhere);
    absl::SleepFor(absl::Milliseconds(20));
  }
  ASSERT_EQ(*other.RunOnce(), ApplyReports::Progress::kElsewhere);
  absl::SleepFor(absl::Milliseconds(350));
  EXPECT_EQ(*other.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(*job_.RunOnce(), ApplyReports::Progress::kElsewhere);
}

TEST_F(ApplyReportsTest, TwoReplicasUnderLoadDoNotTakeTurns) {
  metrics::Registry first_metrics;
  metrics::Registry second_metrics;
  ApplyReports first({.database = database_.options()}, clock_, first_metrics);
  ApplyReports second({.database = database_.options()}, clock_, second_metrics);
  std::thread one([&] { first.Run(); });
  std::thread two([&] { second.Run(); });
  for (int64_t hour = 0; hour < 300; ++hour) Submit({Report(hour + 1, {Hour(hour, 1 + hour % 2)})});
  while (database_.Number("SELECT coalesce(max(latest_report_id), 0) FROM usage_positions") < 300) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  first.Stop();
  second.Stop();
  one.join();
  two.join();
  const double takeovers = Value(first_metrics, "quartermaster_ledger_apply_takeovers_total") +
                           Value(second_metrics, "quartermaster_ledger_apply_takeovers_total");
  // Each once when it starts.
  EXPECT_GE(takeovers, 1);
  EXPECT_LE(takeovers, 3);
}

TEST_F(ApplyReportsTest, ShowsTheAgeOfWhatIsNotAppliedEvenWhileNothingCanBeRead) {
  ApplyReports job({.database = database_.options(), .poll_interval = absl::ZeroDuration()}, clock_,
                   metrics_);
  const auto lag = [&] { return Value(metrics_, "quartermaster_ledger_apply_lag_seconds"); };
  const auto horizon = [&] { return Value(metrics_, "quartermaster_ledger_feed_horizon_seconds"); };
  ASSERT_EQ(*job.RunOnce(), ApplyReports::Progress::kNothingToDo);
  EXPECT_EQ(lag(), 0);
  auto holder = pg::RawConnection::Connect(database_.options());
  ASSERT_TRUE(holder.ok());
  ASSERT_TRUE((*holder)->Begin().ok());
  ASSERT_TRUE((*holder)->Run("SELECT pg_current_xact_id()").ok());
  Submit({Report(1, {Hour(0, 2)})}, kNow - absl::Minutes(2));
  Submit({Report(2, {Hour(1, 2)})}, kNow - absl::Minutes(1));
  ASSERT_EQ(*job.RunOnce(), ApplyReports::Progress::kNothingToDo);
  absl::SleepFor(absl::Milliseconds(60));
  ASSERT_EQ(*job.RunOnce(), ApplyReports::Progress::kNothingToDo);
  EXPECT_EQ(lag(), 120);
  EXPECT_GE(horizon(), 0.05);
  (*holder)->Rollback();
  ASSERT_EQ(*job.RunOnce(), ApplyReports::Progress::kApplied);
  ASSERT_EQ(*job.RunOnce(), ApplyReports::Progress::kNothingToDo);
  EXPECT_EQ(lag(), 0);
  EXPECT_EQ(horizon(), 0);
}

TEST_F(ApplyReportsTest, StepsBackWhileAnotherReplicaWorks) {
  ApplyReports other({.database = database_.options()}, clock_, metrics_);
  Submit({Report(1, {Hour(0, 2)})});
  ASSERT_EQ(*job_.RunOnce(), ApplyReports::Progress::kApplied);
  Submit({Report(2, {Hour(1, 3)})});
  ASSERT_EQ(*other.RunOnce(), ApplyReports::Progress::kApplied);
  Submit({Report(3, {Hour(2, 4)})});
  EXPECT_EQ(*job_.RunOnce(), ApplyReports::Progress::kElsewhere);
  EXPECT_EQ(*other.RunOnce(), ApplyReports::Progress::kApplied);
  EXPECT_EQ(Positions(), "SN1|regid.network|Default|4|0\n");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_changes"), 3);
}

}  // namespace
}  // namespace quartermaster::ledger
