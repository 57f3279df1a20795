// The life of authorization codes against a real PostgreSQL as role qm_ledger, with concurrent callers,
// reports that come meanwhile and a signer that fails. Each test ends with books that balance. Who may have
// which is in authorization_guards_pgtest.cc.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/ledger/api/authorization_fixture.h"

namespace quartermaster::ledger {
namespace {

TEST_F(AuthorizationTest, ARequestIsHeldSignedConfirmedAndReturned) {
  Buy("E1", kTag, 10);
  const auto granted = Want("X", 3);
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(granted->state, AuthorizationState::kGranted);
  EXPECT_EQ(granted->code, absl::StrCat("code ", granted->id));
  EXPECT_EQ(Rights(), "7|0|3\n");
  EXPECT_EQ(Balance(), 7);
  const auto confirmed = Confirm(*granted);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  EXPECT_EQ(confirmed->state, AuthorizationState::kConfirmed);
  EXPECT_EQ(Rights(), "7|0|3\n");
  const auto returned = Return(*granted);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->state, AuthorizationState::kReturned);
  EXPECT_EQ(Rights(), "10|0|0\n");
  EXPECT_EQ(Balance(), 10);
}

TEST_F(AuthorizationTest, TheVectorOfOneAuthorizedAndTwoReporting) {
  Buy("E1", kTag, 10);
  Installed("X", 1);
  EXPECT_EQ(Balance(), 9);
  Use("X", 1);
  EXPECT_EQ(Balance(), 9) << "what X is authorised to use and reports is consumed once";
  Use("Y", 2);
  EXPECT_EQ(Balance(), 7);
  EXPECT_EQ(Pool(), "3|0\n");
}

TEST_F(AuthorizationTest, ConsumptionIsTheGreaterOfReportedAndAuthorizedWheneverReportsCome) {
  Buy("E1", kTag, 10);
  Use("X", 2);
  Installed("X", 5);
  EXPECT_EQ(Pool(), "2|3\n");
  Use("X", 7);
  EXPECT_EQ(Pool(), "7|0\n");
  Use("X", 4);
  EXPECT_EQ(Pool(), "4|1\n");
  Use("X", 0);
  EXPECT_EQ(Pool(), "0|5\n");
}

TEST_F(AuthorizationTest, WhatTheDeviceReportsAlreadyCountsForItsOwnRequest) {
  Buy("E1", kTag, 3);
  Use("X", 3);
  EXPECT_EQ(Id(Want("Y", 1)), "ledger.quantity_not_available");
  EXPECT_TRUE(Want("X", 3).ok());
  EXPECT_EQ(Balance(), 0);
  Use("Y", 2);
  EXPECT_EQ(Balance(), -2) << "reported use may go below zero";
}

TEST_F(AuthorizationTest, RacingRequestsNeverPromiseMoreThanThereIs) {
  Buy("E1", kTag, 5);
  std::atomic<int> granted = 0, refused = 0;
  InThreads(12, [&](int i) {
    const auto result = Want(absl::StrCat("D", i), 1);
    if (result.ok()) {
      ++granted;
    } else {
      EXPECT_EQ(Id(result), "ledger.quantity_not_available") << result.status();
      ++refused;
    }
  });
  EXPECT_EQ(granted, 5);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(Rights(), "0|0|5\n");
  EXPECT_EQ(Balance(), 0);
}

TEST_F(AuthorizationTest, RacingRequestsWithReturnsAndReportsKeepTheBooks) {
  Buy("E1", kTag, 4);
  Buy("E2", kOther, 4, kNow + 30 * kDay);
  std::atomic<bool> done = false;
  std::thread reports([&] {
    for (uint32_t i = 0; !done; ++i) {
      Report(absl::StrCat("D", i % 6), i % 3, i % 2 == 0 ? kTag : kOther);
      ApplyAll();
    }
  });
  InThreads(6, [&](int i) {
    for (int round = 0; round < 8; ++round) {
      const std::string serial_number = absl::StrCat("D", i);
      const auto granted = Ask({.serial_number = serial_number, .lines = {{kTag, 1}, {kOther, 2}}});
      if (!granted.ok()) {
        EXPECT_EQ(Id(granted), "ledger.quantity_not_available") << granted.status();
        continue;
      }
      if (round % 2 == 0) EXPECT_TRUE(Confirm(*granted).ok());
      const auto returned = Return(*granted);
      EXPECT_TRUE(returned.ok()) << returned.status();
    }
  });
  done = true;
  reports.join();
  EXPECT_EQ(Rights(), "4|0|0\n");
  EXPECT_EQ(Rights(kOther), "4|0|0\n");
}

TEST_F(AuthorizationTest, TheSameRequestAtOnceOrAgainIsOneAuthorizationWithOneCode) {
  Buy("E1", kTag, 10);
  std::mutex mutex;
  std::set<std::string> codes;
  InThreads(6, [&](int) {
    const auto granted = Want("X", 2);
    ASSERT_TRUE(granted.ok()) << granted.status();
    const std::lock_guard lock(mutex);
    codes.insert(*flow_.CodeOf(database_.account(), *granted));
  });
  EXPECT_EQ(codes.size(), 1u);
  EXPECT_EQ(Rights(), "8|0|2\n");
  EXPECT_EQ(Id(Want("X", 3)), "ledger.authorization_open");
}

TEST_F(AuthorizationTest, WhileNobodySignsTheHoldTimesOutAndEverythingIsFreeAgain) {
  Buy("E1", kTag, 2);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  EXPECT_EQ(Rights(), "0|2|0\n");
  EXPECT_EQ(Id(Want("Y", 1)), "ledger.quantity_not_available");
  clock_.Advance(absl::Minutes(14));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 0);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 1);
  EXPECT_EQ(Rights(), "2|0|0\n");
  EXPECT_EQ(Pool(), "0|0\n");
  signer_.SetDown(false);
  EXPECT_TRUE(Want("Y", 1).ok());
}

TEST_F(AuthorizationTest, AHoldWhoseSignerComesBackInTimeIsGranted) {
  Buy("E1", kTag, 2);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  signer_.SetDown(false);
  const auto granted = Want("X", 2);
  ASSERT_TRUE(granted.ok()) << granted.status();
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 0) << "a code is out: no time-out frees it";
  EXPECT_EQ(Rights(), "0|0|2\n");
}

TEST_F(AuthorizationTest, ALotThatEndsBeforeTheCodeIsSignedIsNotGranted) {
  Buy("E1", kTag, 2, kNow + absl::Minutes(5));
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  signer_.SetDown(false);
  clock_.Advance(absl::Minutes(6));
  const auto result = Want("X", 2);
  EXPECT_EQ(Id(result), "ledger.authorization_not_granted") << result.status();
  EXPECT_EQ(States(), "expired");
  EXPECT_EQ(Rights(), "2|0|0\n");
}

TEST_F(AuthorizationTest, AReturnFreesOnceHoweverOftenItIsSent) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 2);
  std::atomic<int> answered = 0;
  InThreads(4, [&](int) { answered += Return(installed).ok() ? 1 : 0; });
  EXPECT_EQ(answered, 4);
  EXPECT_EQ(Rights(), "5|0|0\n");
  const auto again = Return(installed);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, installed.id);
  // Not even when the product instance has a new code by now.
  Installed("X", 3);
  EXPECT_TRUE(Return(installed).ok());
  EXPECT_EQ(Rights(), "2|0|3\n");
}

TEST_F(AuthorizationTest, OnlyTheRightProofOfTheRightProductInstanceCounts) {
  Buy("E1", kTag, 5);
  const Authorization x = Installed("X", 2);
  const Authorization y = Installed("Y", 2);
  const auto proofs = signer_.Proofs(x.id);
  EXPECT_EQ(Id(Ask({.serial_number = "Y", .removal_code = proofs.removal_code})), "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .removal_code = proofs.confirmation_code})),
            "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .confirmation_code = proofs.removal_code})),
            "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .removal_code = "0000-0000-0000-0000"})), "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .removal_code = "'; DROP TABLE authorizations"})),
            "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "Z", .removal_code = proofs.removal_code})),
            "ledger.product_instance_unknown");
  EXPECT_EQ(Id(Ask({.serial_number = "X"})), "ledger.field_missing");
  EXPECT_EQ(Rights(), "1|0|4\n");
}

TEST_F(AuthorizationTest, MoreIsAskedForByNamingTheInstalledCodeAndOnlyTheDifferenceIsHeld) {
  Buy("E1", kTag, 3);
  const Authorization first = Installed("X", 2);
  EXPECT_EQ(Id(Want("X", 3)), "ledger.confirmation_code_required");
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 3}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->replaces, first.id);
  EXPECT_GT(second->sequence, first.sequence);
  EXPECT_EQ(Rights(), "0|0|3\n") << "never counted twice";
  EXPECT_EQ(Balance(), 0);
  int64_t in_code = 0;
  for (const CodeEntitlement& one : signer_.Request(second->id).entitlements) in_code += one.count;
  EXPECT_EQ(in_code, 3) << "the new code is for all of them";
  ASSERT_TRUE(Confirm(*second).ok());
  EXPECT_EQ(Rights(), "0|0|3\n");
  EXPECT_EQ(Id(Return(first)), "ledger.proof_invalid") << "a code that was replaced returns nothing";
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Rights(), "3|0|0\n");
}

TEST_F(AuthorizationTest, FewerAreFreeOnlyOnceTheNewCodeIsInstalled) {
  Buy("E1", kTag, 5);
  Buy("E2", kOther, 5);
  const auto first = Ask({.serial_number = "X", .lines = {{kTag, 4}, {kOther, 2}}});
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string code = signer_.Proofs(first->id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 1}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Rights(), "1|0|4\n");
  EXPECT_EQ(Rights(kOther), "3|0|2\n");
  ASSERT_TRUE(Confirm(*second).ok());
  EXPECT_EQ(Rights(), "4|0|1\n");
  EXPECT_EQ(Rights(kOther), "5|0|0\n");
}

TEST_F(AuthorizationTest, AReturnWhileASuccessorIsOnItsWayLeavesItWhatItLacks) {
  Buy("E1", kTag, 5);
  const Authorization first = Installed("X", 3);
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 4}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(Return(first).ok());
  EXPECT_EQ(Rights(), "1|0|4\n");
  ASSERT_TRUE(Confirm(*second).ok());
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, AReturnWhileASuccessorIsOnlyHeldLeavesItAHold) {
  Buy("E1", kTag, 5);
  const Authorization first = Installed("X", 3);
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  signer_.SetDown(true);
  EXPECT_FALSE(Ask({.serial_number = "X", .lines = {{kTag, 4}}, .confirmation_code = code}).ok());
  EXPECT_EQ(Rights(), "1|1|3\n");
  ASSERT_TRUE(Return(first).ok());
  EXPECT_EQ(Rights(), "1|4|0\n");
  EXPECT_EQ(Balance(), 1);
  signer_.SetDown(false);
  ASSERT_TRUE(Want("X", 4).ok());
  EXPECT_EQ(Rights(), "1|0|4\n");
}

TEST_F(AuthorizationTest, RemovingANewCodeThatNobodyConfirmedEndsBoth) {
  Buy("E1", kTag, 5);
  const Authorization first = Installed("X", 3);
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 4}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, OneRequestReturnsTheOldCodeAndAsksForANewOne) {
  Buy("E1", kTag, 3);
  const Authorization first = Installed("X", 3);
  const Request request = {
      .serial_number = "X", .lines = {{kTag, 2}}, .removal_code = signer_.Proofs(first.id).removal_code};
  const auto second = Ask(request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Rights(), "1|0|2\n");
  const auto again = Ask(request);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, second->id);
}

TEST_F(AuthorizationTest, BadRequestsAreRefusedByField) {
  Buy("E1", kTag, 5);
  EXPECT_EQ(Id(Want("X", 1, kOpen)), "ledger.authorization_not_needed");
  EXPECT_EQ(Id(Want("X", 1, "no such tag")), "ledger.tag_unknown");
  EXPECT_EQ(Id(Want("X", 0)), "ledger.quantity_out_of_range");
  EXPECT_EQ(Id(Want("X", 1LL << 40)), "ledger.quantity_out_of_range");
  EXPECT_EQ(Id(Want("", 1)), "ledger.field_missing");
  EXPECT_EQ(Id(Want(std::string(65, 'S'), 1)), "ledger.field_invalid");
  EXPECT_EQ(Id(Ask({.lines = {{kTag, 1}, {kTag, 1}}})), "ledger.field_invalid");
  EXPECT_EQ(Id(Ask({.lines = Lines(51, {kTag, 1})})), "ledger.too_many_rows");
  const auto refused = Want("X", 6);
  EXPECT_EQ(refused.status().message(),
            absl::StrCat("lines[0].count: got 6, want at most 5, which is what may leave of ", kTag,
                         " in Default"));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM product_instances"), 0)
      << "a refused request leaves nothing";
}

TEST_F(AuthorizationTest, AProductInstanceOfAnotherAccountIsRefused) {
  Buy("E1", kTag, 5);
  const int64_t other = database_.AddAccount("other.example");
  database_.Run(absl::StrCat(
      "INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id, ha_lead_id, "
      "created_at)"
      " SELECT ",
      other,
      ", 'C8500', 'X', virtual_account_id, 1, now() FROM virtual_accounts WHERE smart_account_id = ", other));
  database_.Run("UPDATE product_instances SET ha_lead_id = product_instance_id");
  EXPECT_EQ(Id(Want("X", 1)), "ledger.product_instance_elsewhere");
}

TEST_F(AuthorizationTest, AnAdministratorAsksForAReturnAndNothingIsFreeBeforeTheProof) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 2);
  v1::ReturnAuthorizationRequest request;
  request.mutable_udi()->set_product_id(kPid);
  request.mutable_udi()->set_serial_number("X");
  v1::Authorization response;
  grpc::ServerContext context;
  ASSERT_TRUE(service_.ReturnAuthorization(&context, &request, &response).ok());
  EXPECT_EQ(response.state(), v1::AUTHORIZATION_STATE_RETURN_PENDING);
  EXPECT_EQ(Rights(), "3|0|2\n");
  ASSERT_TRUE(Return(installed).ok());
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, AKeptAnswerHoldsNoCodeAndARepeatedRequestGetsItAgain) {
  Buy("E1", kTag, 5);
  v1::RequestAuthorizationRequest request;
  request.mutable_udi()->set_product_id(kPid);
  request.mutable_udi()->set_serial_number("X");
  request.add_lines()->set_tag(kTag);
  request.mutable_lines(0)->set_count(2);
  request.set_request_id("request-1");
  v1::Authorization first, again;
  grpc::ServerContext one, two;
  ASSERT_TRUE(service_.RequestAuthorization(&one, &request, &first).ok());
  ASSERT_TRUE(service_.RequestAuthorization(&two, &request, &again).ok());
  EXPECT_EQ(first.smart_license(), absl::StrCat("code ", first.authorization_id()));
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(
      database_.Number("SELECT count(*) FROM ledger_requests WHERE position('code '::bytea IN answer) > 0"),
      0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_requests WHERE request_id = 'request-1'"), 1);
}

TEST_F(AuthorizationTest, AFileAsksConfirmsAndReturns) {
  Buy("E1", kTag, 5);
  const auto import = [&](const std::string& data) {
    v1::ImportAuthorizationRequestRequest request;
    request.set_file(absl::StrCat("<smartLicense><smartLicenseAuthRequest><data>", data,
                                  "</data></smartLicenseAuthRequest></smartLicense>"));
    v1::ImportAuthorizationRequestResponse response;
    grpc::ServerContext context;
    const grpc::Status status = service_.ImportAuthorizationRequest(&context, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  };
  const std::string sudi = R"("sudi":{"udi_pid":"C8500","udi_serial_number":"X"})";
  const auto asked = import(absl::StrCat(R"([{"keys":[{"entitlement":")", kTag, R"(","count":"2"}],)", sudi,
                                         R"(,"confirm_code":null,"remove_code":null},)",
                                         R"({"keys":[{"entitlement":")", kTag, R"(","count":"9"}],)",
                                         R"("sudi":{"udi_pid":"C8500","udi_serial_number":"Y"},)",
                                         R"("confirm_code":null,"remove_code":null}])"));
  ASSERT_EQ(asked.results_size(), 2);
  const int64_t id = asked.results(0).authorization().authorization_id();
  EXPECT_EQ(asked.results(0).authorization().smart_license(), absl::StrCat("code ", id));
  EXPECT_EQ(asked.results(1).reason(), "ledger.quantity_not_available") << "each request stands alone";
  const auto proofs = signer_.Proofs(id);
  const auto confirmed = import(absl::StrCat(R"([{"keys":[],)", sudi, R"(,"confirm_code":")",
                                             proofs.confirmation_code, R"(","remove_code":null}])"));
  EXPECT_EQ(confirmed.results(0).authorization().state(), v1::AUTHORIZATION_STATE_CONFIRMED);
  const std::string back = absl::StrCat(R"([{"keys":[],)", sudi, R"(,"confirm_code":null,"remove_code":")",
                                        proofs.removal_code, R"("}])");
  EXPECT_EQ(import(back).results(0).authorization().state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(import(back).results(0).authorization().state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, TheListIsPagedAndFiltered) {
  Buy("E1", kTag, 5);
  for (const char* serial_number : {"A", "B", "C"}) ASSERT_TRUE(Want(serial_number, 1).ok());
  Installed("D", 1);
  v1::ListAuthorizationsRequest request;
  request.set_page_size(2);
  std::string seen;
  do {
    v1::ListAuthorizationsResponse page;
    grpc::ServerContext context;
    ASSERT_TRUE(service_.ListAuthorizations(&context, &request, &page).ok());
    for (const auto& one : page.authorizations()) absl::StrAppend(&seen, one.udi().serial_number());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, "ABCD");
  request.set_state(v1::AUTHORIZATION_STATE_CONFIRMED);
  v1::ListAuthorizationsResponse page;
  grpc::ServerContext context;
  ASSERT_TRUE(service_.ListAuthorizations(&context, &request, &page).ok());
  ASSERT_EQ(page.authorizations_size(), 1);
  EXPECT_EQ(page.authorizations(0).udi().serial_number(), "D");
  EXPECT_EQ(page.authorizations(0).smart_license(), "");
}

TEST_F(AuthorizationTest, MembersOfAnHaSetAreOneConsumer) {
  Buy("E1", kTag, 10);
  Use("A", 0);
  Use("B", 0);
  Installed("A", 2);
  Installed("B", 2);
  EXPECT_EQ(Balance(), 6);
  Report("A", 3, kTag, {"B"});
  Report("B", 3, kTag, {"A"});
  ApplyAll();
  EXPECT_EQ(database_.Number("SELECT count(DISTINCT ha_lead_id) FROM product_instances"), 1);
  EXPECT_EQ(Pool(), "3|1\n") << "the set reports 3 and is authorised for 4";
  const auto third = Want("B", 2);
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->state, AuthorizationState::kConfirmed) << "it has them";
  EXPECT_EQ(Balance(), 6);
}

TEST_F(AuthorizationTest, FsckNamesWhatWasChangedBehindTheBack) {
  expect_clean_ = false;
  Buy("E1", kTag, 10);
  Installed("X", 3);
  ASSERT_EQ(absl::StrJoin(Fsck(), "\n"), "");
  const auto rules_after = [&](const std::string& change) {
    database_.Run(change);
    std::set<std::string> rules;
    for (const std::string& finding : Fsck()) rules.insert(finding.substr(0, finding.find(':')));
    return absl::StrJoin(rules, " ");
  };
  EXPECT_EQ(rules_after("UPDATE license_pools SET reserved = 2"), "pool_reserved_differs");
  EXPECT_EQ(rules_after("UPDATE license_pools SET reserved = 3; UPDATE authorized_usage SET quantity = 4"),
            "authorized_usage_differs");
  EXPECT_EQ(
      rules_after("UPDATE authorized_usage SET quantity = 3; UPDATE authorization_lots SET quantity = 2"),
      "authorization_balance_differs authorization_lots_differ authorized_usage_differs "
      "pool_reserved_differs");
  EXPECT_EQ(rules_after("UPDATE authorization_lots SET quantity = 3;"
                        "UPDATE authorizations SET state = 7"),
            "authorization_lots_unexpected");
}

TEST_F(AuthorizationTest, AReservationSetsRightsOfAnyLicenseAsideBesideAuthorizations) {
  Buy("E1", kOpen, 5);
  Buy("E2", kTag, 5);
  Installed("X", 1);
  v1::ReserveLicensesRequest request;
  request.mutable_udi()->set_product_id(kPid);
  request.mutable_udi()->set_serial_number("X");
  for (const char* tag : {kOpen, kTag}) {
    auto& line = *request.add_lines();
    line.set_tag(tag);
    line.set_count(3);
  }
  v1::Authorization reserved, answer;
  grpc::ServerContext one, two, three, four;
  ASSERT_TRUE(reservations_.ReserveLicenses(&one, &request, &reserved).ok());
  EXPECT_TRUE(signer_.Request(reserved.authorization_id()).reservation);
  EXPECT_EQ(Rights(kOpen), "2|0|3\n");
  EXPECT_EQ(Pool(), "0|4\n") << "authorised + reserved";
  Use("X", 2);
  EXPECT_EQ(Pool(), "2|2\n");
  request.mutable_udi()->set_serial_number("Y");
  EXPECT_FALSE(reservations_.ReserveLicenses(&two, &request, &answer).ok()) << "short, also where unenforced";

  const auto proofs = signer_.Proofs(reserved.authorization_id());
  ASSERT_TRUE(Ask({.serial_number = "X", .confirmation_code = proofs.confirmation_code}).ok());
  v1::UpdateReservationRequest update;
  *update.mutable_udi() = reserved.udi();
  update.set_confirmation_code(proofs.confirmation_code);
  *update.add_lines() = reserved.lines(0);
  update.mutable_lines(0)->set_tag(kOpen);
  update.mutable_lines(0)->set_count(1);
  ASSERT_TRUE(reservations_.UpdateReservation(&three, &update, &answer).ok());
  EXPECT_EQ(Rights(kOpen), "2|0|3\n");
  const auto updated = signer_.Proofs(answer.authorization_id());
  ASSERT_TRUE(Ask({.serial_number = "X", .confirmation_code = updated.confirmation_code}).ok());
  EXPECT_EQ(Rights(kOpen), "4|0|1\n");
  EXPECT_EQ(Rights(), "4|0|1\n") << "the authorization stays";

  v1::ReturnReservationRequest back;
  *back.mutable_udi() = reserved.udi();
  back.set_return_code(updated.removal_code);
  ASSERT_TRUE(reservations_.ReturnReservation(&four, &back, &answer).ok());
  EXPECT_EQ(answer.state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(Rights(kOpen), "5|0|0\n");
  v1::ListReservationsResponse list;
  grpc::ServerContext five;
  const v1::ListReservationsRequest all;
  ASSERT_TRUE(reservations_.ListReservations(&five, &all, &list).ok());
  ASSERT_EQ(list.reservations_size(), 2);
  EXPECT_EQ(list.reservations(0).state(), v1::AUTHORIZATION_STATE_REPLACED);
}

// Random steps of many product instances against a plain account of who has what.
TEST_F(AuthorizationTest, RandomProgramsAgreeWithAModel) {
  constexpr int64_t kOwned = 12;
  Buy("E1", kTag, 7);
  Buy("E2", kTag, 5, kNow + 300 * kDay);
  struct Device {
    int64_t installed = 0, open = 0, reported = 0;
    std::optional<Authorization> installed_code, open_code;
    int64_t consumed() const { return std::max(reported, std::max(installed, open)); }
  };
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](uint32_t bound) { return static_cast<int64_t>(random() % bound); };
    std::map<std::string, Device> devices;
    for (const char* name : {"P", "Q", "R", "S"}) devices[absl::StrCat(name, seed)];
    const auto free = [&] {
      int64_t left = kOwned;
      for (const auto& [name, device] : devices) left -= device.consumed();
      return left;
    };
    for (int step = 0; step < 60; ++step) {
      auto chosen = devices.begin();
      std::advance(chosen, below(4));
      const std::string& name = chosen->first;
      Device& device = chosen->second;
      switch (below(5)) {
        case 0: {  // asks, naming what is installed
          if (device.open_code.has_value()) break;
          const int64_t count = 1 + below(6);
          if (count == device.installed) break;
          Device after = device;
          after.open = count;
          // In words of the rule: never below zero, and not from a pool that is below it already.
          const int64_t more = after.consumed() - device.consumed();
          const bool expected = free() >= 0 && more <= free();
          const auto result =
              Ask({.serial_number = name,
                   .lines = {{kTag, count}},
                   .confirmation_code = device.installed_code.has_value()
                                            ? signer_.Proofs(device.installed_code->id).confirmation_code
                                            : ""});
          // Less than what is installed needs nothing more.
          const bool nothing_more = count < device.installed;
          ASSERT_EQ(result.ok(), expected || nothing_more)
              << "seed " << seed << " step " << step << " " << result.status() << " free " << free();
          if (!result.ok()) break;
          device.open = count;
          device.open_code = *result;
          break;
        }
        case 1:  // confirms
          if (!device.open_code.has_value()) break;
          ASSERT_TRUE(Confirm(*device.open_code).ok());
          device.installed = std::exchange(device.open, 0);
          device.installed_code = std::exchange(device.open_code, std::nullopt);
          break;
        case 2:  // returns what is installed
          if (!device.installed_code.has_value()) break;
          ASSERT_TRUE(Return(*device.installed_code).ok());
          device.installed = 0;
          device.installed_code.reset();
          break;
        case 3:  // removes the new one
          if (!device.open_code.has_value()) break;
          ASSERT_TRUE(Return(*device.open_code).ok());
          device = {.reported = device.reported};
          break;
        default:  // reports
          device.reported = below(4);
          Use(name, static_cast<uint32_t>(device.reported));
      }
      ASSERT_EQ(Balance(), free()) << "seed " << seed << " step " << step;
    }
    for (auto& [name, device] : devices) {
      if (device.open_code.has_value()) ASSERT_TRUE(Return(*device.open_code).ok());
      if (device.installed_code.has_value() && !device.open_code.has_value()) {
        ASSERT_TRUE(Return(*device.installed_code).ok());
      }
      Use(name, 0);
    }
    ASSERT_EQ(Balance(), kOwned) << "seed " << seed;
    ASSERT_EQ(absl::StrJoin(Fsck(), "\n"), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace quartermaster::ledger
