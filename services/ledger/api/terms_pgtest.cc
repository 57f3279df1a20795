// Terms, corrections, landing rules and the order of consumption.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/errors/error.h"
#include "services/ledger/api/terms_fixture.h"
#include "services/ledger/jobs/expire_terms.h"

namespace quartermaster::ledger {
namespace {

constexpr absl::Duration kMicro = absl::Microseconds(1);

class TermsTest : public TermsFixture {
 protected:
  // "state effective_at quantity", of all entries in the rights book to state expired.
  std::string Expiries() {
    return database_.Table(
        "SELECT v.name, e.entitlement_id, to_char(l.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), "
        "l.quantity,"
        " to_char(l.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        " FROM ledger_entries l JOIN entitlements e USING (lot_id)"
        " JOIN virtual_accounts v ON v.virtual_account_id = l.to_virtual_account_id"
        " WHERE l.to_state = 5 ORDER BY l.effective_at, 1, 2");
  }
  // As a grant and its return do it, in a change of its own.
  void MoveStates(const std::string& id, int from, int to, int64_t quantity) {
    database_.Run(absl::StrCat(
        "WITH lot AS (SELECT * FROM entitlements WHERE entitlement_id = '", id,
        "'),"
        " head AS (INSERT INTO ledger_changes (smart_account_id, incarnation, recorded_at, kind, entry_count,"
        "   entries_root) SELECT smart_account_id, 1, '",
        absl::FormatTime(clock_.Now(), absl::UTCTimeZone()),
        "', 21, 1, sha256('') FROM lot RETURNING change_id, recorded_at),"
        " entry AS (INSERT INTO ledger_entries (smart_account_id, recorded_at, change_id, place, book, "
        "tag_id,"
        "   lot_id, quantity, from_state, from_virtual_account_id, to_state, to_virtual_account_id, "
        "effective_at)"
        "  SELECT smart_account_id, head.recorded_at, change_id, 0, 1, tag_id, lot_id, ",
        quantity, ", ", from, ", virtual_account_id, ", to,
        ", virtual_account_id, head.recorded_at FROM lot, head)"
        " INSERT INTO lot_balances AS b SELECT smart_account_id, virtual_account_id, tag_id, lot_id, s.state,"
        "   s.quantity FROM lot, (VALUES (",
        from, ", -", quantity, "), (", to, ", ", quantity,
        ")) AS s (state, quantity)"
        " ON CONFLICT (smart_account_id, virtual_account_id, tag_id, lot_id, state)"
        " DO UPDATE SET quantity = b.quantity + excluded.quantity"));
  }
};

TEST_F(TermsTest, ATermCountsFromItsStartToItsEndWhetherTheJobHasRunOrNot) {
  Buy({{.id = "term", .start_at = Day(2026, 5, 1), .end_at = Day(2026, 7, 1)}});
  for (const bool expired : {false, true}) {
    EXPECT_EQ(Entitled("Default", Day(2026, 5, 1) - kMicro), 0) << expired;
    EXPECT_EQ(Entitled("Default", Day(2026, 5, 1)), 10) << expired;
    EXPECT_EQ(Entitled("Default", Day(2026, 7, 1) - kMicro), 10) << expired;
    EXPECT_EQ(Entitled("Default", Day(2026, 7, 1)), 0) << expired;
    EXPECT_EQ(Entitled("Default", Day(2030, 1, 1)), 0) << expired;
    EXPECT_EQ(FigureLines(Day(2026, 4, 1)), "term@Default pending 10/0/0/0 0\n") << expired;
    EXPECT_EQ(FigureLines(Day(2026, 6, 1)), "term@Default active 10/0/0/0 0\n") << expired;
    EXPECT_EQ(FigureLines(Day(2026, 7, 1)), "term@Default expired 0/0/0/10 0\n") << expired;
    clock_.Set(Day(2026, 9, 15));
    Expire();
  }
  EXPECT_EQ(Expiries(), "Default|term|2026-07-01|10|2026-09-15\n") << "of its end, whenever it was booked";
  EXPECT_EQ(Entitled("Default"), 0);
  EXPECT_EQ(FigureLines(), "term@Default expired 0/0/0/10 0\n");
}

TEST_F(TermsTest, ARestartAfterMonthsBooksEveryEndOnce) {
  Buy({{.id = "june", .end_at = Day(2026, 6, 30)},
       {.id = "july", .virtual_account = "Lab", .end_at = Day(2026, 7, 31)},
       {.id = "august", .end_at = Day(2026, 8, 31)},
       {.id = "next year", .end_at = Day(2027, 8, 31)},
       {.id = "perpetual"}});
  ASSERT_TRUE(Transfer("switch", "Default", "Branches", 4, "june").ok());
  clock_.Set(Day(2026, 12, 1));
  Expire();
  const std::string once =
      "Branches|june|2026-06-30|4|2026-12-01\nDefault|june|2026-06-30|6|2026-12-01\n"
      "Lab|july|2026-07-31|10|2026-12-01\nDefault|august|2026-08-31|10|2026-12-01\n";
  EXPECT_EQ(Expiries(), once);
  Expire();
  EXPECT_EQ(Expiries(), once);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_changes WHERE kind = 30"), 1);
}

TEST_F(TermsTest, TheJobWorksInBatchesAndReplicasBookNothingTwice) {
  std::vector<Purchase> purchases;
  for (int i = 0; i < 40; ++i) {
    purchases.push_back({.id = absl::StrCat("term ", i), .end_at = Day(2026, 6, 2) + i * absl::Hours(1)});
  }
  Buy(purchases);
  clock_.Set(Day(2026, 7, 1));
  ExpireTerms small(pool_, 7);
  EXPECT_TRUE(*small.RunOnce(clock_.Now()));
  EXPECT_EQ(database_.Number("SELECT sum(quantity) FROM lot_balances WHERE state = 5"), 70);
  std::vector<std::thread> replicas;
  for (int i = 0; i < 4; ++i) {
    replicas.emplace_back([&] {
      pg::Pool pool(database_.options());
      ExpireTerms replica(pool, 7);
      for (absl::StatusOr<bool> more = true; *more;) {
        more = replica.RunOnce(clock_.Now());
        ASSERT_TRUE(more.ok()) << more.status();
      }
    });
  }
  for (std::thread& replica : replicas) replica.join();
  EXPECT_EQ(database_.Number("SELECT sum(quantity) FROM lot_balances WHERE state = 5"), 400);
  EXPECT_EQ(database_.Number("SELECT sum(quantity) FROM ledger_entries WHERE to_state = 5"), 400);
}

TEST_F(TermsTest, ATermThatEndedBeforeItWasImportedExpiresToo) {
  Buy({{.id = "late", .start_at = Day(2025, 1, 1), .end_at = Day(2026, 1, 1)}});
  EXPECT_EQ(Entitled("Default"), 0);
  EXPECT_EQ(Entitled("Default", Day(2025, 6, 1)), 10);
  EXPECT_EQ(Entitled("Default", Day(2025, 6, 1), Day(2026, 5, 1)), 0) << "nobody knew of it then";
  Expire();
  EXPECT_EQ(Expiries(), "Default|late|2026-01-01|10|2026-06-01\n");
  EXPECT_EQ(Entitled("Default", Day(2025, 6, 1)), 10);
}

TEST_F(TermsTest, WhatIsReservedOutlivesTheTermAsReservedAndExpiresWhenItIsGivenBack) {
  Buy({{.id = "term", .end_at = Day(2026, 7, 1)}});
  MoveStates("term", 2, 4, 3);
  EXPECT_EQ(FigureLines(), "term@Default active 7/0/3/0 0\n");
  clock_.Set(Day(2026, 7, 2));
  Expire();
  EXPECT_EQ(FigureLines(), "term@Default expired 0/0/3/7 0\n");
  EXPECT_EQ(Entitled("Default"), 0);
  clock_.Set(Day(2026, 8, 1));
  MoveStates("term", 4, 2, 3);
  EXPECT_EQ(FigureLines(), "term@Default expired 0/0/0/10 0\n") << "before the job comes";
  Expire();
  EXPECT_EQ(FigureLines(), "term@Default expired 0/0/0/10 0\n");
  EXPECT_EQ(FigureLines(Day(2026, 7, 15)), "term@Default expired 0/0/3/7 0\n") << "as it was between";
  EXPECT_EQ(Expiries(), "Default|term|2026-07-01|7|2026-07-02\nDefault|term|2026-07-01|3|2026-08-01\n");
}

TEST_F(TermsTest, AClockThatIsSetBackFindsTheTermInForceAgain) {
  Buy({{.id = "term", .end_at = Day(2026, 7, 1)}});
  clock_.Set(Day(2026, 7, 2));
  Expire();
  clock_.Set(Day(2026, 6, 15));
  EXPECT_EQ(Entitled("Default"), 10);
  EXPECT_EQ(Entitled("Default", Day(2026, 6, 15), Day(2026, 7, 3)), 10);
}

TEST_F(TermsTest, WhatIsMovedBeforeItsStartIsARightFromItsStartOnOnly) {
  Buy({{.id = "later", .start_at = Day(2026, 7, 1), .end_at = Day(2027, 7, 1)}});
  ASSERT_TRUE(Transfer("switch", "Default", "Lab", 4, "later").ok());
  EXPECT_EQ(PoolsAt(Day(2026, 6, 15)), Pools{});
  EXPECT_EQ(FigureLines(), "later@Default pending 6/0/0/0 0\nlater@Lab pending 4/0/0/0 0\n");
  EXPECT_EQ(FigureLines(Day(2026, 5, 1)), "later@Default pending 10/0/0/0 0\n");
  EXPECT_EQ(PoolsAt(Day(2026, 7, 1)), (Pools{{{"Default", "switch"}, {6, 0}}, {{"Lab", "switch"}, {4, 0}}}));
}

TEST_F(TermsTest, ATransferIsNotUndoneAfterTheEnd) {
  Buy({{.id = "term", .end_at = Day(2026, 7, 1)}});
  const auto moved = Transfer("switch", "Default", "Lab", 4);
  ASSERT_TRUE(moved.ok()) << moved.status();
  clock_.Set(Day(2026, 7, 1));
  EXPECT_EQ(errors::ErrorId(Reverse(moved->movement_id()).status()), "ledger.quantity_not_available");
  Expire();
  EXPECT_EQ(errors::ErrorId(Reverse(moved->movement_id()).status()), "ledger.quantity_not_available");
}

TEST_F(TermsTest, CoTerminatingAndOverlappingTermsAddUp) {
  Buy({{.id = "first", .quantity = 10, .start_at = Day(2026, 1, 1), .end_at = Day(2026, 12, 31)},
       {.id = "co-terminating", .quantity = 5, .start_at = Day(2026, 6, 1), .end_at = Day(2026, 12, 31)},
       {.id = "renewal", .quantity = 15, .start_at = Day(2026, 12, 1), .end_at = Day(2027, 12, 31)}});
  EXPECT_EQ(Entitled("Default", Day(2026, 5, 31)), 10);
  EXPECT_EQ(Entitled("Default", Day(2026, 6, 1)), 15);
  EXPECT_EQ(Entitled("Default", Day(2026, 12, 15)), 30);
  EXPECT_EQ(Entitled("Default", Day(2026, 12, 31)), 15);
  EXPECT_EQ(Entitled("Default", Day(2027, 12, 31)), 0);
}

TEST_F(TermsTest, ACorrectionChangesTheQuantityFromNowOnAndCanBeUndone) {
  Buy({{.id = "right"}});
  clock_.Set(Day(2026, 6, 10));
  const auto more = Correct("right", 5);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->quantities(0).from_virtual_account(), "");
  EXPECT_EQ(more->quantities(0).to_virtual_account(), "Default");
  clock_.Set(Day(2026, 6, 20));
  const auto fewer = Correct("right", -12);
  ASSERT_TRUE(fewer.ok()) << fewer.status();
  EXPECT_EQ(Entitled("Default", Day(2026, 6, 9)), 10);
  EXPECT_EQ(Entitled("Default", Day(2026, 6, 10)), 15);
  EXPECT_EQ(Entitled("Default", Day(2026, 6, 20)), 3);
  EXPECT_EQ(Entitled("Default", Day(2026, 6, 20), Day(2026, 6, 15)), 15) << "as it was known in between";
  EXPECT_EQ(errors::ErrorId(Reverse(more->movement_id()).status()), "ledger.quantity_not_available")
      << "of the five that came two are gone";
  ASSERT_TRUE(Reverse(fewer->movement_id()).ok());
  EXPECT_EQ(Entitled("Default"), 15);
  ASSERT_TRUE(Reverse(more->movement_id()).ok());
  EXPECT_EQ(Entitled("Default"), 10);
  EXPECT_EQ(errors::ErrorId(Reverse(more->movement_id()).status()), "ledger.movement_reversed");
  EXPECT_EQ(Import({{.id = "right"}}).unchanged(), 1) << "what was bought is what was bought";
}

TEST_F(TermsTest, ARightThatWasCorrectedAwayComesBackByUndoingThat) {
  Buy({{.id = "right"}});
  const auto gone = Correct("right", -10);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(FigureLines(), "");
  const auto back = Reverse(gone->movement_id());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->quantities(0).from_virtual_account(), "");
  EXPECT_EQ(back->quantities(0).to_virtual_account(), "Default");
  EXPECT_EQ(FigureLines(), "right@Default active 10/0/0/0 0\n");
}

TEST_F(TermsTest, WrongCorrectionsAreRefusedByName) {
  Buy({{.id = "right"}, {.id = "ended", .end_at = Day(2026, 5, 1)}});
  ASSERT_TRUE(Transfer("switch", "Default", "Lab", 4).ok());
  EXPECT_EQ(errors::ErrorId(Correct("nobody's", 1).status()), "ledger.entitlement_unknown");
  EXPECT_EQ(errors::ErrorId(Correct("ended", 1).status()), "ledger.entitlement_ended");
  EXPECT_EQ(errors::ErrorId(Correct("right", 0).status()), "ledger.field_invalid");
  EXPECT_EQ(errors::ErrorId(Correct("right", -7).status()), "ledger.quantity_not_available")
      << "six are here";
  EXPECT_EQ(errors::ErrorId(Correct("right", -5, "Lab").status()), "ledger.quantity_not_available");
  EXPECT_EQ(errors::ErrorId(Correct("right", 1, "Nowhere").status()), "ledger.virtual_account_unknown");
  EXPECT_EQ(errors::ErrorId(Correct("right", 2'147'483'647).status()), "ledger.quantity_out_of_range");
  EXPECT_EQ(errors::ErrorId(Correct("right", INT64_MIN).status()), "ledger.quantity_out_of_range");
  EXPECT_EQ(PoolsAt(), (Pools{{{"Default", "switch"}, {6, 0}}, {{"Lab", "switch"}, {4, 0}}}));
}

TEST_F(TermsTest, ACorrectionThatIsRepeatedHappensOnce) {
  Buy({{.id = "right"}});
  v1::CorrectEntitlementRequest request;
  request.set_entitlement_id("right");
  request.set_quantity_change(3);
  request.set_request_id("once");
  const auto first = Call(terms_, &TermsServiceImpl::CorrectEntitlement, request);
  const auto second = Call(terms_, &TermsServiceImpl::CorrectEntitlement, request);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(first->movement_id(), second->movement_id());
  EXPECT_EQ(Entitled(), 13);
  request.set_quantity_change(4);
  EXPECT_EQ(errors::ErrorId(Call(terms_, &TermsServiceImpl::CorrectEntitlement, request).status()),
            "ledger.request_id_reused");
}

TEST_F(TermsTest, RacingCorrectionsNeverTakeTheSameQuantityTwice) {
  Buy({{.id = "right"}});
  std::atomic<int> taken = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { taken += Correct("right", -3).ok() ? 3 : 0; });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(taken, 9);
  EXPECT_EQ(Entitled(), 1);
}

class ConsumptionTest : public TermsFixture {};

TEST_F(ConsumptionTest, UseIsAssignedByTheOrderOfTheAccount) {
  Buy({{.id = "month", .quantity = 5, .end_at = Day(2026, 7, 1)},
       {.id = "perpetual", .quantity = 5},
       {.id = "year", .quantity = 5, .end_at = Day(2027, 1, 1)}});
  Report("SN1", "switch", clock_.Now() - absl::Hours(1), 7);
  EXPECT_EQ(
      FigureLines(),
      "perpetual@Default active 5/0/0/0 5\nyear@Default active 5/0/0/0 2\nmonth@Default active 5/0/0/0 0\n");
  SetOrder(v1::CONSUMPTION_ORDER_EARLIEST_END_FIRST);
  EXPECT_EQ(
      FigureLines(),
      "month@Default active 5/0/0/0 5\nyear@Default active 5/0/0/0 2\nperpetual@Default active 5/0/0/0 0\n");
  SetOrder(v1::CONSUMPTION_ORDER_PERPETUAL_FIRST);
  EXPECT_EQ(
      FigureLines(),
      "perpetual@Default active 5/0/0/0 5\nmonth@Default active 5/0/0/0 2\nyear@Default active 5/0/0/0 0\n");
  SetOrder(v1::CONSUMPTION_ORDER_PERPETUAL_LAST);
  EXPECT_EQ(
      FigureLines(),
      "year@Default active 5/0/0/0 5\nmonth@Default active 5/0/0/0 2\nperpetual@Default active 5/0/0/0 0\n");
  EXPECT_EQ(
      FigureLines(Day(2026, 8, 1)),
      "year@Default active 5/0/0/0 5\nmonth@Default expired 0/0/0/5 0\nperpetual@Default active 5/0/0/0 2\n")
      << "what has ended covers nothing";
}

TEST_F(ConsumptionTest, TransfersTakeWhatTheOrderSaysAlsoWhenItChangesBetweenThem) {
  Buy({{.id = "month", .quantity = 5, .end_at = Day(2026, 7, 1)}, {.id = "perpetual", .quantity = 5}});
  EXPECT_EQ(Transfer("switch", "Default", "Lab", 1)->quantities(0).entitlement_id(), "perpetual");
  SetOrder(v1::CONSUMPTION_ORDER_EARLIEST_END_FIRST);
  EXPECT_EQ(Transfer("switch", "Default", "Lab", 1)->quantities(0).entitlement_id(), "month");
  SetOrder(v1::CONSUMPTION_ORDER_LONGEST_TERM_FIRST);
  EXPECT_EQ(Transfer("switch", "Default", "Lab", 1)->quantities(0).entitlement_id(), "perpetual");
}

TEST_F(ConsumptionTest, AnOrderThatDoesNotExistIsRefused) {
  v1::SetConsumptionOrderRequest request;
  EXPECT_FALSE(Call(terms_, &TermsServiceImpl::SetConsumptionOrder, request).ok());
  request.set_consumption_order(static_cast<v1::ConsumptionOrder>(77));
  EXPECT_FALSE(Call(terms_, &TermsServiceImpl::SetConsumptionOrder, request).ok());
  const auto now = Call(terms_, &TermsServiceImpl::GetConsumptionOrder, v1::GetConsumptionOrderRequest());
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_EQ(now->consumption_order(), v1::CONSUMPTION_ORDER_LONGEST_TERM_FIRST);
}

class LandingTest : public TermsFixture {
 protected:
  absl::StatusOr<v1::LandingRule> SetRule(const std::string& order_id, const std::string& tag,
                                          const std::string& virtual_account) {
    v1::SetLandingRuleRequest request;
    request.mutable_rule()->set_order_id(order_id);
    request.mutable_rule()->set_tag(tag);
    request.mutable_rule()->set_virtual_account(virtual_account);
    return Call(landing_rules_, &LandingRuleServiceImpl::SetLandingRule, request);
  }
  absl::StatusOr<v1::LandingRule> DeleteRule(const std::string& order_id, const std::string& tag) {
    v1::DeleteLandingRuleRequest request;
    request.set_order_id(order_id);
    request.set_tag(tag);
    return Call(landing_rules_, &LandingRuleServiceImpl::DeleteLandingRule, request);
  }
};

TEST_F(LandingTest, PurchasesThatNameNoVirtualAccountLandByTheMostSpecificRule) {
  ASSERT_TRUE(SetRule("PO-1", "switch", "Lab").ok());
  ASSERT_TRUE(SetRule("PO-1", "", "Branches").ok());
  ASSERT_TRUE(SetRule("", "router", "Lab").ok());
  Buy({{.id = "both", .virtual_account = "", .order_id = "PO-1"},
       {.id = "order", .virtual_account = "", .tag = "router", .order_id = "PO-1"},
       {.id = "tag", .virtual_account = "", .tag = "router", .order_id = "PO-2"},
       {.id = "none", .virtual_account = "", .order_id = "PO-2"},
       {.id = "named", .virtual_account = "Branches", .order_id = "PO-1"}});
  EXPECT_EQ(
      FigureLines(),
      "none@Default active 10/0/0/0 0\norder@Branches active 10/0/0/0 0\nnamed@Branches active 10/0/0/0 0\n"
      "tag@Lab active 10/0/0/0 0\nboth@Lab active 10/0/0/0 0\n");
}

TEST_F(LandingTest, ARuleThatChangesLaterMovesNothingAndConflictsWithNothing) {
  const Purchase purchase{.id = "right", .virtual_account = "", .order_id = "PO-1"};
  Buy({purchase});
  ASSERT_TRUE(SetRule("PO-1", "", "Lab").ok());
  const v1::ImportResponse again = Import({purchase});
  EXPECT_EQ(again.unchanged(), 1) << again.ShortDebugString();
  EXPECT_EQ(FigureLines(), "right@Default active 10/0/0/0 0\n");
  const v1::ImportResponse named = Import({{.id = "right", .virtual_account = "Lab", .order_id = "PO-1"}});
  ASSERT_EQ(named.errors_size(), 1) << named.ShortDebugString();
  EXPECT_EQ(named.errors(0).reason(), "ledger.entitlement_conflict");
}

TEST_F(LandingTest, RulesAreSetReplacedListedInPagesAndDeleted) {
  ASSERT_TRUE(SetRule("PO-2", "", "Lab").ok());
  ASSERT_TRUE(SetRule("PO-1", "switch", "Lab").ok());
  ASSERT_TRUE(SetRule("", "switch", "Lab").ok());
  ASSERT_TRUE(SetRule("PO-2", "", "branches").ok());
  v1::ListLandingRulesRequest request;
  request.set_page_size(2);
  const auto first = Call(landing_rules_, &LandingRuleServiceImpl::ListLandingRules, request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->landing_rules_size(), 2);
  EXPECT_EQ(first->landing_rules(0).tag(), "switch");
  EXPECT_EQ(first->landing_rules(1).order_id(), "PO-1");
  request.set_page_token(first->next_page_token());
  const auto second = Call(landing_rules_, &LandingRuleServiceImpl::ListLandingRules, request);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->landing_rules_size(), 1);
  EXPECT_EQ(second->landing_rules(0).virtual_account(), "Branches") << "set again";
  EXPECT_EQ(DeleteRule("PO-2", "")->virtual_account(), "Branches");
  EXPECT_EQ(errors::ErrorId(DeleteRule("PO-2", "").status()), "ledger.landing_rule_unknown");
}

TEST_F(LandingTest, WrongRulesAreRefusedByName) {
  EXPECT_EQ(errors::ErrorId(SetRule("", "", "Lab").status()), "ledger.field_missing");
  EXPECT_EQ(errors::ErrorId(SetRule("PO-1", "", "").status()), "ledger.field_missing");
  EXPECT_EQ(errors::ErrorId(SetRule("PO-1", "", "Nowhere").status()), "ledger.virtual_account_unknown");
  EXPECT_EQ(errors::ErrorId(SetRule(std::string(129, 'x'), "", "Lab").status()), "ledger.field_invalid");
  EXPECT_EQ(errors::ErrorId(SetRule("PO\n1", "", "Lab").status()), "ledger.field_invalid");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM landing_rules"), 0);
}

}  // namespace
}  // namespace quartermaster::ledger
