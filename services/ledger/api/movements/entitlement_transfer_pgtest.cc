// Transfers and their undoing, with concurrent callers and replicas.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/ledger/api/movements/rights_fixture.h"

namespace quartermaster::ledger {
namespace {

using EntitlementTransferTest = RightsFixture;

TEST_F(EntitlementTransferTest, TheLongestTermGoesFirstAndTheAnswerSaysWhichRightsMoved) {
  Buy("short", kOpen, 10, Day(2026, 9, 1));
  Buy("perpetual", kOpen, 4);
  const auto moved = Transfer({Line(kOpen, "Default", "Branches", 6)});
  ASSERT_TRUE(moved.ok()) << moved.status();
  ASSERT_EQ(moved->quantities_size(), 2);
  EXPECT_EQ(moved->quantities(0).entitlement_id(), "perpetual");
  EXPECT_EQ(moved->quantities(1).entitlement_id(), "short");
  EXPECT_EQ(moved->quantities(1).to_virtual_account(), "Branches");
  EXPECT_EQ(Balances(), "Branches perpetual 4\nBranches short 2\nDefault short 8\n");
}

TEST_F(EntitlementTransferTest, SeveralTransfersOfARequestMoveTogetherOrNotAtAll) {
  Buy("E1", kOpen, 10);
  const auto refused = Transfer({Line(kOpen, "Default", "Branches", 6), Line(kOpen, "Branches", "Lab", 7)});
  EXPECT_EQ(errors::ErrorId(refused.status()), "ledger.quantity_not_available");
  EXPECT_EQ(refused.status().message(),
            absl::StrCat("transfers[1].quantity: got 7, want at most 6, which is what may leave of ", kOpen,
                         " in Branches"));
  EXPECT_EQ(Balances(), "Default E1 10\n");
  ASSERT_TRUE(Transfer({Line(kOpen, "Default", "Branches", 6), Line(kOpen, "branches", "Lab", 5)}).ok());
  EXPECT_EQ(Balances(), "Branches E1 1\nDefault E1 4\nLab E1 5\n");
}

TEST_F(EntitlementTransferTest, BadRequestsAreRefusedByField) {
  Buy("E1", kOpen, 10);
  const auto id = [&](v1::EntitlementTransfer line) { return errors::ErrorId(Transfer({line}).status()); };
  EXPECT_EQ(errors::ErrorId(Transfer({}).status()), "ledger.field_missing");
  EXPECT_EQ(id(Line(kOpen, "Default", "default", 1)), "ledger.field_invalid") << "to itself";
  EXPECT_EQ(id(Line(kOpen, "Default", "Nowhere", 1)), "ledger.virtual_account_unknown");
  EXPECT_EQ(id(Line(kOpen, "", "Branches", 1)), "ledger.field_missing");
  EXPECT_EQ(id(Line("no such tag", "Default", "Branches", 1)), "ledger.tag_unknown");
  EXPECT_EQ(id(Line(kOpen, "Default", "Branches", 0)), "ledger.quantity_out_of_range");
  EXPECT_EQ(id(Line(kOpen, "Default", "Branches", -5)), "ledger.quantity_out_of_range");
  v1::EntitlementTransfer of_nothing = Line(kOpen, "Default", "Branches", 1);
  of_nothing.set_entitlement_id("E9");
  EXPECT_EQ(id(of_nothing), "ledger.entitlement_unknown");
  EXPECT_EQ(Balances(), "Default E1 10\n");
}

TEST_F(EntitlementTransferTest, TheSameRequestAgainMovesNothingMore) {
  Buy("E1", kOpen, 10);
  const auto first = Transfer({Line(kOpen, "Default", "Branches", 6)}, "request-1");
  const auto again = Transfer({Line(kOpen, "Default", "Branches", 6)}, "request-1");
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(again->movement_id(), first->movement_id());
  EXPECT_EQ(Balances(), "Branches E1 6\nDefault E1 4\n");
}

TEST_F(EntitlementTransferTest, RacingTransfersNeverMoveMoreThanThereIs) {
  Buy("E1", kOpen, 50);
  std::atomic<int> moved = 0;
  std::atomic<int> refused = 0;
  InThreads(6, [&](int) {
    for (int i = 0; i < 12; ++i) {
      const auto movement = Transfer({Line(kOpen, "Default", i % 2 == 0 ? "Branches" : "Lab", 1)});
      movement.ok() ? ++moved : ++refused;
      if (!movement.ok()) {
        EXPECT_EQ(errors::ErrorId(movement.status()), "ledger.quantity_not_available") << movement.status();
      }
    }
  });
  EXPECT_EQ(moved, 50);
  EXPECT_EQ(refused, 22);
}

TEST_F(EntitlementTransferTest, OfAnEnforcedLicenseWhatIsConsumedStays) {
  Buy("E1", kEnforced, 10);
  Buy("O1", kOpen, 10);
  const auto reserve = [&](int reserved) {
    return pool_.Transact("test_use", [&](pqxx::transaction_base& tx) -> absl::Status {
      tx.exec_params(
          "INSERT INTO license_pools (smart_account_id, virtual_account_id, tag_id, reserved)"
          " SELECT v.smart_account_id, v.virtual_account_id, t.tag_id, $1"
          " FROM virtual_accounts v, license_tags t WHERE v.name = 'Default'"
          " ON CONFLICT (smart_account_id, virtual_account_id, tag_id) DO UPDATE SET reserved = "
          "excluded.reserved",
          reserved);
      return absl::OkStatus();
    });
  };
  ASSERT_TRUE(reserve(7).ok());
  EXPECT_EQ(errors::ErrorId(Transfer({Line(kEnforced, "Default", "Lab", 4)}).status()),
            "ledger.quantity_not_available");
  EXPECT_TRUE(Transfer({Line(kEnforced, "Default", "Lab", 3)}).ok());
  EXPECT_TRUE(Transfer({Line(kOpen, "Default", "Lab", 10)}).ok()) << "a shortage is allowed here, and shown";
  // Nothing stands behind it that fsck could find.
  ASSERT_TRUE(reserve(0).ok());
}

TEST_F(EntitlementTransferTest, EachMovementIsUndoneOnceHoweverManyTry) {
  Buy("E1", kOpen, 40);
  std::vector<int64_t> movements;
  for (int i = 0; i < 10; ++i) {
    const auto movement = Transfer({Line(kOpen, "Default", "Branches", 4)});
    ASSERT_TRUE(movement.ok()) << movement.status();
    movements.push_back(movement->movement_id());
  }
  std::atomic<int> undone = 0;
  InThreads(4, [&](int) {
    for (const int64_t movement : movements) {
      const auto reversal = Reverse(movement);
      if (reversal.ok()) {
        ++undone;
      } else {
        EXPECT_EQ(errors::ErrorId(reversal.status()), "ledger.movement_reversed") << reversal.status();
      }
    }
  });
  EXPECT_EQ(undone, 10);
  EXPECT_EQ(Balances(), "Default E1 40\n");
}

TEST_F(EntitlementTransferTest, WhatWasMovedOnCannotBeUndoneUntilItIsBack) {
  Buy("E1", kOpen, 10);
  const auto first = Transfer({Line(kOpen, "Default", "Branches", 6)});
  const auto second = Transfer({Line(kOpen, "Branches", "Lab", 4)});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(errors::ErrorId(Reverse(first->movement_id()).status()), "ledger.quantity_not_available");
  const auto back = Reverse(second->movement_id());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(Reverse(first->movement_id()).ok());
  EXPECT_EQ(Balances(), "Default E1 10\n");
  EXPECT_EQ(errors::ErrorId(Reverse(back->movement_id()).status()), "ledger.quantity_not_available")
      << "an undoing can be undone, once what it needs is there";
  EXPECT_EQ(errors::ErrorId(Reverse(999'999).status()), "ledger.movement_unknown");
}

TEST_F(EntitlementTransferTest, ReplicasSeeWhatTheOthersMovedAndBought) {
  Buy("E1", kOpen, 60);
  EntitlementServiceImpl other{api_};
  std::atomic<int> moved = 0;
  InThreads(6, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      const auto movement =
          TransferAt(thread % 2 == 0 ? entitlements_ : other, {Line(kOpen, "Default", "Lab", 1)});
      if (movement.ok()) ++moved;
    }
  });
  EXPECT_EQ(moved, 60);
  EXPECT_EQ(errors::ErrorId(TransferAt(other, {Line(kOpen, "Default", "Lab", 1)}).status()),
            "ledger.quantity_not_available");
  // What a replica keeps in memory is no longer true after this.
  Buy("E2", kOpen, 5);
  EXPECT_TRUE(TransferAt(other, {Line(kOpen, "Default", "Branches", 5)}).ok());
  EXPECT_TRUE(Transfer({Line(kOpen, "Branches", "Default", 5)}).ok());
  EXPECT_EQ(Balances(), "Default E2 5\nLab E1 60\n");
}

TEST_F(EntitlementTransferTest, OneRequestFromManyCallersAtOnceMovesOnce) {
  Buy("E1", kOpen, 40);
  EntitlementServiceImpl other{api_};
  std::vector<int64_t> answers(12);
  InThreads(12, [&](int thread) {
    const auto movement =
        TransferAt(thread % 2 == 0 ? entitlements_ : other, {Line(kOpen, "Default", "Lab", 3)}, "request-1");
    ASSERT_TRUE(movement.ok()) << movement.status();
    answers[thread] = movement->movement_id();
  });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), answers[0]), 12);
  EXPECT_EQ(Balances(), "Default E1 37\nLab E1 3\n");
  EXPECT_EQ(errors::ErrorId(Transfer({Line(kOpen, "Default", "Lab", 4)}, "request-1").status()),
            "ledger.request_id_reused");
}

TEST_F(EntitlementTransferTest, CallsThatShareACommitAreAnsweredEachByItself) {
  Buy("E1", kOpen, 1000);
  constexpr int kCalls = 300;
  std::vector<v1::TransferEntitlementsRequest> requests(kCalls);
  std::vector<v1::Movement> movements(kCalls);
  std::vector<absl::Status> results(kCalls);
  absl::BlockingCounter answered(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    *requests[i].add_transfers() =
        Line(kOpen, "Default", i % 3 == 0 ? "Nowhere" : "Lab", i + 1 > 250 ? 2000 : 1);
    entitlements_.Transfer(kCall, requests[i], movements[i], [&, i](const grpc::Status& status) {
      results[i] = rpc::FromGrpc(status);
      answered.DecrementCount();
    });
  }
  answered.Wait();
  std::set<int64_t> ids;
  for (int i = 0; i < kCalls; ++i) {
    const std::string want = i % 3 == 0    ? "ledger.virtual_account_unknown"
                             : i + 1 > 250 ? "ledger.quantity_not_available"
                                           : "";
    EXPECT_EQ(results[i].ok() ? "" : errors::ErrorId(results[i]), want) << i;
    if (want.empty()) ids.insert(movements[i].movement_id());
  }
  EXPECT_EQ(ids.size(), 166u);
  EXPECT_EQ(Balances(), "Default E1 834\nLab E1 166\n");
}

TEST_F(EntitlementTransferTest, ARequestThatTheDatabaseRefusesFailsAlone) {
  Buy("E1", kOpen, 100);
  pg::Pool owner{quartermaster::testing::OptionsFor("qm_owner", database_)};
  ASSERT_TRUE(owner
                  .Transact("test_poison",
                            [](pqxx::transaction_base& tx) -> absl::Status {
                              tx.exec(
                                  "CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS"
                                  " $$ BEGIN RAISE EXCEPTION 'poisoned' USING ERRCODE = '22003'; END $$");
                              tx.exec(
                                  "CREATE TRIGGER poison BEFORE INSERT ON ledger_requests FOR EACH ROW"
                                  " WHEN (NEW.request_id = 'poison') EXECUTE FUNCTION refuse_poison()");
                              return absl::OkStatus();
                            })
                  .ok());
  std::atomic<int> moved = 0;
  InThreads(10, [&](int thread) {
    const auto movement =
        Transfer({Line(kOpen, "Default", "Lab", 1)}, thread == 5 ? "poison" : absl::StrCat("good-", thread));
    if (movement.ok()) ++moved;
    EXPECT_EQ(movement.ok(), thread != 5) << movement.status();
  });
  EXPECT_EQ(moved, 9);
  EXPECT_EQ(Balances(), "Default E1 91\nLab E1 9\n");
}

TEST_F(EntitlementTransferTest, ACallWhoseTurnComesTooLateChangesNothing) {
  Buy("E1", kOpen, 10);
  rpc::IncomingCall late = kCall;
  late.deadline = absl::Now() - absl::Milliseconds(1);
  EXPECT_EQ(
      errors::ErrorId(TransferAt(entitlements_, {Line(kOpen, "Default", "Lab", 1)}, "r", late).status()),
      "ledger.deadline_passed");
  EXPECT_EQ(Balances(), "Default E1 10\n");
  EXPECT_TRUE(Transfer({Line(kOpen, "Default", "Lab", 1)}, "r").ok()) << "the same request later";
}

TEST_F(EntitlementTransferTest, APurchaseIsNotUndone) {
  Buy("E1", kOpen, 10);
  int64_t purchase = 0;
  ASSERT_TRUE(
      pool_
          .Read("test_purchase",
                [&](pqxx::transaction_base& tx) -> absl::Status {
                  purchase = tx.exec1("SELECT change_id FROM ledger_changes WHERE kind = 1")[0].as<int64_t>();
                  return absl::OkStatus();
                })
          .ok());
  EXPECT_EQ(errors::ErrorId(Reverse(purchase).status()), "ledger.movement_not_reversible");
}

}  // namespace
}  // namespace quartermaster::ledger
