#include "services/ingest/domain/verification.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "services/ingest/domain/testing.h"

namespace quartermaster::ingest {
namespace {

using crypto::Algorithm;
using crypto::PrivateKey;

constexpr int64_t kNotBeforeS = 1'700'000'000;
constexpr int64_t kNotAfterS = 1'800'000'000;
const Udi kUdi = {"PID-1", "SN-1"};
const Udi kOtherUdi = {"PID-1", "SN-2"};

const PrivateKey& Rsa() {
  static const PrivateKey key = *PrivateKey::Generate(Algorithm::kRsa2048Sha256);
  return key;
}

const PrivateKey& Ec() {
  static const PrivateKey key = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  return key;
}

class FakeTrust final : public TrustLookup {
 public:
  std::shared_ptr<const TrustedKey> FindKey(std::string_view key_id) const override {
    const auto found = keys_.find(std::string(key_id));
    return found == keys_.end() ? nullptr : found->second;
  }
  bool HasTrust(const Udi& udi) const override {
    return trusted_.contains({udi.product_id, udi.serial_number});
  }

  FakeTrust& Bind(const PrivateKey& key, std::vector<TrustBinding> bindings) {
    for (const TrustBinding& b : bindings) {
      trusted_.insert({b.udi.product_id, b.udi.serial_number});
    }
    const crypto::PublicKey part = key.Public();
    keys_[part.key_id()] = std::make_shared<TrustedKey>(TrustedKey{part, std::move(bindings)});
    return *this;
  }

 private:
  std::map<std::string, std::shared_ptr<const TrustedKey>> keys_;
  std::set<std::pair<std::string, std::string>> trusted_;
};

TrustBinding InForce(const Udi& udi) { return {udi, kNotBeforeS, kNotAfterS, false}; }

FakeTrust Trusting() {
  FakeTrust trust;
  trust.Bind(Rsa(), {InForce(kUdi)}).Bind(Ec(), {InForce(kUdi)});
  return trust;
}

ParsedReport Signed(const PrivateKey& key) {
  ParsedReport report;
  report.udi = kUdi;
  report.payload = R"({"a":"b"})";
  report.signature.signing_type = crypto::AlgorithmName(key.algorithm());
  report.signature.key = key.Public().key_id();
  report.signature.value = crypto::Base64Encode(*key.Sign(report.payload));
  return report;
}

ParsedReport ByVendor() {
  ParsedReport report;
  report.udi = kUdi;
  report.payload = "{}";
  report.signature = {kUdi, "builtin", "regid.2030-01.example.x", crypto::Base64Encode("x")};
  return report;
}

// The reason, or "verified" or "unverifiable".
std::string Outcome(const ParsedReport& report, const TrustLookup& trust, int64_t received_s = kReceivedS) {
  const auto result = Verify(report, crypto::Sha256(report.payload), received_s, trust);
  if (!result.ok()) return IdOf(result.status());
  return *result == Verification::kVerified ? "verified" : "unverifiable";
}

TEST(VerificationTest, ASignatureUnderACertificateOfTheUdiIsVerified) {
  EXPECT_EQ(Outcome(Signed(Rsa()), Trusting()), "verified");
  EXPECT_EQ(Outcome(Signed(Ec()), Trusting()), "verified");
}

TEST(VerificationTest, AVendorsSignatureFromAUdiThatNeverHadOurTrustIsUnverifiable) {
  EXPECT_EQ(Outcome(ByVendor(), FakeTrust()), "unverifiable");
  FakeTrust others;
  others.Bind(Ec(), {InForce(kOtherUdi)});
  EXPECT_EQ(Outcome(ByVendor(), others), "unverifiable");
}

TEST(VerificationTest, AKeyThatNobodyHereKnowsIsAVendorsToo) {
  EXPECT_EQ(Outcome(Signed(Ec()), FakeTrust()), "unverifiable");
}

TEST(VerificationTest, AUdiThatHadOurTrustCannotFallBackToLess) {
  EXPECT_EQ(Outcome(ByVendor(), Trusting()), "ingest.report_signature_missing");
  ParsedReport without_key = ByVendor();
  without_key.signature.key = "";
  EXPECT_EQ(Outcome(without_key, Trusting()), "ingest.report_signature_missing");
  // Nor by a key of its own making.
  const PrivateKey own = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  EXPECT_EQ(Outcome(Signed(own), Trusting()), "ingest.report_signature_missing");
  // Nor when the trust was revoked.
  FakeTrust revoked;
  TrustBinding binding = InForce(kUdi);
  binding.revoked = true;
  revoked.Bind(Ec(), {binding});
  EXPECT_EQ(Outcome(ByVendor(), revoked), "ingest.report_signature_missing");
}

TEST(VerificationTest, AKeyOfAnotherInstanceIsRefusedWhetherOrNotThisOneHasTrust) {
  FakeTrust trust;
  trust.Bind(Ec(), {InForce(kOtherUdi)});
  EXPECT_EQ(Outcome(Signed(Ec()), trust), "ingest.report_key_bound_elsewhere");
  trust.Bind(Rsa(), {InForce(kUdi)});
  EXPECT_EQ(Outcome(Signed(Ec()), trust), "ingest.report_key_bound_elsewhere");
  // What stands beside the payload about the sender changes nothing: nobody signed it.
  ParsedReport report = Signed(Ec());
  report.signature.udi = kOtherUdi;
  EXPECT_EQ(Outcome(report, trust), "ingest.report_key_bound_elsewhere");
}

TEST(VerificationTest, AKeyMayBeBoundToSeveralUdis) {
  FakeTrust trust;
  trust.Bind(Ec(), {InForce(kOtherUdi), InForce(kUdi)});
  EXPECT_EQ(Outcome(Signed(Ec()), trust), "verified");
}

TEST(VerificationTest, ACertificateMustBeInForceAtReceiptGiveOrTakeAnHour) {
  const FakeTrust trust = Trusting();
  const ParsedReport report = Signed(Ec());
  const struct {
    int64_t received_s;
    const char* outcome;
  } cases[] = {
      {kNotBeforeS, "verified"},
      {kNotBeforeS - 3600, "verified"},
      {kNotBeforeS - 3601, "ingest.report_certificate_not_yet_valid"},
      {kNotAfterS, "verified"},
      {kNotAfterS + 3600, "verified"},
      {kNotAfterS + 3601, "ingest.report_certificate_expired"},
  };
  for (const auto& c : cases) EXPECT_EQ(Outcome(report, trust, c.received_s), c.outcome);
}

TEST(VerificationTest, ARevokedCertificateVerifiesNothing) {
  FakeTrust trust;
  TrustBinding revoked = InForce(kUdi);
  revoked.revoked = true;
  trust.Bind(Ec(), {revoked});
  EXPECT_EQ(Outcome(Signed(Ec()), trust), "ingest.report_certificate_revoked");
  // Unless another one for the same UDI is in force.
  trust.Bind(Ec(), {revoked, InForce(kUdi)});
  EXPECT_EQ(Outcome(Signed(Ec()), trust), "verified");
}

TEST(VerificationTest, ARenewedKeyIsGoodUntilItsOverlapEnds) {
  FakeTrust trust;
  TrustBinding renewed = InForce(kUdi);
  renewed.retired_s = kReceivedS;
  trust.Bind(Ec(), {renewed});
  EXPECT_EQ(Outcome(Signed(Ec()), trust, kReceivedS), "verified");
  EXPECT_EQ(Outcome(Signed(Ec()), trust, kReceivedS + 1), "ingest.report_key_retired");
  renewed.revoked = true;
  trust.Bind(Ec(), {renewed});
  EXPECT_EQ(Outcome(Signed(Ec()), trust, kReceivedS + 1), "ingest.report_certificate_revoked");
}

TEST(VerificationTest, TheSigningTypeMustBeTheKeysAlgorithm) {
  for (const char* type : {"RSA-2048-SHA256", "builtin", "ecdsa-p256-sha256", ""}) {
    ParsedReport report = Signed(Ec());
    report.signature.signing_type = type;
    EXPECT_EQ(Outcome(report, Trusting()), "ingest.report_algorithm_mismatch") << type;
  }
}

TEST(VerificationTest, ASignatureThatIsNotOverExactlyThesePayloadBytesIsInvalid) {
  for (const PrivateKey* key : {&Rsa(), &Ec()}) {
    const FakeTrust trust = Trusting();
    const ParsedReport good = Signed(*key);
    const std::string value = *crypto::Base64Decode(good.signature.value);

    ParsedReport changed = good;
    changed.payload = R"({"a":"c"})";
    EXPECT_EQ(Outcome(changed, trust), "ingest.report_signature_invalid");

    // The same JSON, written differently.
    ParsedReport re_encoded = good;
    re_encoded.payload = R"({"a": "b"})";
    EXPECT_EQ(Outcome(re_encoded, trust), "ingest.report_signature_invalid");

    ParsedReport truncated = good;
    truncated.signature.value = crypto::Base64Encode(value.substr(0, value.size() - 1));
    EXPECT_EQ(Outcome(truncated, trust), "ingest.report_signature_invalid");

    ParsedReport longer = good;
    longer.signature.value = crypto::Base64Encode(value + "x");
    EXPECT_EQ(Outcome(longer, trust), "ingest.report_signature_invalid");

    ParsedReport replayed = good;  // of another payload by the same key
    replayed.signature.value = crypto::Base64Encode(*key->Sign("other"));
    EXPECT_EQ(Outcome(replayed, trust), "ingest.report_signature_invalid");

    ParsedReport not_base64 = good;
    not_base64.signature.value = "!";
    EXPECT_EQ(Outcome(not_base64, trust), "ingest.signature_malformed");
  }
}

TEST(VerificationTest, OnlySixtyFourLowerCaseHexDigitsAreAKeyId) {
  EXPECT_TRUE(IsKeyId(std::string(64, 'a')));
  EXPECT_TRUE(IsKeyId(std::string(32, '0') + std::string(32, 'f')));
  EXPECT_FALSE(IsKeyId(std::string(64, 'A')));
  EXPECT_FALSE(IsKeyId(std::string(63, 'a')));
  EXPECT_FALSE(IsKeyId(std::string(64, 'g')));
  EXPECT_FALSE(IsKeyId("00000000"));
}

}  // namespace
}  // namespace quartermaster::ingest
