#include "services/ingest/storage/trust_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ingest/testing/ingest_database.h"

namespace quartermaster::ingest {
namespace {

constexpr crypto::Algorithm kEcdsa = crypto::Algorithm::kEcdsaP256Sha256;

class TrustCacheTest : public testing::Test {
 protected:
  TrustCacheTest() : ca_key_(crypto::PrivateKey::Generate(kEcdsa).value()) {}

  // A certificate for "PID"/`sn`; its key id.
  std::string Import(const std::string& sn, const crypto::PrivateKey& key) {
    const crypto::Validity validity = {absl::FromUnixSeconds(1'600'000'000),
                                       absl::FromUnixSeconds(1'900'000'000)};
    const auto ca = crypto::CertificateAuthority::Create(ca_key_, "test CA", validity).value();
    const auto certificate = ca.IssueProductInstance(key.Public(), {"PID", sn}, validity).value();
    const std::string key_id = key.Public().key_id();
    database_.AddTrustCertificate(key_id, "PID", sn, certificate.der(), "2020-09-13", "2030-03-17");
    return key_id;
  }
  std::string Import(const std::string& sn) {
    return Import(sn, crypto::PrivateKey::Generate(kEcdsa).value());
  }

  struct Known {
    bool key = false;    // a key of ours
    bool bound = false;  // and it is bound to the UDI
    bool revoked = false;
    bool has_trust = false;
    bool operator==(const Known&) const = default;
  };
  static Known Read(const TrustAnswer& answer, const std::string& key_id, const Udi& udi) {
    const auto key = answer.FindKey(key_id);
    Known known;
    known.key = key != nullptr;
    known.has_trust = answer.HasTrust(udi);
    if (key == nullptr) return known;
    for (const TrustBinding& binding : key->bindings) {
      if (binding.udi == udi) known.bound = true;
      known.revoked |= binding.revoked;
    }
    return known;
  }

  Known Ask(TrustCache& cache, const std::string& key_id, const std::string& sn) {
    const Udi udi = {"PID", sn};
    const TrustQuestion question = {.key_id = key_id, .udi = &udi};
    std::vector<TrustAnswer> answers;
    const absl::Status status = cache.Answer({&question, 1}, absl::Now() + absl::Seconds(10), answers);
    EXPECT_TRUE(status.ok()) << status;
    return status.ok() ? Read(answers[0], key_id, udi) : Known();
  }

  bool KnowsByItself(TrustCache& cache, const std::string& key_id, const std::string& sn) {
    const Udi udi = {"PID", sn};
    const TrustQuestion question = {.key_id = key_id, .udi = &udi};
    std::vector<TrustAnswer> answers;
    return cache.TryAnswer({&question, 1}, answers);
  }

  // Questions are never stale unless a test wants it.
  static TrustCache::Limits Patient() {
    TrustCache::Limits limits;
    limits.import_fresh = absl::Hours(1);
    return limits;
  }

  const std::string unknown_key_ = std::string(64, 'a');
  const crypto::PrivateKey ca_key_;
  IngestDatabase database_;
};

TEST_F(TrustCacheTest, ANodeWithoutCertificatesAnswersFromMemory) {
  TrustCache cache(database_.options(), Patient());
  EXPECT_FALSE(KnowsByItself(cache, unknown_key_, "A")) << "nobody has looked yet";
  EXPECT_EQ(Ask(cache, unknown_key_, "A"), Known());
  EXPECT_TRUE(KnowsByItself(cache, unknown_key_, "B"));
  EXPECT_TRUE(KnowsByItself(cache, "regid.vendor", "C"));
}

TEST_F(TrustCacheTest, WhoWaitsLongWhileTheDatabaseIsAwayHoldsNobodyElse) {
  TrustCache cache(database_.options());
  const Udi udi = {"PID", "A"};
  const TrustQuestion question = {.key_id = unknown_key_, .udi = &udi};
  testing::SharedPostgres().Kill();
  absl::Status patient;
  std::thread import([&] {
    std::vector<TrustAnswer> answers;
    patient = cache.Answer({&question, 1}, absl::Now() + absl::Seconds(60), answers);
  });
  absl::SleepFor(absl::Milliseconds(100));
  const absl::Time start = absl::Now();
  std::vector<TrustAnswer> answers;
  const absl::Status hasty = cache.Answer({&question, 1}, start + absl::Milliseconds(500), answers);
  EXPECT_TRUE(errors::IsRetryable(hasty)) << hasty;
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  testing::SharedPostgres().Start();
  import.join();
  EXPECT_TRUE(patient.ok()) << patient;
}

TEST_F(TrustCacheTest, SaysWhatAKeyIsBoundTo) {
  const std::string key_id = Import("A");
  TrustCache cache(database_.options(), Patient());
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true}));
  EXPECT_TRUE(KnowsByItself(cache, key_id, "A"));
  EXPECT_EQ(Ask(cache, key_id, "B"), (Known{.key = true})) << "bound to another";
  EXPECT_EQ(Ask(cache, unknown_key_, "A"), (Known{.has_trust = true}));
  EXPECT_EQ(Ask(cache, "regid.vendor", "A"), (Known{.has_trust = true}));
  EXPECT_EQ(Ask(cache, "regid.vendor", "B"), Known());
}

TEST_F(TrustCacheTest, OneKeyOfManyInstancesIsBoundToEach) {
  const crypto::PrivateKey key = crypto::PrivateKey::Generate(kEcdsa).value();
  const std::string key_id = Import("A", key);
  Import("B", key);
  TrustCache cache(database_.options(), Patient());
  const Udi a = {"PID", "A"}, b = {"PID", "B"}, c = {"PID", "C"};
  const TrustQuestion questions[] = {{key_id, &a}, {key_id, &b}, {key_id, &c}, {key_id, &a}};
  std::vector<TrustAnswer> answers;
  ASSERT_TRUE(cache.Answer(questions, absl::Now() + absl::Seconds(10), answers).ok());
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(Read(answers[0], key_id, a), (Known{.key = true, .bound = true}));
  EXPECT_EQ(Read(answers[1], key_id, b), (Known{.key = true, .bound = true}));
  EXPECT_EQ(Read(answers[2], key_id, c), (Known{.key = true}));
  EXPECT_EQ(Read(answers[3], key_id, a), (Known{.key = true, .bound = true}));
}

TEST_F(TrustCacheTest, WhatWasUnknownIsAskedAgainAfterAnImport) {
  Import("other");
  TrustCache::Limits limits;
  limits.import_fresh = absl::Milliseconds(1);
  TrustCache cache(database_.options(), limits);
  EXPECT_EQ(Ask(cache, "regid.vendor", "A"), Known());
  const std::string key_id = Import("A");
  absl::SleepFor(absl::Milliseconds(2));
  EXPECT_EQ(Ask(cache, "regid.vendor", "A"), (Known{.has_trust = true}));
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true}));
  EXPECT_EQ(Ask(cache, unknown_key_, "B"), Known());
  absl::SleepFor(absl::Milliseconds(2));
  EXPECT_TRUE(KnowsByItself(cache, key_id, "A")) << "an import takes nothing from a known signer";
  EXPECT_FALSE(KnowsByItself(cache, unknown_key_, "B")) << "but may have brought this one";
}

TEST_F(TrustCacheTest, ARevocationCountsWhenTheSignerIsReadAgain) {
  const std::string key_id = Import("A");
  TrustCache::Limits limits = Patient();
  limits.signer_fresh = absl::Milliseconds(50);
  TrustCache cache(database_.options(), limits);
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true}));
  database_.Run("UPDATE trust_certificates SET revoked_at = '2024-01-01'");
  absl::SleepFor(absl::Milliseconds(60));
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true, .revoked = true}));
}

TEST_F(TrustCacheTest, ARevocationIsSeenByItsNumberLongBeforeTheSignerIsReadAgain) {
  const std::string key_id = Import("A");
  const std::string other = Import("B");
  TrustCache::Limits limits = Patient();
  limits.signer_fresh = absl::Hours(1);
  limits.revocation_fresh = absl::Milliseconds(50);
  TrustCache cache(database_.options(), limits);
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true}));
  EXPECT_TRUE(KnowsByItself(cache, key_id, "A"));
  database_.Run(
      "UPDATE trust_certificates SET revoked_at = '2024-01-01', revocation_number = 1 WHERE udi_sn = 'A'");
  absl::SleepFor(absl::Milliseconds(60));
  EXPECT_FALSE(KnowsByItself(cache, key_id, "A"));
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true, .revoked = true}));
  EXPECT_EQ(Ask(cache, other, "B"), (Known{.key = true, .bound = true}));
}

TEST_F(TrustCacheTest, SaysWhenAKeyRetires) {
  const std::string key_id = Import("A");
  database_.Run("UPDATE trust_certificates SET retired_at = '2025-01-01 00:00:00+00'");
  TrustCache cache(database_.options(), Patient());
  const Udi udi = {"PID", "A"};
  const TrustQuestion question = {.key_id = key_id, .udi = &udi};
  std::vector<TrustAnswer> answers;
  ASSERT_TRUE(cache.Answer({&question, 1}, absl::Now() + absl::Seconds(10), answers).ok());
  EXPECT_EQ(answers[0].FindKey(key_id)->bindings[0].retired_s, 1'735'689'600);
}

TEST_F(TrustCacheTest, ACertificateThatIsNotReadableFailsClosed) {
  database_.AddTrustCertificate(unknown_key_, "PID", "A", "no certificate", "2020-01-01", "2030-01-01");
  TrustCache cache(database_.options(), Patient());
  EXPECT_EQ(Ask(cache, unknown_key_, "A"), (Known{.has_trust = true}));
}

TEST_F(TrustCacheTest, ForgetsWhatDoesNotFitAndAsksAgain) {
  std::vector<std::string> key_ids;
  for (int i = 0; i < 4; ++i) key_ids.push_back(Import(absl::StrCat("S", i)));
  TrustCache::Limits limits = Patient();
  limits.signers_max = 2;
  TrustCache cache(database_.options(), limits);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(Ask(cache, key_ids[i], absl::StrCat("S", i)), (Known{.key = true, .bound = true}));
    }
  }
  EXPECT_FALSE(KnowsByItself(cache, key_ids[0], "S0"));
}

TEST_F(TrustCacheTest, WaitsForTheDatabaseUntilTheDeadline) {
  const std::string key_id = Import("A");
  TrustCache cache(database_.options(), Patient());
  testing::SharedPostgres().Kill();
  const Udi udi = {"PID", "A"};
  const TrustQuestion question = {.key_id = key_id, .udi = &udi};
  std::vector<TrustAnswer> answers;
  const absl::Time start = absl::Now();
  EXPECT_EQ(cache.Answer({&question, 1}, start + absl::Milliseconds(400), answers).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  testing::SharedPostgres().Start();
  EXPECT_EQ(Ask(cache, key_id, "A"), (Known{.key = true, .bound = true}));
}

}  // namespace
}  // namespace quartermaster::ingest
