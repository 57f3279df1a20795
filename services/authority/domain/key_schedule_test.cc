#include "services/authority/domain/key_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/common/crypto/certificate_chain.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
constexpr absl::Duration kDay = absl::Hours(24);

std::vector<SigningKey> AllKeys(absl::Time made) {
  const SigningKey ca = *MakeCaKey(made);
  return {ca, *MakeSignerKey(ca, KeyPurpose::kAcknowledgement, made),
          *MakeSignerKey(ca, KeyPurpose::kBlock, made), *MakeSignerKey(ca, KeyPurpose::kAuthorization, made)};
}

TEST(KeySchedule, TheFirstStartMakesTheKeysThatEveryReleaseKnowsCaFirst) {
  EXPECT_THAT(KeysToMake({}, kNow),
              ElementsAre(KeyPurpose::kCa, KeyPurpose::kAcknowledgement, KeyPurpose::kBlock));
  EXPECT_THAT(KeysToMake({}, kNow, KeyPurpose::kAuthorization),
              ElementsAre(KeyPurpose::kCa, KeyPurpose::kAcknowledgement, KeyPurpose::kBlock,
                          KeyPurpose::kAuthorization));
}

TEST(KeySchedule, FreshKeysStay) {
  EXPECT_THAT(KeysToMake(AllKeys(kNow), kNow), IsEmpty());
  EXPECT_THAT(KeysToMake(AllKeys(kNow), kNow + 2 * 365 * kDay), IsEmpty());
}

TEST(KeySchedule, SignersAreRenewedAYearBeforeTheyEnd) {
  EXPECT_THAT(KeysToMake(AllKeys(kNow), kNow + 732 * kDay),
              ElementsAre(KeyPurpose::kAcknowledgement, KeyPurpose::kBlock, KeyPurpose::kAuthorization));
}

TEST(KeySchedule, AMissingSignerAloneIsMade) {
  std::vector<SigningKey> keys = AllKeys(kNow);
  keys.pop_back();
  EXPECT_THAT(KeysToMake(keys, kNow), IsEmpty()) << "the first code makes it";
  EXPECT_THAT(KeysToMake(keys, kNow, KeyPurpose::kAuthorization), ElementsAre(KeyPurpose::kAuthorization));
  keys.pop_back();
  EXPECT_THAT(KeysToMake(keys, kNow), ElementsAre(KeyPurpose::kBlock));
}

TEST(KeySchedule, NothingIsRenewedThatWouldEndWithTheCaAnyway) {
  const SigningKey ca = *MakeCaKey(kNow);
  const absl::Time late = kNow + kCaLifetime - 300 * kDay;
  const std::vector<SigningKey> keys = {ca, *MakeSignerKey(ca, KeyPurpose::kAcknowledgement, late),
                                        *MakeSignerKey(ca, KeyPurpose::kBlock, late),
                                        *MakeSignerKey(ca, KeyPurpose::kAuthorization, late)};
  EXPECT_EQ(keys[1].certificate.not_after(), ca.certificate.not_after());
  EXPECT_THAT(KeysToMake(keys, late + kDay), IsEmpty());
}

TEST(KeySchedule, TheCaLivesTenYearsAndIsNeverReplacedByItself) {
  const std::vector<SigningKey> keys = AllKeys(kNow);
  EXPECT_EQ(keys[0].certificate.not_after(), kNow + 3652 * kDay);
  EXPECT_EQ(keys[0].key.algorithm(), crypto::Algorithm::kEcdsaP256Sha256);
  for (int years = 0; years < 12; ++years) {
    const auto purposes = KeysToMake(keys, kNow + years * 365 * kDay);
    EXPECT_THAT(purposes, testing::Not(testing::Contains(KeyPurpose::kCa)));
  }
}

TEST(KeySchedule, SignersChainToTheCaAndAreForOneUse) {
  const std::vector<SigningKey> keys = AllKeys(kNow);
  const std::vector<crypto::Certificate> anchors = {keys[0].certificate};
  const auto trust = crypto::TrustAnchors::Create(anchors);
  EXPECT_TRUE(trust->Verify(keys[1].certificate, {}, kNow).ok());
  EXPECT_TRUE(trust->Verify(keys[2].certificate, {}, kNow).ok());
  EXPECT_TRUE(keys[1].certificate.AllowsSigning(crypto::SigningUse::kAcknowledgement));
  EXPECT_FALSE(keys[1].certificate.AllowsSigning(crypto::SigningUse::kBlock));
  EXPECT_TRUE(keys[2].certificate.AllowsSigning(crypto::SigningUse::kBlock));
}

TEST(SigningKeys, SignWithThePrefixOfTheObject) {
  const std::vector<SigningKey> keys = AllKeys(kNow);
  const SigningKeys ring(keys, {keys[0].certificate});
  const auto signature = ring.Sign(KeyPurpose::kBlock, crypto::kBlockDomain, "hash");
  ASSERT_TRUE(signature.ok());
  const crypto::PublicKey key = *keys[2].certificate.Key();
  EXPECT_EQ(signature->key_id, key.key_id());
  EXPECT_TRUE(key.Verify("quartermaster.block.v1\nhash", signature->value));
  EXPECT_FALSE(key.Verify("hash", signature->value));
  ASSERT_EQ(signature->certificates.size(), 2u);
  EXPECT_EQ(signature->certificates[0].key_id(), key.key_id());
  EXPECT_TRUE(signature->certificates[1].is_ca());
}

TEST(SigningKeys, WithoutAKeySayWhichOneIsMissing) {
  const SigningKeys ring({}, {});
  EXPECT_EQ(errors::ErrorId(ring.Sign(KeyPurpose::kBlock, crypto::kBlockDomain, "x").status()),
            "authority.signing_key_missing");
}

TEST(KeyPurpose, NamesComeBack) {
  for (KeyPurpose purpose : {KeyPurpose::kCa, KeyPurpose::kAcknowledgement, KeyPurpose::kBlock}) {
    EXPECT_EQ(ParsePurpose(PurposeName(purpose)), purpose);
  }
  EXPECT_EQ(ParsePurpose("other"), std::nullopt);
}

}  // namespace
}  // namespace quartermaster::authority
