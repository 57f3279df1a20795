#include "services/ledger/domain/authorization_life.h"

#include <gtest/gtest.h>

#include <set>

#include "services/common/errors/error.h"

namespace quartermaster::ledger {
namespace {

using Event = AuthorizationEvent;
using State = AuthorizationState;

constexpr State kStates[] = {State::kAwaitingApproval, State::kHeld,          State::kGranted,
                             State::kConfirmed,        State::kReturnPending, State::kReplaced,
                             State::kReturned,         State::kDenied,        State::kExpired};
constexpr Event kEvents[] = {Event::kApprove, Event::kDeny,      Event::kGrant,  Event::kConfirm,
                             Event::kReplace, Event::kAskReturn, Event::kReturn, Event::kTimeOut};

TEST(AuthorizationLifeTest, TheUsualWayLeadsFromTheRequestToTheReturn) {
  EXPECT_EQ(StateAfter(State::kAwaitingApproval, Event::kApprove), State::kHeld);
  EXPECT_EQ(StateAfter(State::kHeld, Event::kGrant), State::kGranted);
  EXPECT_EQ(StateAfter(State::kGranted, Event::kConfirm), State::kConfirmed);
  EXPECT_EQ(StateAfter(State::kConfirmed, Event::kAskReturn), State::kReturnPending);
  EXPECT_EQ(StateAfter(State::kReturnPending, Event::kReturn), State::kReturned);
}

TEST(AuthorizationLifeTest, TheCredentialOfDevicesHasACodeOnItsWayOrAgainstItsConfirmationCode) {
  for (const State state : kStates) {
    EXPECT_EQ(DeviceMayHaveCode(state, false), state == State::kGranted) << StateName(state);
    EXPECT_EQ(DeviceMayHaveCode(state, true), state == State::kGranted || state == State::kConfirmed)
        << StateName(state);
  }
}

TEST(AuthorizationLifeTest, OnceACodeMayBeOutOnlyAProofFreesTheQuantity) {
  for (const State state : kStates) {
    if (!IsInForce(state)) continue;
    for (const Event event : kEvents) {
      const auto next = StateAfter(state, event);
      const bool proof = event == Event::kReplace || event == Event::kReturn;
      if (next.has_value() && HasEnded(*next)) EXPECT_TRUE(proof) << StateName(state);
    }
    EXPECT_FALSE(StateAfter(state, Event::kTimeOut).has_value()) << StateName(state);
    EXPECT_FALSE(StateAfter(state, Event::kDeny).has_value()) << StateName(state);
  }
}

TEST(AuthorizationLifeTest, WhatHasEndedStaysSoAndHoldsNothing) {
  for (const State state : kStates) {
    if (!HasEnded(state)) continue;
    for (const Event event : kEvents) EXPECT_FALSE(StateAfter(state, event).has_value()) << StateName(state);
  }
}

TEST(AuthorizationLifeTest, EveryStateHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const State state : kStates) names.insert(StateName(state));
  EXPECT_EQ(names.size(), std::size(kStates));
}

TEST(AuthorizationLifeTest, WhoAskedDoesNotDecide) {
  EXPECT_FALSE(MayDecide("anna", "anna"));
  EXPECT_FALSE(MayDecide("anna", ""));
  EXPECT_TRUE(MayDecide("anna", "bert"));
}

TEST(AuthorizationLifeTest, ExportNeedsAnAllowedAccountInAKnownCountryThatIsNotRestricted) {
  EXPECT_TRUE(CheckExport({true, "DE", false}).ok());
  for (const ExportStatus& status : {ExportStatus{}, ExportStatus{false, "DE", false},
                                     ExportStatus{true, "", false}, ExportStatus{true, "XX", true}}) {
    EXPECT_EQ(errors::ErrorId(CheckExport(status)), "ledger.export_not_allowed");
  }
}

TEST(AuthorizationLifeTest, ASuccessorTakesWhatItLacksAndTheRestIsFree) {
  const RightsPool pool{1, 7}, other{1, 8};
  const WantedTag wanted[] = {{7, 5}};
  const LotShare own[] = {{pool, 10, 2}};
  const LotShare before[] = {{pool, 11, 2}, {pool, 12, 4}, {other, 13, 1}};
  const Succession succession = Succeed(wanted, own, before);
  EXPECT_EQ(succession.taken, (std::vector<LotShare>{{pool, 11, 2}, {pool, 12, 1}}));
  EXPECT_EQ(succession.freed, (std::vector<LotShare>{{pool, 12, 3}, {other, 13, 1}}));
}

}  // namespace
}  // namespace quartermaster::ledger
