#include "services/ledger/sealing/seal_blocks.h"

#include <gtest/gtest.h>

#include <new>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class SealBlocksTest : public ::testing::Test {
 protected:
  SealBlocksTest()
      : apply_({.database = database_.options()}, clock_, metrics_), seal_(database_.options(), Signer()) {}

  SealBlocks::Signer Signer() {
    return [this](std::string_view hash) -> absl::StatusOr<BlockSignature> {
      if (authority_is_away_) return absl::UnavailableError("nobody answers");
      EXPECT_EQ(hash.size(), 32u);
      return BlockSignature{"ECDSA-P256-SHA256", "key-1", absl::StrCat("signed:", std::string(hash))};
    };
  }

  // One change with a movement.
  void Move() {
    FeedReport report;
    report.report_id = ++last_report_;
    report.measurements = {
        {last_report_ * 100, last_report_ * 100 + 50, static_cast<uint32_t>(last_report_), 0}};
    database_.Submit(std::vector{report}, kNow);
    ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  }
  std::string Blocks() {
    return database_.Table("SELECT block_id, change_count, entry_count FROM ledger_blocks ORDER BY 1");
  }

  LedgerDatabase database_;
  const ManualClock clock_{kNow};
  metrics::Registry metrics_;
  ApplyReports apply_;
  bool authority_is_away_ = false;
  SealBlocks seal_;
  int64_t last_report_ = 0;
};

TEST_F(SealBlocksTest, SealsWhatIsThereOnceAndChainsBlocks) {
  Move();
  Move();
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|2|2\n");
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|2|2\n");
  Move();
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|2|2\n2|1|1\n");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_blocks b JOIN ledger_blocks a"
                             " ON a.block_id = b.block_id - 1 AND a.block_hash = b.previous_hash"),
            1);
  EXPECT_EQ(database_.Text("SELECT encode(previous_hash, 'hex') FROM ledger_blocks WHERE block_id = 1"),
            std::string(64, '0'));
  EXPECT_EQ(
      database_.Number("SELECT count(*) FROM ledger_blocks WHERE signature = 'signed:'::bytea || block_hash"),
      2);
}

TEST_F(SealBlocksTest, CoversChangesWithoutEntriesToo) {
  database_.Run(
      absl::StrCat("INSERT INTO ledger_changes (smart_account_id, incarnation, recorded_at, kind,"
                   " entry_count, entries_root) VALUES (",
                   database_.account(), ", 1, now(), 7, 0, sha256(''))"));
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|1|0\n");
}

TEST_F(SealBlocksTest, WaitsWhileTheAuthorityIsAwayAndLosesNothing) {
  authority_is_away_ = true;
  Move();
  EXPECT_FALSE(seal_.RunOnce(kNow).ok());
  Move();
  EXPECT_EQ(Blocks(), "");
  authority_is_away_ = false;
  EXPECT_TRUE(seal_.RunOnce(kNow).ok());
  EXPECT_EQ(Blocks(), "1|2|2\n");
}

TEST_F(SealBlocksTest, LeavesSealingToTheReplicaThatIsAtIt) {
  Move();
  pg::Pool other(testing::OptionsFor("qm_ledger", database_.name()));
  const absl::Status status =
      other.Transact("other", [&](pqxx::transaction_base& transaction) -> absl::Status {
        transaction.exec("SELECT pg_advisory_xact_lock(hashtext('ledger_seal_blocks'))");
        EXPECT_FALSE(*seal_.RunOnce(kNow));
        EXPECT_EQ(Blocks(), "");
        return absl::OkStatus();
      });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|1|1\n");
}

TEST_F(SealBlocksTest, KeepsNobodyFromSealingAfterItsSignerThrew) {
  Move();
  SealBlocks poor(database_.options(),
                  [](std::string_view) -> absl::StatusOr<BlockSignature> { throw std::bad_alloc(); });
  EXPECT_THROW((void)poor.RunOnce(kNow), std::bad_alloc);
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|1|1\n");
}

TEST_F(SealBlocksTest, CutsWhatIsTooMuchForOneBlock) {
  database_.Run(
      absl::StrCat("INSERT INTO ledger_changes (smart_account_id, incarnation, recorded_at, kind,"
                   " entry_count, entries_root) SELECT ",
                   database_.account(), ", 1, now(), 3, 2, sha256('') FROM generate_series(1, ",
                   kChangesPerBlockMax + 7, ")"));
  EXPECT_TRUE(*seal_.RunOnce(kNow));
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), absl::StrCat("1|", kChangesPerBlockMax, "|", 2 * kChangesPerBlockMax, "\n2|7|14\n"));
}

TEST_F(SealBlocksTest, ConnectsAgainAfterItsSessionWasCut) {
  Move();
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  Move();
  database_.Run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE datname = current_database() AND usename = 'qm_ledger'");
  EXPECT_FALSE(seal_.RunOnce(kNow).ok());
  EXPECT_FALSE(*seal_.RunOnce(kNow));
  EXPECT_EQ(Blocks(), "1|1|1\n2|1|1\n");
}

}  // namespace
}  // namespace quartermaster::ledger
