// Who may have which authorization code, and when what is held is not granted: export control, four eyes,
// what the credential of product instances may, releases. On a real PostgreSQL as role qm_ledger; each test
// ends with books that balance.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/server.h"
#include "services/ledger/api/authorization_fixture.h"
#include "services/ledger/api/authorization_release_service.h"

namespace quartermaster::ledger {
namespace {

class ExportTest : public AuthorizationTest {
 protected:
  void SetRule(bool allowed, const std::string& country, v1::ApprovalRule approval) {
    v1::SetAuthorizationRuleRequest request;
    request.set_export_allowed(allowed);
    request.set_country(country);
    request.set_approval(approval);
    v1::AuthorizationRule response;
    grpc::ServerContext context;
    const grpc::Status status = service_.SetAuthorizationRule(&context, &request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  void Restrict(const std::vector<std::string>& countries) {
    v1::SetRestrictedCountriesRequest request;
    for (const std::string& country : countries) request.add_countries(country);
    v1::SetRestrictedCountriesResponse response;
    grpc::ServerContext context;
    const grpc::Status status = service_.SetRestrictedCountries(&context, &request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
};

TEST_F(ExportTest, WithoutARuleNothingExportControlledIsGranted) {
  Buy("E1", kExport, 5);
  EXPECT_EQ(Id(Want("X", 1, kExport)), "ledger.export_not_allowed");
  SetRule(true, "DE", v1::APPROVAL_RULE_AUTOMATIC);
  EXPECT_EQ(Want("X", 1, kExport)->state, AuthorizationState::kGranted);
}

TEST_F(ExportTest, ARestrictedCountryGetsNothingAlsoWhenItIsListedBeforeTheApproval) {
  Buy("E1", kExport, 5);
  SetRule(true, "de", v1::APPROVAL_RULE_FOUR_EYES);
  const auto asked = Want("X", 1, kExport);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->state, AuthorizationState::kAwaitingApproval);
  Restrict({"KP", "de"});
  EXPECT_EQ(Id(Want("Y", 1, kExport)), "ledger.export_not_allowed");
  EXPECT_EQ(Id(Decide(true, asked->id, "bert")), "ledger.export_not_allowed");
  EXPECT_EQ(Rights(kExport), "4|1|0\n");
  Restrict({});
  EXPECT_TRUE(Decide(true, asked->id, "bert").ok());
}

TEST_F(ExportTest, WhatIsForbiddenBeforeItsCodeIsSignedIsNotGranted) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_AUTOMATIC);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 1, kExport).ok());
  signer_.SetDown(false);
  SetRule(false, "", v1::APPROVAL_RULE_AUTOMATIC);
  const auto result = Want("X", 1, kExport);
  EXPECT_EQ(Id(result), "ledger.authorization_not_granted") << result.status();
  EXPECT_EQ(States(), "expired");
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
}

TEST_F(ExportTest, UnderFourEyesAnotherOneApproves) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES);
  const auto asked = Want("X", 2, kExport);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(*flow_.CodeOf(database_.account(), *asked), "");
  EXPECT_EQ(Id(Decide(true, asked->id, "anna")), "ledger.decision_denied");
  EXPECT_EQ(Id(Decide(true, asked->id, "")), "ledger.decision_denied");
  EXPECT_EQ(Id(Decide(true, 999, "bert")), "ledger.authorization_unknown");
  EXPECT_EQ(Rights(kExport), "3|2|0\n");
  const auto approved = Decide(true, asked->id, "bert");
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->state, AuthorizationState::kGranted);
  EXPECT_EQ(approved->decided_by, "bert");
  EXPECT_TRUE(Decide(true, asked->id, "bert").ok()) << "the answer was lost";
  EXPECT_EQ(Id(Decide(false, asked->id, "bert")), "ledger.authorization_state_invalid");
  // The product instance polls by asking again.
  EXPECT_EQ(*flow_.CodeOf(database_.account(), *Want("X", 2, kExport)), absl::StrCat("code ", asked->id));
}

TEST_F(ExportTest, WhatIsDeniedOrNotDecidedInTimeIsFree) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES);
  const auto denied = Want("X", 2, kExport);
  ASSERT_TRUE(Decide(false, denied->id, "bert").ok());
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
  EXPECT_EQ(Id(Decide(true, denied->id, "bert")), "ledger.authorization_state_invalid");
  const auto waiting = Want("X", 2, kExport);
  EXPECT_NE(waiting->id, denied->id);
  clock_.Advance(absl::Hours(71));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 0);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 1);
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
}

TEST_F(ExportTest, RacingDecisionsAreOne) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES);
  const auto asked = Want("X", 2, kExport);
  std::atomic<int> approved = 0, denied = 0;
  InThreads(6, [&](int i) {
    const auto decided = Decide(i % 2 == 0, asked->id, absl::StrCat("bert", i));
    if (decided.ok()) ++(i % 2 == 0 ? approved : denied);
  });
  EXPECT_EQ(approved + denied, 1);
  EXPECT_EQ(Rights(kExport), approved == 1 ? "3|0|2\n" : "5|0|0\n");
}

TEST_F(ExportTest, WhatFourEyesMustApproveByNowIsNotGrantedWithoutThem) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_AUTOMATIC);
  signer_.Meanwhile([&] { SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES); });
  const auto refused = Want("X", 1, kExport);
  EXPECT_EQ(Id(refused), "ledger.authorization_not_granted") << refused.status();
  EXPECT_NE(refused.status().message().find("somebody else has to approve"), std::string::npos);
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
  const auto asked = Want("X", 1, kExport);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->state, AuthorizationState::kAwaitingApproval);
  EXPECT_EQ(States(), "expired awaiting_approval");
}

TEST_F(AuthorizationTest, WhatChangedWhileItsCodeWasSignedIsNotGranted) {
  Buy("E1", kTag, 3, kNow + 30 * kDay);
  const Authorization first = Installed("X", 3);
  Buy("E2", kTag, 5, kNow + 60 * kDay);
  // The code is for 3 until the 30th day and 1 until the 60th; by the time it is signed the first is gone.
  signer_.Meanwhile([&] { ASSERT_TRUE(Return(first).ok()); });
  const auto refused = Ask({.serial_number = "X",
                            .lines = {{kTag, 4}},
                            .confirmation_code = signer_.Proofs(first.id).confirmation_code});
  EXPECT_EQ(Id(refused), "ledger.authorization_not_granted") << refused.status();
  EXPECT_NE(refused.status().message().find("rights changed"), std::string::npos);
  EXPECT_EQ(States(), "returned expired");
  EXPECT_EQ(Rights(), "8|0|0\n");
  EXPECT_EQ(Balance(), 8);
  EXPECT_TRUE(Want("X", 4).ok());
}

TEST_F(AuthorizationTest, AfterTheEndOfATermTheSameRequestIsGrantedFromTheNextOne) {
  Buy("E1", kTag, 2, kNow + 30 * kDay);
  const Authorization first = Installed("X", 2);
  EXPECT_EQ(Want("X", 2)->id, first.id) << "it has them";
  clock_.Advance(31 * kDay);
  EXPECT_EQ(Id(Want("X", 2)), "ledger.quantity_not_available");
  EXPECT_EQ(States(), "confirmed") << "what is refused lets go of nothing";
  Buy("E2", kTag, 2, kNow + 400 * kDay);
  const auto second = Want("X", 2);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->state, AuthorizationState::kGranted);
  EXPECT_EQ(second->replaces, first.id);
  int64_t in_code = 0;
  for (const CodeEntitlement& one : signer_.Request(second->id).entitlements) {
    EXPECT_EQ(one.end_at, kNow + 400 * kDay);
    in_code += one.count;
  }
  EXPECT_EQ(in_code, 2);
  EXPECT_EQ(Balance(), 0) << "neither term is counted beside the other";
  ASSERT_TRUE(Confirm(*second).ok());
  EXPECT_EQ(States(), "replaced confirmed");
  EXPECT_EQ(Want("X", 2)->id, second->id);
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Balance(), 2);
}

TEST_F(AuthorizationTest, OnlyWhatHasEndedIsGrantedAnew) {
  Buy("E1", kTag, 2, kNow + 30 * kDay);
  const Authorization first = Installed("X", 2);
  Buy("E2", kTag, 1, kNow + 300 * kDay);
  const auto both = Ask({.serial_number = "X",
                         .lines = {{kTag, 3}},
                         .confirmation_code = signer_.Proofs(first.id).confirmation_code});
  ASSERT_TRUE(both.ok()) << both.status();
  ASSERT_TRUE(Confirm(*both).ok());
  clock_.Advance(31 * kDay);
  Buy("E3", kTag, 2, kNow + 400 * kDay);
  EXPECT_EQ(Id(Want("X", 3)), "ledger.confirmation_code_required")
      << "who does not have the code has nothing replaced that is in force";
  const auto next = Ask({.serial_number = "X",
                         .lines = {{kTag, 3}},
                         .confirmation_code = signer_.Proofs(both->id).confirmation_code});
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->replaces, both->id);
  EXPECT_EQ(Balance(), 0) << "1 that went on and 2 of the new term";
  // Also when nobody installs it, the books say what is there.
  ASSERT_TRUE(Return(*next).ok());
  EXPECT_EQ(Balance(), 3);
}

TEST_F(AuthorizationTest, ARenewalThatTimesOutLeavesBooksThatBalance) {
  Buy("E1", kTag, 2, kNow + 30 * kDay);
  Installed("X", 2);
  clock_.Advance(31 * kDay);
  Buy("E2", kTag, 2, kNow + 400 * kDay);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  clock_.Advance(absl::Minutes(15));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 1);
  EXPECT_EQ(States(), "confirmed expired");
  EXPECT_EQ(Balance(), 2);
  signer_.SetDown(false);
  EXPECT_TRUE(Want("X", 2).ok());
}

// The services over a wire, which alone says who calls.
class CallerTest : public AuthorizationTest {
 protected:
  CallerTest() {
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder, {.metrics = &metrics_});
    builder.RegisterService(&service_);
    builder.RegisterService(&releases_);
    server_ = builder.BuildAndStart();
    const auto channel = rpc::InProcessChannel(*server_, 8 << 20);
    stub_ = v1::AuthorizationService::NewStub(channel);
    releases_stub_ = v1::AuthorizationReleaseService::NewStub(channel);
  }
  ~CallerTest() override { server_->Shutdown(); }

  template <typename Stub, typename Wanted, typename Response>
  std::string Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Wanted&, Response*),
                   const Wanted& request, const rpc::Caller& caller, Response& response) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(30), caller);
    response.Clear();
    const absl::Status status = rpc::FromGrpc((stub.*method)(&context, request, &response));
    return status.ok() ? "ok" : Id(status);
  }

  static v1::RequestAuthorizationRequest RequestOf(const std::string& serial_number, int64_t count) {
    v1::RequestAuthorizationRequest request;
    request.mutable_udi()->set_product_id(kPid);
    request.mutable_udi()->set_serial_number(serial_number);
    request.add_lines()->set_tag(kTag);
    request.mutable_lines(0)->set_count(count);
    return request;
  }
  std::string Request(const v1::RequestAuthorizationRequest& request, const rpc::Caller& caller) {
    return Call(*stub_, &v1::AuthorizationService::Stub::RequestAuthorization, request, caller, answer_);
  }
  void Enroll(const std::string& serial_number, int64_t virtual_account_id) {
    database_.Run(
        absl::StrCat("WITH t AS (INSERT INTO id_tokens (smart_account_id, virtual_account_id, value_digest, "
                     "encrypted_value,"
                     " description, export_controlled, created_at, expires_at) VALUES (",
                     database_.account(), ", ", virtual_account_id, ", '", serial_number,
                     "', '', '', false, now(), now()) RETURNING *) INSERT INTO id_token_redemptions"
                     " SELECT smart_account_id, id_token_id, 'C8500', '",
                     serial_number, "', 'k', now() FROM t"));
  }

  const rpc::Caller device_{.actor = "devices", .role = "device"};
  const rpc::Caller anna_{.actor = "anna", .role = "administrator"};
  const rpc::Caller bert_{.actor = "bert", .role = "administrator"};
  AuthorizationReleaseServiceImpl releases_{api_, &flow_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AuthorizationService::Stub> stub_;
  std::unique_ptr<v1::AuthorizationReleaseService::Stub> releases_stub_;
  v1::Authorization answer_;
};

TEST_F(CallerTest, TheCredentialOfDevicesSeesACodeOnlyOnItsWayOrAgainstItsConfirmationCode) {
  Buy("E1", kTag, 5);
  Use("X", 0);
  v1::RequestAuthorizationRequest request = RequestOf("X", 2);
  request.set_request_id("request-1");
  ASSERT_EQ(Request(request, device_), "ok");
  const int64_t id = answer_.authorization_id();
  EXPECT_NE(answer_.smart_license(), "") << "a lost answer is fetched again";
  ASSERT_EQ(Request(RequestOf("X", 2), device_), "ok");
  EXPECT_NE(answer_.smart_license(), "");

  const auto proofs = signer_.Proofs(id);
  ASSERT_TRUE(Ask({.serial_number = "X", .confirmation_code = proofs.confirmation_code}).ok());
  // Another device with the same credential says the name of the first one.
  ASSERT_EQ(Request(RequestOf("X", 2), device_), "ok");
  EXPECT_EQ(answer_.state(), v1::AUTHORIZATION_STATE_CONFIRMED);
  EXPECT_EQ(answer_.smart_license(), "");
  ASSERT_EQ(Request(request, device_), "ok") << "the kept answer neither";
  EXPECT_EQ(answer_.smart_license(), "");
  v1::RequestAuthorizationRequest guessed = RequestOf("X", 2);
  guessed.set_confirmation_code("0000-0000-0000-0000");
  EXPECT_EQ(Request(guessed, device_), "ledger.proof_invalid");
  EXPECT_EQ(answer_.smart_license(), "");
  // Who has the code may have it again, and an administrator sees every one.
  v1::RequestAuthorizationRequest named = RequestOf("X", 2);
  named.set_confirmation_code(proofs.confirmation_code);
  ASSERT_EQ(Request(named, device_), "ok");
  EXPECT_EQ(answer_.smart_license(), absl::StrCat("code ", id));
  ASSERT_EQ(Request(RequestOf("X", 2), anna_), "ok");
  EXPECT_EQ(answer_.smart_license(), absl::StrCat("code ", id));

  v1::ReturnAuthorizationRequest back;
  *back.mutable_udi() = request.udi();
  ASSERT_EQ(Call(*stub_, &v1::AuthorizationService::Stub::ReturnAuthorization, back, anna_, answer_), "ok");
  ASSERT_EQ(Request(named, device_), "ok");
  EXPECT_EQ(answer_.state(), v1::AUTHORIZATION_STATE_RETURN_PENDING);
  EXPECT_EQ(answer_.smart_license(), "");
}

TEST_F(CallerTest, TheCredentialOfDevicesInventsNoProductInstancesAndChoosesNoHome) {
  Buy("E1", kTag, 5);
  EXPECT_EQ(Request(RequestOf("INVENTED", 5), device_), "ledger.product_instance_unknown");
  EXPECT_EQ(Rights(), "5|0|0\n");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM product_instances"), 0);
  Use("X", 0);
  v1::RequestAuthorizationRequest elsewhere = RequestOf("X", 1);
  elsewhere.set_virtual_account("Default");
  EXPECT_EQ(Request(elsewhere, device_), "ledger.field_invalid");
  ASSERT_EQ(Request(RequestOf("X", 1), device_), "ok");
  Enroll("T", database_.virtual_account());
  EXPECT_EQ(Request(RequestOf("T", 1), device_), "ok");
  // A trust code of this account, until it is revoked.
  database_.Run(
      absl::StrCat("INSERT INTO trust_certificates (key_id, udi_pid, udi_sn, certificate, issuer, alg, "
                   "not_before, not_after,"
                   " imported_at, origin, smart_account_id) SELECT 'k' || sn, 'C8500', sn, '', '', 'ES256', "
                   "now(), now(), now(),"
                   " 2, ",
                   database_.account(),
                   " FROM unnest(ARRAY['F', 'R']) AS u (sn);"
                   "UPDATE trust_certificates SET revoked_at = now() WHERE udi_sn = 'R'"));
  EXPECT_EQ(Request(RequestOf("F", 1), device_), "ok");
  EXPECT_EQ(Request(RequestOf("R", 1), device_), "ledger.product_instance_unknown");
  // An administrator may do both.
  v1::RequestAuthorizationRequest invented = RequestOf("NEW", 1);
  invented.set_virtual_account("Default");
  EXPECT_EQ(Request(invented, anna_), "ok");
  EXPECT_EQ(Rights(), "1|0|4\n");
}

TEST_F(CallerTest, TheIdTokenSaysWhereANewOneIsAtHome) {
  const int64_t lab = database_.AddVirtualAccount(database_.account(), "Lab");
  Buy("E1", kTag, 5, std::nullopt, "Lab");
  Enroll("T", lab);
  ASSERT_EQ(Request(RequestOf("T", 2), device_), "ok");
  EXPECT_EQ(answer_.virtual_account(), "Lab");
  Enroll("U", lab);
  v1::RequestAuthorizationRequest named = RequestOf("U", 2);
  named.set_virtual_account("Default");
  ASSERT_EQ(Request(named, anna_), "ok");
  EXPECT_EQ(answer_.virtual_account(), "Lab") << "as reports find their home: the trust code first";
}

class ReleaseTest : public CallerTest {
 protected:
  using Stub = v1::AuthorizationReleaseService::Stub;
  std::string Release(int64_t id, const std::string& reason, const rpc::Caller& caller) {
    v1::RequestReleaseRequest request;
    request.set_authorization_id(id);
    request.set_reason(reason);
    return Call(*releases_stub_, &Stub::RequestRelease, request, caller, release_);
  }
  std::string Approve(int64_t id, const rpc::Caller& caller) {
    v1::ApproveReleaseRequest request;
    request.set_authorization_id(id);
    return Call(*releases_stub_, &Stub::ApproveRelease, request, caller, release_);
  }
  v1::AuthorizationRelease release_;
};

TEST_F(ReleaseTest, OneAsksAnotherApprovesAndOnlyThenIsItFree) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 3);
  EXPECT_EQ(Approve(installed.id, bert_), "ledger.release_unknown");
  EXPECT_EQ(Release(installed.id, "", anna_), "ledger.field_missing");
  EXPECT_EQ(Release(999, "burnt", anna_), "ledger.authorization_unknown");
  ASSERT_EQ(Release(installed.id, "burnt \"down\"", anna_), "ok");
  EXPECT_EQ(release_.authorization().state(), v1::AUTHORIZATION_STATE_CONFIRMED);
  EXPECT_EQ(release_.requested_by(), "anna");
  EXPECT_EQ(Rights(), "2|0|3\n");
  EXPECT_EQ(Release(installed.id, "burnt \"down\"", anna_), "ok") << "the answer was lost";
  EXPECT_EQ(Release(installed.id, "stolen", bert_), "ledger.release_open");
  EXPECT_EQ(Approve(installed.id, anna_), "ledger.decision_denied");
  EXPECT_EQ(Approve(installed.id, {.role = "administrator"}), "ledger.decision_denied");
  EXPECT_EQ(Rights(), "2|0|3\n");

  ASSERT_EQ(Approve(installed.id, bert_), "ok");
  EXPECT_EQ(release_.authorization().state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(release_.approved_by(), "bert");
  EXPECT_EQ(release_.reason(), "burnt \"down\"");
  EXPECT_EQ(Rights(), "5|0|0\n");
  EXPECT_EQ(Balance(), 5);
  EXPECT_EQ(Approve(installed.id, bert_), "ok") << "the answer was lost";
  EXPECT_EQ(Rights(), "5|0|0\n") << "free once";
  EXPECT_EQ(Release(installed.id, "again", anna_), "ledger.authorization_state_invalid");

  v1::GetReleaseRequest get;
  get.set_authorization_id(installed.id);
  ASSERT_EQ(Call(*releases_stub_, &Stub::GetRelease, get, anna_, release_), "ok");
  EXPECT_EQ(release_.approved_by(), "bert");
  EXPECT_EQ(database_.Text("SELECT string_agg(actor || ' ' || (after->>'state') || ' ' ||"
                           " (after->>'release_reason'), '; ' ORDER BY audit_id) FROM ledger_audit"
                           " WHERE method LIKE '%AuthorizationReleaseService%'"),
            "anna confirmed burnt \"down\"; bert returned burnt \"down\"");
  EXPECT_EQ(database_.Table("SELECT kind, actor FROM ledger_changes WHERE kind IN (23, 24)"), "24|bert\n")
      << "the books say by whose word";
}

TEST_F(ReleaseTest, ACodeThatWasToReplaceAnotherGoesAloneWhileThatOneMayRun) {
  Buy("E1", kTag, 8);
  const Authorization installed = Installed("X", 3);
  const auto upgrade = Ask({.serial_number = "X",
                            .lines = {{kTag, 5}},
                            .confirmation_code = signer_.Proofs(installed.id).confirmation_code});
  ASSERT_TRUE(upgrade.ok()) << upgrade.status();
  EXPECT_EQ(Rights(), "3|0|5\n");
  ASSERT_EQ(Release(upgrade->id, "never delivered", anna_), "ok");
  ASSERT_EQ(Approve(upgrade->id, bert_), "ok");
  EXPECT_EQ(Rights(), "5|0|3\n");
  EXPECT_EQ(database_.Table("SELECT state FROM authorizations ORDER BY authorization_id"), "4\n7\n");
  ASSERT_TRUE(Return(installed).ok());
  EXPECT_EQ(Rights(), "8|0|0\n");
}

TEST_F(ReleaseTest, ARequestThatNobodyApprovesLapses) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 3);
  ASSERT_EQ(Release(installed.id, "burnt", anna_), "ok");
  clock_.Advance(absl::Hours(72));
  EXPECT_EQ(Approve(installed.id, bert_), "ledger.release_unknown");
  EXPECT_EQ(Rights(), "2|0|3\n");
  ASSERT_EQ(Release(installed.id, "stolen", bert_), "ok");
  EXPECT_EQ(Approve(installed.id, bert_), "ledger.decision_denied");
  EXPECT_EQ(Approve(installed.id, anna_), "ok");
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(ReleaseTest, AProofAndAnApprovalAtOnceFreeOnce) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 3);
  ASSERT_EQ(Release(installed.id, "burnt", anna_), "ok");
  InThreads(4, [&](int i) {
    if (i % 2 == 0) {
      EXPECT_TRUE(Return(installed).ok());
      return;
    }
    v1::ApproveReleaseRequest request;
    request.set_authorization_id(installed.id);
    v1::AuthorizationRelease response;
    const std::string answer = Call(*releases_stub_, &Stub::ApproveRelease, request, bert_, response);
    EXPECT_TRUE(answer == "ok" || answer == "ledger.authorization_state_invalid") << answer;
  });
  EXPECT_EQ(Rights(), "5|0|0\n");
  EXPECT_EQ(Balance(), 5);
}

}  // namespace
}  // namespace quartermaster::ledger
