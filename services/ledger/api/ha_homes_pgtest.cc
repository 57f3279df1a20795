// HA sets whose members came from several Virtual Accounts: what is in use, and what is authorised, is at
// home with the lead, whatever is moved or closed. And what a closed Virtual Account leaves behind.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/product_instance_service.h"
#include "services/ledger/api/terms_fixture.h"
#include "services/ledger/api/toy_signer.h"
#include "services/ledger/jobs/move_joined_rights.h"
#include "services/ledger/storage/administration/authorization_store.h"
#include "services/ledger/storage/administration/authorized_rights.h"
#include "services/ledger/storage/administration/maintenance.h"

namespace quartermaster::ledger {
namespace {

constexpr char kEnforced[] = "vpn";
constexpr char kProductId[] = "C9300";

class HaHomesTest : public TermsFixture {
 protected:
  HaHomesTest() { AddEnforced(kEnforced); }

  // LEAD, at home in Default, has reported first; MEMBER is at home in Branches.
  void ReportBoth(uint32_t lead, uint32_t member) {
    Report("LEAD", kEnforced, Day(2026, 5, 1), lead, "Default");
    Report("MEMBER", kEnforced, Day(2026, 5, 1), member, "Branches");
  }
  void Join(uint32_t count) {
    Report("LEAD", kEnforced, Day(2026, 5, 2), count, "Default", {"LEAD", "MEMBER"});
    Report("MEMBER", kEnforced, Day(2026, 5, 2), count, "Branches", {"LEAD", "MEMBER"});
    ASSERT_EQ(
        database_.Number("SELECT count(*) FROM product_instances WHERE ha_lead_id <> product_instance_id"),
        1);
  }

  absl::StatusOr<Authorization> Ask(AuthorizationAsk ask) {
    ask.smart_account_id = database_.account();
    const Act act{"anna", "", "test", clock_.Now()};
    ASSIGN_OR_RETURN(const Authorization asked, pool_.Transact("test_ask", [&](pqxx::transaction_base& tx) {
      return flow_.Ask(tx, act, ask);
    }));
    return flow_.Grant(database_.account(), asked.id, act);
  }
  absl::StatusOr<Authorization> Authorize(const std::string& serial_number, int64_t count) {
    return Ask({.udi = {kProductId, serial_number}, .lines = {{.quantity = count, .tag = kEnforced}}});
  }
  absl::StatusOr<Authorization> Return(const Authorization& authorization) {
    return Ask({.udi = authorization.udi, .removal_code = signer_.Proofs(authorization.id).removal_code});
  }

  absl::StatusOr<v1::MoveProductInstancesResponse> Move(const std::string& serial_number,
                                                        const std::string& to) {
    v1::MoveProductInstancesRequest request;
    common::v1::Udi& udi = *request.add_udis();
    udi.set_product_id(kProductId);
    udi.set_serial_number(serial_number);
    request.set_to_virtual_account(to);
    return Call(instances_, &ProductInstanceServiceImpl::MoveProductInstances, request);
  }
  absl::StatusOr<v1::CloseVirtualAccountResponse> Close(const std::string& name, const std::string& to) {
    v1::CloseVirtualAccountRequest request;
    request.set_virtual_account(name);
    request.set_move_content_to(to);
    return Call(accounts_, &AccountServiceImpl::CloseVirtualAccount, request);
  }

  void FollowRights() {
    for (;;) {
      const absl::StatusOr<bool> more = joined_rights_.RunOnce(clock_.Now());
      ASSERT_TRUE(more.ok()) << more.status();
      if (!*more) return;
    }
  }

  // "Virtual Account in use|authorised beyond|rights available|rights reserved" of the enforced license, a
  // line each, of those with any.
  std::string PoolLines() {
    return database_.Table(
        "SELECT v.name, p.in_use, p.reserved, coalesce(b.available, 0), coalesce(b.reserved, 0)"
        " FROM license_pools p JOIN virtual_accounts v USING (smart_account_id, virtual_account_id)"
        " JOIN license_tags t USING (tag_id)"
        " LEFT JOIN (SELECT virtual_account_id, tag_id, sum(quantity) FILTER (WHERE state = 2) AS available,"
        "  sum(quantity) FILTER (WHERE state = 4) AS reserved FROM lot_balances GROUP BY 1, 2) b"
        " USING (virtual_account_id, tag_id) WHERE t.tag = 'vpn'"
        "  AND (p.in_use, p.reserved, coalesce(b.available, 0), coalesce(b.reserved, 0)) <> (0, 0, 0, 0) "
        "ORDER BY 1");
  }

  ToySigner signer_;
  const AuthorizationFlow flow_{&pool_,
                                {},
                                {.sign = [this](const CodeRequest& request) { return signer_.Sign(request); },
                                 .find = [this](int64_t, int64_t id) { return signer_.Find(id); }}};
  AccountServiceImpl accounts_{api_, SwitchUnverifiablePolicy};
  ProductInstanceServiceImpl instances_{
      api_, [](const ReleaseRequest&, const Act&) { return absl::UnimplementedError("not here"); },
      [](int64_t, const std::vector<int64_t>&, const std::vector<int64_t>&, const Act&) {
        return absl::UnimplementedError("not here");
      }};
  MoveJoinedRightsJob joined_rights_{pool_};
};

TEST_F(HaHomesTest, TheRightsOfAMemberFollowItToTheHomeOfItsLead) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = kEnforced, .quantity = 5},
       {.id = "E2", .virtual_account = "Default", .tag = kEnforced, .quantity = 4}});
  ReportBoth(2, 1);
  const auto granted = Authorize("MEMBER", 3);
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(PoolLines(), "Branches|1|2|2|3\nDefault|2|0|4|0\n");
  Join(2);
  FollowRights();
  // The set reports 2 and is authorised for 3, where the rights are now.
  EXPECT_EQ(PoolLines(), "Branches|0|0|2|0\nDefault|2|1|4|3\n");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM authorized_usage WHERE quantity = 0"), 0);
  // A second run finds nothing.
  EXPECT_FALSE(*joined_rights_.RunOnce(clock_.Now()));
  const auto returned = Return(*granted);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(PoolLines(), "Branches|0|0|2|0\nDefault|2|0|7|0\n");
}

TEST_F(HaHomesTest, WhatIsOnlyHeldFollowsTooAndIsGrantedThere) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = kEnforced, .quantity = 5}});
  ReportBoth(0, 0);
  signer_.SetDown(true);
  EXPECT_FALSE(Authorize("MEMBER", 3).ok());
  Join(0);
  FollowRights();
  signer_.SetDown(false);
  const auto granted = Authorize("MEMBER", 3);
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(granted->state, AuthorizationState::kGranted);
  EXPECT_EQ(PoolLines(), "Branches|0|0|2|0\nDefault|0|3|0|3\n");
}

TEST_F(HaHomesTest, AnotherLeadTakesTheRightsOfEveryMemberAlong) {
  // The lead of a set is the first of its UDIs: A takes over what B was before.
  const std::vector<std::string> all = {"A", "B", "C"};
  Buy({{.id = "E1", .virtual_account = "Lab", .tag = kEnforced, .quantity = 5}});
  Report("B", kEnforced, Day(2026, 5, 1), 0, "Branches");
  Report("C", kEnforced, Day(2026, 5, 1), 0, "Lab");
  const auto granted = Authorize("C", 3);
  ASSERT_TRUE(granted.ok()) << granted.status();
  for (const char* member : {"B", "C"}) {
    Report(member, kEnforced, Day(2026, 5, 2), 1, "Branches", {"B", "C"});
  }
  FollowRights();
  EXPECT_EQ(PoolLines(), "Branches|1|2|0|3\nLab|0|0|2|0\n");
  for (const char* member : {"A", "B", "C"}) Report(member, kEnforced, Day(2026, 5, 3), 2, "Default", all);
  FollowRights();
  EXPECT_EQ(PoolLines(), "Default|2|1|0|3\nLab|0|0|2|0\n");
  ASSERT_TRUE(Return(*granted).ok());
  EXPECT_EQ(PoolLines(), "Default|2|0|3|0\nLab|0|0|2|0\n");
}

TEST_F(HaHomesTest, WhoJoinsASetWhileItsRequestIsBookedIsFollowedToo) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = kEnforced, .quantity = 5}});
  ReportBoth(0, 0);
  const auto tag =
      static_cast<int32_t>(database_.Number("SELECT tag_id FROM license_tags WHERE tag = 'vpn'"));
  const int64_t member =
      database_.Number("SELECT product_instance_id FROM product_instances WHERE udi_sn = 'MEMBER'");
  const Act act{"anna", "", "test", clock_.Now()};
  const auto asked = pool_.Transact("test_race", [&](pqxx::transaction_base& tx) -> absl::Status {
    AuthorizedRights rights(tx, database_.account(), act);
    const auto instance = rights.FindInstance(member);
    const auto held = rights.Hold(*instance, {{tag, 3}});
    EXPECT_FALSE(held.shortage.has_value());
    Authorization authorization;
    authorization.product_instance_id = member;
    authorization.virtual_account_id = instance->virtual_account_id;
    authorization.sequence = 1;
    authorization.requested_by = "anna";
    authorization.requested_at = act.now;
    authorization.hold_expires_at = act.now + absl::Minutes(15);
    authorization.lines = {{.tag_id = tag, .quantity = 3, .tag = kEnforced}};
    authorization.id = InsertAuthorization(tx, database_.account(), authorization);
    AddShares(tx, database_.account(), authorization.id, held.held);
    // It has held at the old home; the batch of reports that joins it has the lock of the usage books first.
    database_.Run(
        "UPDATE product_instances SET ha_lead_id = (SELECT product_instance_id FROM product_instances"
        " WHERE udi_sn = 'LEAD') WHERE udi_sn = 'MEMBER'");
    rights.Settle();
    return absl::OkStatus();
  });
  ASSERT_TRUE(asked.ok()) << asked;
  FollowRights();
  EXPECT_EQ(database_.Table("SELECT v.name, o.quantity FROM authorization_lots o JOIN virtual_accounts v"
                            " USING (smart_account_id, virtual_account_id)"),
            "Default|3\n");
}

TEST_F(HaHomesTest, ASetDoesNotMoveAwayFromItsRightsWhicheverMemberHasThem) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = kEnforced, .quantity = 5}});
  ReportBoth(1, 1);
  ASSERT_TRUE(Authorize("MEMBER", 3).ok());
  Join(2);
  FollowRights();
  for (const char* to : {"Branches", "Lab"}) {
    for (const char* member : {"LEAD", "MEMBER"}) {
      EXPECT_EQ(errors::ErrorId(Move(member, to).status()), "ledger.product_instance_authorized")
          << member << to;
    }
  }
  EXPECT_EQ(PoolLines(), "Branches|0|0|2|0\nDefault|2|1|0|3\n");
  // The member goes home to its lead: nothing of the set moves.
  EXPECT_TRUE(Move("MEMBER", "Default").ok());
  EXPECT_EQ(PoolLines(), "Branches|0|0|2|0\nDefault|2|1|0|3\n");
}

TEST_F(HaHomesTest, ASetThatMovesToItsRightsBeforeTheyFollowTakesWhatIsAuthorisedAlong) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = kEnforced, .quantity = 5}});
  ReportBoth(1, 1);
  ASSERT_TRUE(Authorize("MEMBER", 3).ok());
  Join(2);
  ASSERT_EQ(PoolLines(), "Branches|0|0|2|3\nDefault|2|1|0|0\n");
  ASSERT_TRUE(Move("LEAD", "Branches").ok());
  EXPECT_EQ(PoolLines(), "Branches|2|1|2|3\n");
  FollowRights();
  EXPECT_EQ(PoolLines(), "Branches|2|1|2|3\n");
}

TEST_F(HaHomesTest, ThePastKnowsWhatWasAuthorisedThenAndWhere) {
  Buy({{.id = "E1", .virtual_account = "Branches", .tag = kEnforced, .quantity = 9}});
  std::vector<std::pair<absl::Time, Pools>> said;
  const auto note = [&] {
    said.emplace_back(clock_.Now(), PoolsAt());
    clock_.Advance(absl::Hours(1));
  };
  note();
  Report("MEMBER", kEnforced, Day(2026, 5, 1), 1, "Branches");
  note();
  const auto first = Authorize("MEMBER", 3);
  ASSERT_TRUE(first.ok()) << first.status();
  note();
  ASSERT_TRUE(
      Ask({.udi = first->udi, .confirmation_code = signer_.Proofs(first->id).confirmation_code}).ok());
  // More, while the first code is installed; then fewer.
  const auto second = Ask({.udi = first->udi,
                           .lines = {{.quantity = 5, .tag = kEnforced}},
                           .confirmation_code = signer_.Proofs(first->id).confirmation_code});
  ASSERT_TRUE(second.ok()) << second.status();
  note();
  ASSERT_TRUE(
      Ask({.udi = first->udi, .confirmation_code = signer_.Proofs(second->id).confirmation_code}).ok());
  note();
  Report("MEMBER", kEnforced, Day(2026, 5, 2), 4, "Branches");
  note();
  ASSERT_TRUE(Return(*second).ok());
  note();
  const std::string figures = FigureLines();
  EXPECT_EQ(figures, FigureLines(clock_.Now()));
  for (size_t i = 0; i < said.size(); ++i) {
    // What a device reported later of a time before is known later, so both times are given.
    EXPECT_EQ(PoolsAt(said[i].first, said[i].first), said[i].second) << i;
  }
}

TEST_F(HaHomesTest, ClosingTheHomeOfAMemberLeavesLeadAndUseWhereTheyAre) {
  ReportBoth(2, 1);
  Join(3);
  const auto closed = Close("Branches", "Lab");
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->moved_product_instances(), 1);
  EXPECT_EQ(PoolLines(), "Default|3|0|0|0\n");
  EXPECT_EQ(database_.Table("SELECT udi_sn, v.name FROM product_instances JOIN virtual_accounts v"
                            " USING (smart_account_id, virtual_account_id) ORDER BY 1"),
            "LEAD|Default\nMEMBER|Default\n");
  EXPECT_EQ(database_.Table("SELECT v.name FROM former_homes JOIN virtual_accounts v"
                            " USING (smart_account_id, virtual_account_id)"),
            "Branches\n");
}

}  // namespace
}  // namespace quartermaster::ledger
