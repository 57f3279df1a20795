#include "services/ingest/storage/books_pace.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ingest/testing/ingest_database.h"

namespace quartermaster::ingest {
namespace {

class BooksPaceTest : public ::testing::Test {
 protected:
  // A change that was received so long ago; its xid.
  int64_t AddChange(absl::Duration ago) {
    return database_.Number(absl::StrCat(
        "INSERT INTO ingest_changes (smart_account_id, incarnation, received_at, report_count, digest_bytes)"
        " VALUES (",
        database_.default_account(), ", 1, now() - interval '", absl::ToInt64Milliseconds(ago),
        " milliseconds', 1, 1) RETURNING xid::text::bigint"));
  }
  void MoveLedgerTo(int64_t xid) {
    database_.Run(absl::StrCat(
        "INSERT INTO ledger_cursors (consumer, incarnation, xid, change_id, updated_at) VALUES "
        "('apply_reports', 1, '",
        xid, "'::xid8, 1000000, now()) ON CONFLICT (consumer) DO UPDATE SET xid = excluded.xid"));
  }
  static absl::Duration Waited(BooksPace& pace, absl::Duration at_most) {
    const absl::Time start = absl::Now();
    pace.Await(at_most);
    return absl::Now() - start;
  }
  // The ledger is never taken for one that stands still.
  BooksPace::Limits Moving() {
    BooksPace::Limits limits;
    limits.standstill = absl::Hours(1);
    limits.look_interval = absl::Milliseconds(5);
    return limits;
  }

  IngestDatabase database_;
  SystemClock clock_;
  metrics::Registry registry_;
};

constexpr absl::Duration kLong = absl::Seconds(30);

TEST_F(BooksPaceTest, NobodyWaitsForBooksThatAreNear) {
  BooksPace pace(database_.options(), clock_, registry_, Moving());
  EXPECT_LT(Waited(pace, kLong), kLong) << "before the ledger ever moved";
  MoveLedgerTo(AddChange(absl::Hours(2)));
  EXPECT_LT(Waited(pace, kLong), kLong) << "nothing is unbooked";
  AddChange(absl::ZeroDuration());
  BooksPace::Limits patient = Moving();
  patient.behind_max = absl::Hours(1);
  BooksPace later(database_.options(), clock_, registry_, patient);
  EXPECT_LT(Waited(later, kLong), kLong) << "what is unbooked is young";
}

TEST_F(BooksPaceTest, WaitsWhileTheBooksAreBehindAndGoesOnWhenTheyCatchUp) {
  MoveLedgerTo(AddChange(absl::Hours(2)));
  const int64_t newer = AddChange(absl::Hours(1));
  BooksPace pace(database_.options(), clock_, registry_, Moving());
  EXPECT_GE(Waited(pace, absl::Milliseconds(300)), absl::Milliseconds(300));
  absl::Duration waited = kLong;
  std::thread import([&] { waited = Waited(pace, kLong); });
  MoveLedgerTo(newer);
  import.join();
  EXPECT_LT(waited, kLong);
}

TEST_F(BooksPaceTest, ALedgerThatStandsStillIsNotWaitedFor) {
  MoveLedgerTo(AddChange(absl::Hours(2)));
  AddChange(absl::Hours(1));
  BooksPace::Limits limits = Moving();
  limits.standstill = absl::Milliseconds(100);
  BooksPace pace(database_.options(), clock_, registry_, limits);
  EXPECT_LT(Waited(pace, kLong), kLong);
}

TEST_F(BooksPaceTest, ADatabaseThatIsAwayIsNotWaitedForHere) {
  MoveLedgerTo(AddChange(absl::Hours(2)));
  AddChange(absl::Hours(1));
  BooksPace pace(database_.options(), clock_, registry_, Moving());
  Waited(pace, absl::Milliseconds(20));
  testing::SharedPostgres().Kill();
  EXPECT_LT(Waited(pace, kLong), kLong);
  testing::SharedPostgres().Start();
}

}  // namespace
}  // namespace quartermaster::ingest
