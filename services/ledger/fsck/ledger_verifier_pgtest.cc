// What was changed, added or cut in SQL is named by the verification.
#include "services/ledger/fsck/ledger_verifier.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/pool.h"
#include "services/common/usage/measurement.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/sealing/seal_blocks.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger::fsck {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class LedgerVerifierTest : public ::testing::Test {
 protected:
  // Three sealed blocks of two changes each, in two accounts, and one change that none covers.
  LedgerVerifierTest() {
    other_ = database_.AddAccount("other.example.com");
    for (int block = 0; block < 3; ++block) {
      Move(database_.account());
      Move(other_);
      Seal();
    }
    Move(database_.account());
  }

  void Move(int64_t account) {
    FeedReport report;
    report.serial_number = absl::StrCat("SN", account);
    report.report_id = ++last_report_;
    report.measurements = {
        {last_report_ * 100, last_report_ * 100 + 50, static_cast<uint32_t>(last_report_), 0}};
    database_.Submit(std::vector{report}, kNow, account);
    ASSERT_EQ(*apply_.RunOnce(), ApplyReports::Progress::kApplied);
  }
  void Seal() {
    const auto sealed = seal_.RunOnce(kNow + absl::Seconds(++seals_));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
  }

  // "rule: subject", one a line. Nobody of ours signs here: that alone is no finding of these tests.
  std::string Findings(const BlockCheckOptions& options = {}) {
    std::set<std::string> found;
    const auto sink = [&](const Finding& finding) {
      if (finding.rule != "block_signature_invalid")
        found.insert(absl::StrCat(finding.rule, ": ", finding.subject));
    };
    const auto verified = VerifyLedger(pool_, options, sink, [](std::string_view) { return true; });
    EXPECT_TRUE(verified.ok()) << verified.status();
    if (verified.ok()) verified_ = *verified;
    return absl::StrJoin(found, "\n");
  }
  std::string Change(int number) {
    return database_.Text(
        absl::StrCat("SELECT change_id FROM ledger_changes ORDER BY change_id OFFSET ", number, " LIMIT 1"));
  }

  ManualClock clock_{kNow};
  LedgerDatabase database_;
  pg::Pool pool_{database_.options()};
  metrics::Registry metrics_;
  ApplyReports apply_{{.database = database_.options()}, clock_, metrics_};
  SealBlocks seal_{database_.options(), [](std::string_view) -> absl::StatusOr<BlockSignature> {
                     return BlockSignature{"ECDSA-P256-SHA256", "key-1", "signed"};
                   }};
  int64_t other_ = 0;
  int64_t last_report_ = 0;
  int seals_ = 0;
  Verified verified_;
};

TEST_F(LedgerVerifierTest, WhatStandsAsItWasSealedIsClean) {
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(verified_.blocks, 3);
  EXPECT_EQ(verified_.entries, 7);
  EXPECT_EQ(verified_.unsealed_changes, 1);
  EXPECT_EQ(verified_.head.block_id, 3);
  EXPECT_EQ(verified_.head.block_hash.size(), 32u);
  EXPECT_EQ(verified_.findings, 3) << "the signatures, which are nobody's";
}

TEST_F(LedgerVerifierTest, AChangedEntryIsNamed) {
  database_.Run(
      absl::StrCat("UPDATE ledger_entries SET quantity = quantity + 1 WHERE change_id = ", Change(2)));
  EXPECT_EQ(Findings(),
            absl::StrCat("change_differs: account ", database_.account(), " change ", Change(2), " entries"));
}

TEST_F(LedgerVerifierTest, ACutEntryIsNamed) {
  database_.Run(absl::StrCat("DELETE FROM ledger_entries WHERE change_id = ", Change(3)));
  EXPECT_EQ(Findings(), absl::StrCat("change_differs: account ", other_, " change ", Change(3), " entries"));
}

TEST_F(LedgerVerifierTest, AnEntryThatWasSlippedIntoAChangeIsNamed) {
  database_.Run(absl::StrCat(
      "INSERT INTO ledger_entries SELECT smart_account_id, recorded_at, change_id, effective_at, quantity,"
      " from_virtual_account_id, to_virtual_account_id, lot_id, product_instance_id, cause_change_id,"
      " cause_place, place + 1, tag_id, book, from_state, to_state FROM ledger_entries WHERE change_id = ",
      Change(0)));
  EXPECT_EQ(Findings(),
            absl::StrCat("change_differs: account ", database_.account(), " change ", Change(0), " entries"));
}

TEST_F(LedgerVerifierTest, AChangedEntryThatNoBlockCoversYetIsNamed) {
  database_.Run(
      absl::StrCat("UPDATE ledger_entries SET effective_at = effective_at - interval '1 day'"
                   " WHERE change_id = ",
                   Change(6)));
  EXPECT_EQ(Findings(),
            absl::StrCat("change_differs: account ", database_.account(), " change ", Change(6), " entries"));
}

TEST_F(LedgerVerifierTest, ACutChangeIsNamedByItsBlockAndItsEntries) {
  const std::string change = Change(3), before = Change(1), through = Change(3);
  database_.Run(absl::StrCat("DELETE FROM ledger_changes WHERE change_id = ", change));
  EXPECT_EQ(Findings(), absl::StrCat("block_differs: block 2 counts\nblock_differs: block 2 rows (changes ",
                                     before, " to ", through, ")\nentry_without_change: account ", other_,
                                     " entry ", change, "-0"));
}

TEST_F(LedgerVerifierTest, AChangedHeadIsNamedByItsBlock) {
  database_.Run(absl::StrCat("UPDATE ledger_changes SET kind = 4 WHERE change_id = ", Change(4)));
  EXPECT_EQ(Findings(),
            absl::StrCat("block_differs: block 3 rows (changes ", Change(3), " to ", Change(5), ")"));
}

TEST_F(LedgerVerifierTest, ACutBlockBreaksTheChain) {
  database_.Run("DELETE FROM ledger_blocks WHERE block_id = 2");
  EXPECT_NE(Findings().find("block_chain_broken: block 3"), std::string::npos);
  EXPECT_NE(Findings().find("block_chain_broken: block 3 previous hash"), std::string::npos);
}

TEST_F(LedgerVerifierTest, AChangedBlockIsNamed) {
  database_.Run("UPDATE ledger_blocks SET sealed_at = sealed_at + interval '1 second' WHERE block_id = 2");
  EXPECT_EQ(Findings(), "block_differs: block 2 hash");
}

TEST_F(LedgerVerifierTest, OneAccountsEntriesAreCheckedAlone) {
  database_.Run(
      absl::StrCat("UPDATE ledger_entries SET quantity = quantity + 1 WHERE change_id = ", Change(2)));
  EXPECT_EQ(Findings({.smart_account_id = other_}), "");
  EXPECT_EQ(verified_.blocks, 3);
  EXPECT_EQ(verified_.entries, 3);
  EXPECT_EQ(Findings({.smart_account_id = database_.account()}),
            absl::StrCat("change_differs: account ", database_.account(), " change ", Change(2), " entries"));
}

TEST_F(LedgerVerifierTest, AHistoryThatWasCutAndSealedAnewIsFoundByItsNotedHead) {
  ASSERT_EQ(Findings(), "");
  const BlockHeadNote noted = verified_.head;
  EXPECT_EQ(Findings({.expected_head = noted}), "");
  Move(other_);
  Seal();
  EXPECT_EQ(Findings({.expected_head = noted}), "") << "the chain grows behind a noted head";

  // Everything from block 3 on goes, without a trace in the rows that stay.
  database_.Run(
      absl::StrCat("DELETE FROM ledger_blocks WHERE block_id >= 3;"
                   "DELETE FROM ledger_entries WHERE change_id >= ",
                   Change(4),
                   ";"
                   "DELETE FROM ledger_changes WHERE change_id >= ",
                   Change(4)));
  EXPECT_EQ(Findings(), "") << "of itself it looks whole";
  EXPECT_EQ(Findings({.expected_head = noted}), "expected_head_missing: block 3");
  Move(other_);
  Seal();
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(Findings({.expected_head = noted}), "expected_head_differs: block 3 hash");
}

TEST_F(LedgerVerifierTest, AnEmptyLedgerIsCleanUnlessAHeadWasNoted) {
  database_.Run("DELETE FROM ledger_blocks; DELETE FROM ledger_entries; DELETE FROM ledger_changes");
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(verified_.head.block_id, 0);
  EXPECT_EQ(Findings({.expected_head = {.block_id = 1, .block_hash = std::string(32, 'x')}}),
            "expected_head_missing: block 1");
}

TEST_F(LedgerVerifierTest, WhoHasGoneIsNotWaitedFor) {
  const auto verified = VerifyLedger(
      pool_, {}, [](const Finding&) {}, [](std::string_view) { return false; });
  EXPECT_EQ(verified.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
