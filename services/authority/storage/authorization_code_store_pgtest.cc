// The codes that were issued, in a real PostgreSQL as role qm_authority.
#include "services/authority/storage/authorization_code_store.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/authority/domain/key_schedule.h"
#include "services/common/crypto/authorization_file.h"
#include "services/common/errors/error.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const IssueAct kAct = {"service:ledger", "request-1", kNow};

AuthorizationContent Content(int64_t id, int64_t count = 2) {
  AuthorizationContent content;
  content.name = {{"C8500", "JAE1"}, id, 1'800'000'000};
  content.issued_at = kNow;
  content.lots = {{"regid.hsec,1.0", count, kNow, std::nullopt, false, "HSEC", "", ""}};
  return content;
}

SigningKeys MakeKeys() {
  SigningKey ca = *MakeCaKey(kNow);
  SigningKey signer = *MakeSignerKey(ca, KeyPurpose::kAuthorization, kNow);
  std::vector<crypto::Certificate> certificates = {ca.certificate, signer.certificate};
  std::vector<SigningKey> current = {ca, signer};
  return {std::move(current), std::move(certificates)};
}

class AuthorizationCodeStoreTest : public ::testing::Test {
 protected:
  const std::string database_ = quartermaster::testing::NewDatabase();
  pg::Pool pool_{quartermaster::testing::OptionsFor("qm_authority", database_)};
  const crypto::KeyEncryptionKey key_ = *crypto::KeyEncryptionKey::FromText(std::string(64, '7'));
  const SigningKeys keys_ = MakeKeys();
  AuthorizationCodeStore store_{&pool_, key_};
};

TEST_F(AuthorizationCodeStoreTest, ACodeIsIssuedOnceAndItsProofsAreThoseInIt) {
  const auto issued = store_.Issue(1, Content(7), keys_, kAct);
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto again = store_.Issue(1, Content(7), MakeKeys(), kAct);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->code, issued->code) << "also after the keys changed";
  EXPECT_EQ(again->proofs.removal_code, issued->proofs.removal_code);
  EXPECT_EQ(*store_.Find(1, 7), issued->code);
  const auto verifier = crypto::AuthorizationVerifier::Create(keys_.certificates());
  const auto file = verifier->Verify(issued->code, {{"C8500", "JAE1"}, kNow});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->proofs.confirmation_code, issued->proofs.confirmation_code);
  EXPECT_EQ(file->proofs.removal_code, issued->proofs.removal_code);
}

TEST_F(AuthorizationCodeStoreTest, ReplicasThatAreAskedAtOnceAnswerTheSame) {
  absl::Mutex mutex;
  std::set<std::string> codes;
  std::vector<std::thread> replicas;
  for (int i = 0; i < 6; ++i) {
    replicas.emplace_back([&] {
      const auto issued = store_.Issue(1, Content(7), keys_, kAct);
      ASSERT_TRUE(issued.ok()) << issued.status();
      const absl::MutexLock lock(&mutex);
      codes.insert(issued->code);
    });
  }
  for (std::thread& replica : replicas) replica.join();
  EXPECT_EQ(codes.size(), 1u);
}

TEST_F(AuthorizationCodeStoreTest, OtherContentUnderTheSameIdIsRefused) {
  ASSERT_TRUE(store_.Issue(1, Content(7), keys_, kAct).ok());
  EXPECT_EQ(errors::ErrorId(store_.Issue(1, Content(7, 3), keys_, kAct).status()),
            "authority.code_issued_for_other_content");
  EXPECT_TRUE(store_.Issue(2, Content(7, 3), keys_, kAct).ok()) << "ids are of a Smart Account";
  EXPECT_EQ(errors::ErrorId(store_.Find(1, 8).status()), "authority.code_unknown");
  EXPECT_EQ(errors::ErrorId(store_.Issue(1, Content(8, 0), keys_, kAct).status()), "authority.field_invalid");
}

TEST_F(AuthorizationCodeStoreTest, NothingOfACodeLiesInTheDatabaseInTheClear) {
  const auto issued = store_.Issue(1, Content(7), keys_, kAct);
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto in_clear = pool_.Read("test_look", [&](pqxx::transaction_base& tx) -> absl::StatusOr<int> {
    return tx
        .exec_params1(
            "SELECT count(*) FROM authorization_codes WHERE position('smartLicense'::bytea IN"
            " encrypted_code) > 0")[0]
        .as<int>();
  });
  EXPECT_EQ(*in_clear, 0);
  AuthorizationCodeStore stranger(&pool_, *crypto::KeyEncryptionKey::FromText(std::string(64, '8')));
  EXPECT_EQ(errors::ErrorId(stranger.Find(1, 7).status()), "crypto.envelope_key_mismatch");
}

}  // namespace
}  // namespace quartermaster::authority
