// What becomes of what a closed account had, and that nothing comes into it any more.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/errors/error.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/terms_fixture.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/maintenance.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

class ClosedAccountsTest : public TermsFixture {
 protected:
  absl::StatusOr<v1::CloseVirtualAccountResponse> Close(const std::string& name, const std::string& to = "") {
    v1::CloseVirtualAccountRequest request;
    request.set_virtual_account(name);
    request.set_move_content_to(to);
    return Call(accounts_, &AccountServiceImpl::CloseVirtualAccount, request);
  }

  AccountServiceImpl accounts_{api_, SwitchUnverifiablePolicy};
};

TEST_F(ClosedAccountsTest, TheOverageOfARightGoesWhereTheContentOfItsVirtualAccountWent) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = "switch", .quantity = 5, .overage_quantity = 2}});
  const absl::Time before = clock_.Now();
  // A part that lies elsewhere already brings no overage there.
  ASSERT_TRUE(Transfer("switch", "Branches", "Default", 1).ok());
  const Pools open = {{{"Branches", "switch"}, {4, 0, 2}}, {{"Default", "switch"}, {1, 0, 0}}};
  EXPECT_EQ(PoolsAt(), open);
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Close("Branches", "Lab").ok());
  const Pools in_lab = {{{"Lab", "switch"}, {4, 0, 2}}, {{"Default", "switch"}, {1, 0, 0}}};
  EXPECT_EQ(PoolsAt(), in_lab);
  EXPECT_EQ(PoolsAt(clock_.Now()), in_lab);
  const absl::Time between = clock_.Now();
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Close("Lab", "Default").ok());
  const Pools in_default = {{{"Default", "switch"}, {5, 0, 2}}};
  EXPECT_EQ(PoolsAt(), in_default);
  EXPECT_EQ(PoolsAt(clock_.Now()), in_default);
  EXPECT_EQ(PoolsAt(between), in_lab);
  EXPECT_EQ(PoolsAt(before, before + absl::Minutes(1)), open);
}

TEST_F(ClosedAccountsTest, WhatWasBoughtInAClosedVirtualAccountIsUnchangedWhenItIsImportedAgain) {
  const std::vector<Purchase> bought = {{.id = "E1", .virtual_account = "Branches"}, {.id = "E2"}};
  Buy(bought);
  ASSERT_TRUE(Close("Branches", "Lab").ok());
  const v1::ImportResponse again = Import(bought);
  EXPECT_EQ(again.unchanged(), 2) << again.ShortDebugString();
  EXPECT_EQ(again.errors_size(), 0) << again.ShortDebugString();
  // Another quantity is a conflict, another right finds no such Virtual Account.
  const v1::ImportResponse other = Import({{.id = "E1", .virtual_account = "branches", .quantity = 11},
                                           {.id = "E3", .virtual_account = "Branches"}});
  ASSERT_EQ(other.errors_size(), 2) << other.ShortDebugString();
  EXPECT_EQ(other.errors(0).reason(), "ledger.entitlement_conflict");
  EXPECT_EQ(other.errors(1).reason(), "ledger.virtual_account_unknown");
}

TEST_F(ClosedAccountsTest, AnyNumberOfRemovedProductInstancesDoesNotKeepOneOpen) {
  database_.Run(
      absl::StrCat("INSERT INTO product_instances (smart_account_id, product_instance_id, udi_pid, udi_sn, "
                   "virtual_account_id,"
                   " ha_lead_id, created_at, removed_at) OVERRIDING SYSTEM VALUE SELECT ",
                   database_.account(), ", 100000 + n, 'C1', 'S' || n, ", virtual_accounts_.at("Branches"),
                   ", 100000 + n, now(), now() FROM generate_series(1, 12000) AS n"));
  const auto closed = Close("Branches");
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(
      database_.Number(absl::StrCat("SELECT count(*) FROM product_instances WHERE virtual_account_id = ",
                                    virtual_accounts_.at("Default"))),
      12000);
}

TEST_F(ClosedAccountsTest, WhoWaitsForTheRightsOfAnAccountThatIsBeingClosedFindsItClosed) {
  pg::Pool other(database_.options());
  absl::Status bought, corrected, ruled;
  Buy({{.id = "E1"}});
  std::vector<std::thread> waiting;
  const auto closed = other.Transact("test_close", [&](pqxx::transaction_base& tx) -> absl::Status {
    LockRights(tx, database_.account());
    waiting.emplace_back([&] {
      v1::ImportEntitlementsRequest request;
      bought = Call(entitlements_, &EntitlementServiceImpl::ImportEntitlements, request).status();
    });
    waiting.emplace_back([&] { corrected = Correct("E1", 1).status(); });
    waiting.emplace_back([&] {
      v1::SetLandingRuleRequest request;
      request.mutable_rule()->set_tag("switch");
      request.mutable_rule()->set_virtual_account("Default");
      ruled = Call(landing_rules_, &LandingRuleServiceImpl::SetLandingRule, request).status();
    });
    // All three have looked at the account and wait for its row.
    while (database_.Number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            " AND wait_event_type = 'Lock'") < 3) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    CloseSmartAccount(tx, database_.account(), clock_.Now());
    return absl::OkStatus();
  });
  ASSERT_TRUE(closed.ok()) << closed;
  for (std::thread& thread : waiting) thread.join();
  for (const absl::Status& status : {bought, corrected, ruled}) {
    EXPECT_EQ(errors::ErrorId(status), "ledger.smart_account_closed") << status;
  }
}

}  // namespace
}  // namespace quartermaster::ledger
