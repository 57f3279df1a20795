// The codes as the authority writes them, read by the reader of product instances, which shares no code.
#include "services/authority/domain/authorization_document.h"

#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "services/authority/domain/key_schedule.h"
#include "services/common/crypto/authorization_file.h"
#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const std::string kNonce(crypto::kAuthorizationNonceBytes, '\x5a');

class AuthorizationDocumentTest : public ::testing::TestWithParam<bool> {
 protected:
  AuthorizationDocumentTest() {
    content_.name = {{"C9300-24UX", "FCW0001"}, 12, 1'800'000'000};
    content_.issued_at = kNow;
    content_.reservation = GetParam();
    content_.lots = {
        {"regid.hsec,1.0_a", 2, kNow - absl::Hours(24), std::nullopt, false, "It's <High> & secure", "d", ""},
        {"regid.hsec,1.0_a", 1, kNow, kNow + absl::Hours(24), true, "High", "d", "SUB-1"}};
  }

  static std::shared_ptr<SigningKeys> MakeKeys() {
    SigningKey ca = *MakeCaKey(kNow);
    SigningKey signer = *MakeSignerKey(ca, KeyPurpose::kAuthorization, kNow);
    SigningKey block = *MakeSignerKey(ca, KeyPurpose::kBlock, kNow);
    std::vector<crypto::Certificate> certificates = {ca.certificate, signer.certificate, block.certificate};
    std::vector<SigningKey> current = {ca, signer, block};
    return std::make_shared<SigningKeys>(std::move(current), std::move(certificates));
  }

  std::string Compose() { return *ComposeAuthorizationCode(content_, kNonce, *keys_); }
  std::string Refusal(const std::string& file, absl::Time now = kNow,
                      crypto::SubjectUdi udi = {"C9300-24UX", "FCW0001"}) {
    const auto verifier = crypto::AuthorizationVerifier::Create(keys_->certificates());
    const absl::Status status = verifier->Verify(file, {udi, now}).status();
    return status.ok() ? "" : std::string(errors::ErrorId(status));
  }

  std::shared_ptr<SigningKeys> keys_ = MakeKeys();
  AuthorizationContent content_;
};

INSTANTIATE_TEST_SUITE_P(BothShapes, AuthorizationDocumentTest, ::testing::Bool(),
                         [](const auto& shape) { return shape.param ? "reservation" : "authorization"; });

TEST_P(AuthorizationDocumentTest, TheReaderFindsWhatWasWritten) {
  const auto verifier = crypto::AuthorizationVerifier::Create(keys_->certificates());
  const auto file = verifier->Verify(Compose() + "\n", {{"C9300-24UX", "FCW0001"}, kNow});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->reservation, GetParam());
  EXPECT_EQ(file->name.authorization_id, 12);
  EXPECT_EQ(file->name.sequence, 1'800'000'000);
  ASSERT_EQ(file->entitlements.size(), 2u);
  EXPECT_EQ(file->entitlements[0].entitlement_tag, "regid.hsec,1.0_a");
  EXPECT_EQ(file->entitlements[0].count, 2);
  EXPECT_FALSE(file->entitlements[0].end.has_value());
  EXPECT_EQ(file->entitlements[1].start, kNow);
  EXPECT_EQ(file->entitlements[1].end, kNow + absl::Hours(24));
  const crypto::AuthorizationProofs proofs = crypto::ProofsOf(kNonce, content_.name);
  EXPECT_EQ(file->proofs.confirmation_code, proofs.confirmation_code);
  EXPECT_EQ(file->proofs.removal_code, proofs.removal_code);
}

TEST_P(AuthorizationDocumentTest, TheFileHasNoApostrophe) {
  EXPECT_EQ(Compose().find('\''), std::string::npos);
}

TEST_P(AuthorizationDocumentTest, WhatWasChangedCutOrMadeByAnotherKeyIsRefused) {
  const std::string code = Compose();
  EXPECT_EQ(Refusal(code), "");
  const std::string count = GetParam() ? "<count>2<" : "\\\"count\\\":2";
  ASSERT_NE(code.find(count), std::string::npos) << code;
  EXPECT_EQ(Refusal(absl::StrReplaceAll(code, {{count, absl::StrReplaceAll(count, {{"2", "9"}})}})),
            "crypto.authorization_signature_invalid");
  for (size_t size = 0; size < code.size(); size += 7) {
    EXPECT_NE(Refusal(code.substr(0, size)), "") << size;
  }
  keys_ = MakeKeys();
  EXPECT_NE(Refusal(code), "") << "another authority";
}

TEST_P(AuthorizationDocumentTest, ItIsForOneProductInstanceAndOneTime) {
  const std::string code = Compose();
  EXPECT_EQ(Refusal(code, kNow, {"C9300-24UX", "FCW0002"}), "crypto.authorization_for_another");
  EXPECT_EQ(Refusal(code, kNow + 20 * 365 * absl::Hours(24)), "crypto.certificate_expired");
  EXPECT_EQ(Refusal(code, kNow - 20 * 365 * absl::Hours(24)), "crypto.certificate_not_yet_valid");
}

TEST_P(AuthorizationDocumentTest, AKeyForOtherUsesSignsNoCode) {
  SigningKey ca = *MakeCaKey(kNow);
  SigningKey wrong = *MakeSignerKey(ca, KeyPurpose::kBlock, kNow);
  wrong.purpose = KeyPurpose::kAuthorization;
  keys_ = std::make_shared<SigningKeys>(std::vector<SigningKey>{ca, wrong},
                                        std::vector<crypto::Certificate>{ca.certificate, wrong.certificate});
  EXPECT_EQ(Refusal(Compose()), "crypto.certificate_untrusted");
}

TEST_P(AuthorizationDocumentTest, ContentThatNoCodeCanSayIsRefused) {
  EXPECT_TRUE(CheckAuthorizationContent(content_).ok());
  AuthorizationContent without = content_;
  without.lots.clear();
  EXPECT_EQ(errors::ErrorId(CheckAuthorizationContent(without)), "authority.field_invalid");
  content_.name.udi.serial_number = "A\nB";
  EXPECT_EQ(errors::ErrorId(CheckAuthorizationContent(content_)), "authority.field_invalid");
  content_.name.udi.serial_number = "A,S:B";
  EXPECT_EQ(CheckAuthorizationContent(content_).ok(), !GetParam());
}

}  // namespace
}  // namespace quartermaster::authority
