// ID tokens over their gRPC classes, as role qm_ledger: secrecy, limits, and races for the last use.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/api/id_token_redemption_service.h"
#include "services/ledger/api/id_token_service.h"
#include "services/ledger/domain/id_token.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const std::string kKey(64, 'a');
const std::string kOtherKey(64, 'b');

void InThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

std::string IdOf(const grpc::Status& status) {
  return status.ok() ? "ok" : errors::ErrorId(rpc::FromGrpc(status));
}

class IdTokenTest : public ::testing::Test {
 protected:
  v1::CreateIdTokenRequest Wanted(int32_t uses_max) {
    v1::CreateIdTokenRequest request;
    request.set_description("for the lab");
    request.set_expires_after_days(30);
    request.set_uses_max(uses_max);
    return request;
  }

  v1::CreateIdTokenResponse Create(const v1::CreateIdTokenRequest& request) {
    v1::CreateIdTokenResponse response;
    grpc::ServerContext context;
    EXPECT_EQ(IdOf(tokens_.CreateIdToken(&context, &request, &response)), "ok");
    return response;
  }

  struct Redemption {
    std::vector<std::string> serial_numbers;
    std::string key_id = kKey;
    bool export_controlled = false;
    std::string smart_account{};
  };
  std::string Redeem(const std::string& value, const Redemption& redemption,
                     v1::RedeemIdTokenResponse* response = nullptr) {
    v1::RedeemIdTokenRequest request;
    request.set_value(value);
    request.set_smart_account(redemption.smart_account);
    request.set_export_controlled(redemption.export_controlled);
    for (const std::string& serial_number : redemption.serial_numbers) {
      auto& member = *request.add_members();
      member.mutable_udi()->set_product_id("PID");
      member.mutable_udi()->set_serial_number(serial_number);
      member.set_key_id(redemption.key_id);
    }
    v1::RedeemIdTokenResponse unused;
    grpc::ServerContext context;
    return IdOf(redemptions_.RedeemIdToken(&context, &request, response == nullptr ? &unused : response));
  }

  int64_t Uses() { return database_.Number("SELECT sum(uses) FROM id_tokens"); }

  LedgerDatabase database_;
  ManualClock clock_{absl::FromUnixSeconds(1'900'000'000)};
  pg::Pool pool_{database_.options()};
  const crypto::KeyEncryptionKey key_ = *crypto::KeyEncryptionKey::FromText(std::string(64, '7'));
  IdTokenServiceImpl tokens_{{&pool_, &clock_}, key_};
  IdTokenRedemptionServiceImpl redemptions_{&pool_, &clock_};
};

TEST_F(IdTokenTest, TheValueIsShownOnceAndLiesNowhereInTheClear) {
  v1::CreateIdTokenRequest request = Wanted(1);
  request.set_request_id("request-1");
  const v1::CreateIdTokenResponse made = Create(request);
  ASSERT_TRUE(IsIdTokenValue(made.value()));
  EXPECT_EQ(made.id_token().state(), v1::IdToken::STATE_ACTIVE);
  EXPECT_EQ(made.id_token().virtual_account(), "Default");

  // A lost answer: the same request shows the same token, not another one.
  const v1::CreateIdTokenResponse again = Create(request);
  EXPECT_EQ(again.SerializeAsString(), made.SerializeAsString());
  EXPECT_EQ(database_.Number("SELECT count(*) FROM id_tokens"), 1);

  v1::ListIdTokensRequest list;
  v1::ListIdTokensResponse page;
  grpc::ServerContext context;
  ASSERT_TRUE(tokens_.ListIdTokens(&context, &list, &page).ok());
  ASSERT_EQ(page.id_tokens_size(), 1);
  EXPECT_FALSE(absl::StrContains(page.DebugString(), made.value()));

  const std::string everything =
      absl::StrCat(database_.Text("SELECT string_agg(encode(answer, 'escape'), '') FROM ledger_requests"),
                   database_.Text("SELECT string_agg(t::text, '') FROM id_tokens t"),
                   database_.Text("SELECT string_agg(encode(encrypted_value, 'escape'), '') FROM id_tokens"),
                   database_.Text("SELECT string_agg(t::text, '') FROM ledger_audit t"));
  EXPECT_FALSE(absl::StrContains(everything, made.value()));
  EXPECT_FALSE(absl::StrContains(everything, absl::BytesToHexString(made.value())));
  EXPECT_FALSE(absl::StrContains(everything, made.value().substr(10, 12)));
}

TEST_F(IdTokenTest, AUdiThatAnotherAccountTrustsGetsNothingUntilThatOneLetsItGo) {
  database_.AddAccount("other.example.com");
  v1::CreateIdTokenRequest elsewhere = Wanted(0);
  elsewhere.set_smart_account("other.example.com");
  const std::string theirs = Create(elsewhere).value();
  const std::string ours = Create(Wanted(0)).value();
  ASSERT_EQ(Redeem(theirs, {.serial_numbers = {"S1"}}), "ok");
  EXPECT_EQ(Redeem(ours, {.serial_numbers = {"S1"}}), "ledger.product_instance_elsewhere");

  const auto forget = [&](const std::string& account) {
    v1::ForgetRedemptionRequest request;
    request.set_smart_account(account);
    request.mutable_udi()->set_product_id("PID");
    request.mutable_udi()->set_serial_number("S1");
    v1::ForgetRedemptionResponse response;
    grpc::ServerContext context;
    EXPECT_EQ(IdOf(tokens_.ForgetRedemption(&context, &request, &response)), "ok");
    return response.id_tokens();
  };
  EXPECT_EQ(forget(""), 0) << "only of the account itself";
  EXPECT_EQ(Redeem(ours, {.serial_numbers = {"S1"}}), "ledger.product_instance_elsewhere");
  database_.Run("UPDATE smart_accounts SET closed_at = now() WHERE domain = 'other.example.com'");
  EXPECT_EQ(forget("other.example.com"), 1) << "a closed account lets go too";
  EXPECT_EQ(forget("other.example.com"), 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_audit WHERE method LIKE '%ForgetRedemption'"), 1);
  EXPECT_EQ(Redeem(ours, {.serial_numbers = {"S1"}}), "ok");

  // A trust code alone says so too, until it is revoked.
  database_.Run(
      "INSERT INTO trust_certificates (key_id, udi_pid, udi_sn, certificate, issuer, alg, not_before, "
      "not_after,"
      " imported_at, origin, smart_account_id) SELECT 'k', 'PID', 'S2', 'c', 'i', 'RSA', now(), now(), "
      "now(), 2,"
      " smart_account_id"
      " FROM smart_accounts WHERE domain = 'other.example.com'");
  EXPECT_EQ(Redeem(ours, {.serial_numbers = {"S2"}}), "ledger.product_instance_elsewhere");
  database_.Run("UPDATE trust_certificates SET revoked_at = now()");
  EXPECT_EQ(Redeem(ours, {.serial_numbers = {"S2"}}), "ok");
}

TEST_F(IdTokenTest, NobodyEnrolsInAClosedSmartAccount) {
  const int64_t other = database_.AddAccount("other.example.com");
  v1::CreateIdTokenRequest wanted = Wanted(2);
  wanted.set_smart_account("other.example.com");
  const std::string value = Create(wanted).value();
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"S1"}}), "ok");
  database_.Run(absl::StrCat("UPDATE smart_accounts SET closed_at = now() WHERE smart_account_id = ", other));
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"S2"}}), "ledger.smart_account_closed");
  EXPECT_EQ(Uses(), 1);
}

TEST_F(IdTokenTest, ANodeWithAnotherKeyEncryptionKeyCannotShowIt) {
  v1::CreateIdTokenRequest request = Wanted(1);
  request.set_request_id("request-1");
  Create(request);
  IdTokenServiceImpl other({&pool_, &clock_}, *crypto::KeyEncryptionKey::FromText(std::string(64, '8')));
  v1::CreateIdTokenResponse response;
  grpc::ServerContext context;
  EXPECT_EQ(IdOf(other.CreateIdToken(&context, &request, &response)), "crypto.envelope_key_mismatch");
  EXPECT_EQ(response.value(), "");
}

TEST_F(IdTokenTest, FieldsHaveBounds) {
  const auto refused = [&](const std::function<void(v1::CreateIdTokenRequest&)>& change) {
    v1::CreateIdTokenRequest request = Wanted(1);
    change(request);
    v1::CreateIdTokenResponse response;
    grpc::ServerContext context;
    return IdOf(tokens_.CreateIdToken(&context, &request, &response));
  };
  for (const int days : {0, -1, 366}) {
    EXPECT_EQ(refused([&](auto& r) { r.set_expires_after_days(days); }), "ledger.field_invalid") << days;
  }
  for (const int uses : {-1, 1'000'001}) {
    EXPECT_EQ(refused([&](auto& r) { r.set_uses_max(uses); }), "ledger.field_invalid") << uses;
  }
  EXPECT_EQ(refused([](auto& r) { r.set_description(std::string(1025, 'x')); }), "ledger.field_invalid");
  EXPECT_EQ(refused([](auto& r) { r.set_virtual_account("nowhere"); }), "ledger.virtual_account_unknown");
  EXPECT_EQ(refused([](auto& r) { r.set_smart_account("nobody"); }), "ledger.smart_account_unknown");
}

TEST_F(IdTokenTest, AUdiTakesOneUseHoweverOftenItAsksForTheSameKey) {
  const std::string value = Create(Wanted(2)).value();
  v1::RedeemIdTokenResponse first, again;
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A"}}, &first), "ok");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A"}}, &again), "ok");
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(first.smart_account_id(), database_.account());
  EXPECT_EQ(Uses(), 1);
  // Who captured the request has another key.
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A"}, .key_id = kOtherKey}), "ledger.id_token_redeemed");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"B"}}), "ok");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"C"}}), "ledger.id_token_used_up");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A"}}), "ok") << "it had its use";
  EXPECT_EQ(Uses(), 2);
}

TEST_F(IdTokenTest, MembersOfAnHaSetRedeemTogetherOrNotAtAll) {
  const std::string value = Create(Wanted(2)).value();
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A", "B", "C"}}), "ledger.id_token_used_up");
  EXPECT_EQ(Uses(), 0);
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A", "A"}}), "ledger.field_invalid");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {}}), "ledger.field_invalid");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A", "B"}}), "ok");
  EXPECT_EQ(Uses(), 2);
}

TEST_F(IdTokenTest, WhatIsUnknownExpiredOrRevokedGivesNothing) {
  const v1::CreateIdTokenResponse made = Create(Wanted(0));
  EXPECT_EQ(Redeem(NewIdTokenValue(), {.serial_numbers = {"A"}}), "ledger.id_token_unknown");
  EXPECT_EQ(Redeem("", {.serial_numbers = {"A"}}), "ledger.id_token_unknown");
  EXPECT_EQ(Redeem(made.value(), {.serial_numbers = {"A"}, .export_controlled = true}),
            "ledger.id_token_export_not_allowed");
  EXPECT_EQ(Redeem(made.value(), {.serial_numbers = {"A"}}), "ok");
  clock_.Advance(absl::Hours(24 * 30));
  EXPECT_EQ(Redeem(made.value(), {.serial_numbers = {"A"}}), "ledger.id_token_expired");

  const v1::CreateIdTokenResponse other = Create(Wanted(0));
  v1::RevokeIdTokenRequest revoke;
  revoke.set_id_token_id(other.id_token().id_token_id());
  for (int i = 0; i < 2; ++i) {
    v1::IdToken revoked;
    grpc::ServerContext context;
    ASSERT_EQ(IdOf(tokens_.RevokeIdToken(&context, &revoke, &revoked)), "ok");
    EXPECT_EQ(revoked.state(), v1::IdToken::STATE_REVOKED);
  }
  EXPECT_EQ(Redeem(other.value(), {.serial_numbers = {"A"}}), "ledger.id_token_revoked");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_audit WHERE method LIKE '%RevokeIdToken'"), 1);
  revoke.set_id_token_id(999);
  v1::IdToken none;
  grpc::ServerContext context;
  EXPECT_EQ(IdOf(tokens_.RevokeIdToken(&context, &revoke, &none)), "ledger.id_token_unknown");
}

TEST_F(IdTokenTest, AnotherAccountsTokenOrProductInstanceIsRefused) {
  database_.AddAccount("other.example.com");
  const std::string value = Create(Wanted(0)).value();
  v1::CreateIdTokenRequest request = Wanted(0);
  request.set_smart_account("other.example.com");
  const std::string others = Create(request).value();
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A"}, .smart_account = "other.example.com"}),
            "ledger.id_token_unknown");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A"}, .smart_account = "default"}), "ok");
  EXPECT_EQ(Redeem(others, {.serial_numbers = {"B", "A"}}), "ledger.product_instance_elsewhere");
  database_.Run(
      "INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id, first_received_at)"
      " SELECT 'PID', 'C', smart_account_id, now() FROM smart_accounts WHERE domain LIKE 'other%'");
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"C"}}), "ledger.product_instance_elsewhere");
}

TEST_F(IdTokenTest, OfManyWhoRaceForTheLastUseExactlyOneWins) {
  const std::string value = Create(Wanted(3)).value();
  EXPECT_EQ(Redeem(value, {.serial_numbers = {"A", "B"}}), "ok");
  std::atomic<int> won = 0;
  std::atomic<int> refused = 0;
  InThreads(6, [&](int i) {
    const std::string outcome = Redeem(value, {.serial_numbers = {absl::StrCat("R", i)}});
    won += outcome == "ok" ? 1 : 0;
    refused += outcome == "ledger.id_token_used_up" ? 1 : 0;
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(Uses(), 3);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM id_token_redemptions"), 3);
}

TEST_F(IdTokenTest, TwoAccountsThatRaceForOneUdiDoNotBothGetIt) {
  database_.AddAccount("other.example.com");
  v1::CreateIdTokenRequest request = Wanted(0);
  request.set_smart_account("other.example.com");
  const std::vector<std::string> values = {Create(Wanted(0)).value(), Create(request).value()};
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> won = 0;
    InThreads(2, [&](int i) {
      won += Redeem(values[static_cast<size_t>(i)], {.serial_numbers = {absl::StrCat("R", round)}}) == "ok"
                 ? 1
                 : 0;
    });
    EXPECT_EQ(won, 1) << round;
  }
}

TEST_F(IdTokenTest, InventoryMovesToTheHomeOfItsTrustCodeAndPlacedOnesStay) {
  database_.AddVirtualAccount(database_.account(), "Lab");
  for (const char* sn : {"NEW", "PLACED"}) {
    database_.Run(absl::StrCat(
        "INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn,"
        " virtual_account_id, ha_lead_id, created_at) VALUES (",
        database_.account(), ", 'PID', '", sn, "', ", database_.virtual_account(), ", 0, now())"));
  }
  database_.Run("UPDATE product_instances SET first_contact_at = now() WHERE udi_sn = 'PLACED'");
  v1::CreateIdTokenRequest request = Wanted(0);
  request.set_virtual_account("lab");
  EXPECT_EQ(Redeem(Create(request).value(), {.serial_numbers = {"NEW", "PLACED"}}), "ok");
  EXPECT_EQ(database_.Table("SELECT p.udi_sn, v.name FROM product_instances p JOIN virtual_accounts v"
                            " USING (smart_account_id, virtual_account_id) ORDER BY 1"),
            "NEW|Lab\nPLACED|Default\n");
}

TEST_F(IdTokenTest, ListsTheNewestFirstInPages) {
  for (int i = 0; i < 3; ++i) Create(Wanted(i));
  v1::ListIdTokensRequest request;
  request.set_page_size(2);
  v1::ListIdTokensResponse first, second;
  grpc::ServerContext context, another;
  ASSERT_EQ(IdOf(tokens_.ListIdTokens(&context, &request, &first)), "ok");
  ASSERT_EQ(first.id_tokens_size(), 2);
  EXPECT_EQ(first.id_tokens(0).uses_max(), 2);
  request.set_page_token(first.next_page_token());
  ASSERT_EQ(IdOf(tokens_.ListIdTokens(&another, &request, &second)), "ok");
  ASSERT_EQ(second.id_tokens_size(), 1);
  EXPECT_EQ(second.id_tokens(0).uses_max(), 0);
}

}  // namespace
}  // namespace quartermaster::ledger
