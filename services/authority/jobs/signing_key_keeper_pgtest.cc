#include "services/authority/jobs/signing_key_keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "services/authority/testing/authority_database.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/errors/error.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
constexpr absl::Duration kDay = absl::Hours(24);

class SigningKeyKeeperTest : public testing::Test {
 protected:
  SigningKeyStore Store(char digit = 'a') const {
    return SigningKeyStore(database_.options(), *crypto::KeyEncryptionKey::FromText(std::string(64, digit)));
  }
  static std::string KeyId(const SigningKeyKeeper& keeper, KeyPurpose purpose) {
    const SigningKey* key = keeper.Current()->Current(purpose);
    return key == nullptr ? "none" : key->certificate.key_id();
  }

  AuthorityDatabase database_;
};

TEST_F(SigningKeyKeeperTest, TheFirstStartMakesTheKeysAndTheNextFindsThem) {
  SigningKeyKeeper first(Store());
  EXPECT_EQ(KeyId(first, KeyPurpose::kCa), "none");
  ASSERT_TRUE(first.RunOnce(kNow).ok());
  EXPECT_EQ(first.Current()->certificates().size(), 3u);
  EXPECT_TRUE(first.Current()->certificates().front().is_ca());

  SigningKeyKeeper second(Store());
  ASSERT_TRUE(second.RunOnce(kNow + kDay).ok());
  for (KeyPurpose purpose : {KeyPurpose::kCa, KeyPurpose::kAcknowledgement, KeyPurpose::kBlock}) {
    EXPECT_EQ(KeyId(first, purpose), KeyId(second, purpose));
  }
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys"), 3);
  EXPECT_EQ(database_.Text("SELECT string_agg(after->>'purpose', ' ' ORDER BY audit_id)"
                           " FROM authority_audit WHERE actor = 'service:authority'"
                           " AND method = 'make_signing_key'"),
            "ca acknowledgement block");
}

TEST_F(SigningKeyKeeperTest, ReplicasThatStartAtOnceShareTheSameKeys) {
  constexpr int kReplicas = 6;
  std::vector<std::unique_ptr<SigningKeyKeeper>> keepers;
  for (int i = 0; i < kReplicas; ++i) keepers.push_back(std::make_unique<SigningKeyKeeper>(Store()));
  std::vector<std::thread> threads;
  for (auto& keeper : keepers) {
    threads.emplace_back([&] { EXPECT_TRUE(keeper->RunOnce(kNow).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> ids;
  for (auto& keeper : keepers) {
    for (KeyPurpose purpose : {KeyPurpose::kCa, KeyPurpose::kAcknowledgement, KeyPurpose::kBlock}) {
      ids.insert(KeyId(*keeper, purpose));
    }
  }
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys"), 3);
}

TEST_F(SigningKeyKeeperTest, TheKeyForAuthorizationsIsMadeOnceWhenTheFirstCodeNeedsIt) {
  SigningKeyKeeper first(Store()), second(Store());
  ASSERT_TRUE(first.RunOnce(kNow).ok());
  ASSERT_TRUE(second.RunOnce(kNow).ok());
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys WHERE purpose = 'authorization'"), 0)
      << "a replica of the release before would not start beside it";
  std::vector<std::thread> threads;
  for (SigningKeyKeeper* keeper : {&first, &second}) {
    threads.emplace_back([keeper] {
      const auto keys = keeper->With(KeyPurpose::kAuthorization, kNow);
      ASSERT_TRUE(keys.ok()) << keys.status();
      EXPECT_NE((*keys)->Current(KeyPurpose::kAuthorization), nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(KeyId(first, KeyPurpose::kAuthorization), KeyId(second, KeyPurpose::kAuthorization));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys WHERE purpose = 'authorization'"), 1);
}

TEST_F(SigningKeyKeeperTest, AKeyOfAPurposeThatALaterReleaseAddedStopsNothing) {
  SigningKeyKeeper first(Store());
  ASSERT_TRUE(first.RunOnce(kNow).ok());
  database_.Run(
      "INSERT INTO signing_keys SELECT 'later', 'invoice', alg, certificate, encrypted_private_key, "
      "created_at,"
      " not_after FROM signing_keys WHERE purpose = 'block'");
  SigningKeyKeeper second(Store());
  const absl::Status status = second.RunOnce(kNow + kDay);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(KeyId(second, KeyPurpose::kAcknowledgement), KeyId(first, KeyPurpose::kAcknowledgement));
  EXPECT_EQ(second.Current()->certificates().size(), 4u) << "its certificate is read like any other";
  ASSERT_TRUE(second.RunOnce(kNow + 2 * 366 * kDay).ok());
  EXPECT_EQ(
      database_.Number("SELECT count(*) FROM signing_keys WHERE purpose = 'invoice' AND retired_at IS NULL"),
      1)
      << "nobody retires it but who knows it";
}

TEST_F(SigningKeyKeeperTest, RenewsSignersInTimeAndKeepsTheOldCertificates) {
  SigningKeyKeeper keeper(Store());
  ASSERT_TRUE(keeper.RunOnce(kNow).ok());
  ASSERT_TRUE(keeper.With(KeyPurpose::kAuthorization, kNow).ok());
  const std::string ca = KeyId(keeper, KeyPurpose::kCa);
  const std::string signer = KeyId(keeper, KeyPurpose::kAcknowledgement);
  ASSERT_TRUE(keeper.RunOnce(kNow + 2 * 366 * kDay).ok());
  EXPECT_EQ(KeyId(keeper, KeyPurpose::kCa), ca);
  EXPECT_NE(KeyId(keeper, KeyPurpose::kAcknowledgement), signer);
  EXPECT_EQ(keeper.Current()->certificates().size(), 7u);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys WHERE retired_at IS NOT NULL"), 3);
}

TEST_F(SigningKeyKeeperTest, SaysWhenAReplicaHasAnotherKeyEncryptionKey) {
  SigningKeyKeeper first(Store('a'));
  ASSERT_TRUE(first.RunOnce(kNow).ok());
  SigningKeyKeeper second(Store('b'));
  const absl::Status status = second.RunOnce(kNow);
  EXPECT_EQ(errors::ErrorId(status), "crypto.envelope_key_mismatch") << status;
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys"), 3);
}

TEST_F(SigningKeyKeeperTest, AnEnvelopeThatWasMovedToAnotherRowDoesNotOpen) {
  SigningKeyKeeper first(Store());
  ASSERT_TRUE(first.RunOnce(kNow).ok());
  database_.Run(
      "UPDATE signing_keys SET encrypted_private_key = (SELECT encrypted_private_key FROM"
      " signing_keys WHERE purpose = 'block') WHERE purpose = 'acknowledgement'");
  SigningKeyKeeper second(Store());
  EXPECT_EQ(errors::ErrorId(second.RunOnce(kNow)), "crypto.envelope_invalid");
}

TEST_F(SigningKeyKeeperTest, TheDatabaseHoldsNoPrivateKeyInTheOpen) {
  SigningKeyKeeper keeper(Store());
  ASSERT_TRUE(keeper.RunOnce(kNow).ok());
  EXPECT_EQ(database_.Number("SELECT count(*) FROM signing_keys WHERE"
                             " position('PRIVATE'::bytea in encrypted_private_key) > 0"),
            0);
}

TEST_F(SigningKeyKeeperTest, KeepsItsKeysWhileTheDatabaseIsAway) {
  SigningKeyKeeper keeper(Store());
  ASSERT_TRUE(keeper.RunOnce(kNow).ok());
  const std::string signer = KeyId(keeper, KeyPurpose::kAcknowledgement);
  database_.Run("ALTER TABLE signing_keys RENAME TO signing_keys_away");
  EXPECT_FALSE(keeper.RunOnce(kNow).ok());
  EXPECT_EQ(KeyId(keeper, KeyPurpose::kAcknowledgement), signer);
}

}  // namespace
}  // namespace quartermaster::authority
