// Codes written by hand, as docs/reference/formats.md describes them: the writer's code is not used here.
#include "clients/agent/authorize.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/authorization_proof.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/errors/error.h"
#include "services/ledger/domain/authorization_request_file.h"

namespace quartermaster::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kTag[] = "regid.hsec,1.0";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const crypto::Validity kValid{kNow - absl::Hours(24 * 30), kNow + absl::Hours(24 * 365)};

class AuthorizeTest : public ::testing::Test {
 protected:
  AuthorizeTest() {
    state_.udi = {"C8500", "JAE1"};
    state_.clock_s = absl::ToUnixSeconds(kNow);
    state_.enforced_tags.insert(kTag);
  }

  std::string Code(int64_t sequence, int64_t count, const std::string& serial_number = "JAE1") {
    const Json payload = {{"version", "1.0"},
                          {"udi", {{"udi_pid", "C8500"}, {"udi_serial_number", serial_number}}},
                          {"authorization_id", 7},
                          {"sequence", sequence},
                          {"issued_at", sequence},
                          {"nonce", std::string(64, 'a')},
                          {"entitlements", Json::array({{{"entitlement_tag", kTag},
                                                         {"count", count},
                                                         {"start", state_.clock_s - 100},
                                                         {"end", state_.clock_s + 100},
                                                         {"term", "subscription"},
                                                         {"display_name", "HSEC"},
                                                         {"description", ""},
                                                         {"subscription_id", ""}}})}};
    const std::string text = payload.dump();
    const Json envelope = {
        {"payload", text},
        {"signature",
         {{"alg", "ECDSA-P256-SHA256"},
          {"key_id", key_.Public().key_id()},
          {"value", crypto::Base64Encode(*key_.Sign(absl::StrCat(crypto::kAuthorizationDomain, text)))},
          {"certificates", Json::array({crypto::Base64Encode(signer_.der())})}}}};
    return absl::StrCat("<smartLicense><smartLicenseAuthorizationCode><data>", envelope.dump(),
                        "</data></smartLicenseAuthorizationCode></smartLicense>");
  }
  std::string Install(const std::string& code) {
    const absl::Status status = InstallAuthorization(code, {ca_.certificate()}, state_);
    return status.ok() ? "" : std::string(errors::ErrorId(status));
  }
  std::string Set(int64_t count) {
    const absl::Status status = SetTagCount(state_, kTag, count);
    return status.ok() ? "" : std::string(errors::ErrorId(status));
  }

  crypto::PrivateKey ca_key_ = *crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256);
  crypto::PrivateKey key_ = *crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256);
  crypto::CertificateAuthority ca_ = *crypto::CertificateAuthority::Create(ca_key_, "Authority", kValid);
  crypto::Certificate signer_ =
      *ca_.IssueSigner(key_.Public(), crypto::SigningUse::kAuthorization, "Authorizations", kValid);
  AgentState state_;
};

TEST_F(AuthorizeTest, AnEnforcedTagRunsOnlyAsFarAsItsCodeAllows) {
  EXPECT_EQ(Set(1), "agent.not_authorized");
  EXPECT_EQ(Set(0), "");
  ASSERT_EQ(Install(Code(10, 2)), "");
  EXPECT_EQ(Set(2), "");
  EXPECT_EQ(Set(3), "agent.not_authorized");
  state_.clock_s += 100;
  EXPECT_EQ(Set(1), "agent.not_authorized") << "its term has ended";
}

TEST_F(AuthorizeTest, TheProofsAreThoseOfTheNonceInTheCode) {
  ASSERT_EQ(Install(Code(10, 2)), "");
  const auto proofs = crypto::ProofsOf(std::string(32, '\xaa'), {{"C8500", "JAE1"}, 7, 10});
  EXPECT_EQ(AuthorizationOf(state_).confirmation_code, proofs.confirmation_code);
  EXPECT_EQ(AuthorizationOf(state_).removal_code, "") << "not before it is removed";
  ASSERT_TRUE(RemoveAuthorization(state_).ok());
  EXPECT_EQ(AuthorizationOf(state_).removal_code, proofs.removal_code);
  EXPECT_EQ(AuthorizationOf(state_).confirmation_code, "");
  EXPECT_EQ(errors::ErrorId(RemoveAuthorization(state_)), "agent.nothing_installed");
}

TEST_F(AuthorizeTest, WhatIsInUseKeepsItsCode) {
  ASSERT_EQ(Install(Code(10, 2)), "");
  ASSERT_EQ(Set(1), "");
  EXPECT_EQ(errors::ErrorId(RemoveAuthorization(state_)), "agent.not_authorized");
  ASSERT_EQ(Set(0), "");
  EXPECT_TRUE(RemoveAuthorization(state_).ok());
}

TEST_F(AuthorizeTest, AnOlderCodeOrOneThatWasRemovedIsRefused) {
  const std::string first = Code(10, 2);
  ASSERT_EQ(Install(first), "");
  EXPECT_EQ(Install(first), "") << "the same again changes nothing";
  ASSERT_EQ(Install(Code(11, 3)), "");
  EXPECT_EQ(Install(first), "crypto.authorization_outdated");
  ASSERT_TRUE(RemoveAuthorization(state_).ok());
  EXPECT_EQ(Install(Code(11, 3)), "crypto.authorization_outdated");
  EXPECT_EQ(Set(1), "agent.not_authorized");
  EXPECT_EQ(Install(Code(12, 1)), "");
}

TEST_F(AuthorizeTest, ACodeOfAnotherUnitOrAuthorityIsRefusedAndChangesNothing) {
  EXPECT_EQ(Install(Code(10, 2, "JAE2")), "crypto.authorization_for_another");
  EXPECT_EQ(errors::ErrorId(InstallAuthorization(Code(10, 2), {}, state_)), "agent.authority_unknown");
  std::string changed = Code(10, 2);
  changed.replace(changed.find("HSEC"), 4, "HSEX");
  EXPECT_EQ(Install(changed), "crypto.authorization_signature_invalid");
  signer_ = *ca_.IssueSigner(key_.Public(), crypto::SigningUse::kAcknowledgement, "Acknowledgements", kValid);
  EXPECT_EQ(Install(Code(10, 2)), "crypto.certificate_untrusted");
  EXPECT_TRUE(AuthorizationOf(state_).tags.empty());
}

TEST_F(AuthorizeTest, TheStateComesBackFromItsFile) {
  ASSERT_EQ(Install(Code(10, 2)), "");
  AuthorizationOf(state_).confirmed = true;
  const auto read = StateFromJson(StateToJson(state_));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(AuthorizedCount(*read, kTag), 2);
  EXPECT_TRUE(read->enforced_tags.contains(kTag));
  EXPECT_EQ(StateToJson(*read), StateToJson(state_));
}

TEST_F(AuthorizeTest, TheNodeReadsTheRequestFile) {
  ASSERT_EQ(Install(Code(10, 2)), "");
  const auto requests =
      ledger::ReadAuthorizationRequestFile(AuthorizationRequestFile(state_, {{"a<&>b", 3}}));
  ASSERT_TRUE(requests.ok()) << requests.status();
  ASSERT_EQ(requests->size(), 1u);
  EXPECT_EQ(requests->front().serial_number, "JAE1");
  EXPECT_EQ(requests->front().keys.front().tag, "a<&>b");
  EXPECT_EQ(requests->front().keys.front().count, 3);
  EXPECT_EQ(requests->front().confirmation_code, AuthorizationOf(state_).confirmation_code);
  EXPECT_EQ(requests->front().removal_code, "");
}

}  // namespace
}  // namespace quartermaster::agent
