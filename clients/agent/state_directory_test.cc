// What a state directory keeps of a trust code.
#include "clients/agent/state_directory.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "clients/connection/file.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"

namespace quartermaster::agent {
namespace {

constexpr crypto::Algorithm kEcdsa = crypto::Algorithm::kEcdsaP256Sha256;
const crypto::Validity kValid = {absl::FromUnixSeconds(1'700'000'000), absl::FromUnixSeconds(1'900'000'000)};

class StateDirectoryTest : public ::testing::Test {
 protected:
  StateDirectoryTest()
      : folder_(::testing::TempDir() + "/" +
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    AgentState state;
    state.udi = {"PID", "A"};
    state.ha_peer = Udi{"PID", "B"};
    state.signing = SigningKind::kBuiltin;
    directory_ = *StateDirectory::Create(folder_, state);
  }

  std::string Certified(const crypto::PrivateKey& key, const std::string& sn) {
    return ca_->IssueProductInstance(key.Public(), {"PID", sn}, kValid)->ToPem();
  }
  void Reopen() {
    directory_.reset();
    directory_ = *StateDirectory::Open(folder_);
  }

  const std::string folder_;
  const crypto::PrivateKey ca_key_ = *crypto::PrivateKey::Generate(kEcdsa);
  const absl::StatusOr<crypto::CertificateAuthority> ca_ =
      crypto::CertificateAuthority::Create(ca_key_, "CA", kValid);
  std::unique_ptr<StateDirectory> directory_;
};

TEST_F(StateDirectoryTest, AnAttemptWhoseAnswerWasLostIsMadeWithTheSameKey) {
  const std::string first = directory_->NextTrustKey(kEcdsa)->Public().key_id();
  Reopen();
  EXPECT_EQ(directory_->NextTrustKey(kEcdsa)->Public().key_id(), first);
  EXPECT_NE(directory_->NextTrustKey(crypto::Algorithm::kRsa2048Sha256)->Public().key_id(), first);
}

TEST_F(StateDirectoryTest, TrustOutlivesTheProcessAndTheNextKeyIsAnother) {
  const crypto::PrivateKey key = *directory_->NextTrustKey(kEcdsa);
  const std::string pending = *client::ReadFile(folder_ + "/trust-next.pem");
  ASSERT_TRUE(directory_->InstallTrust(key, Certified(key, "A") + Certified(key, "B")).ok());
  // Killed before the pending key was removed.
  ASSERT_TRUE(client::WriteFileAtomically(folder_ + "/trust-next.pem", pending, 0600).ok());
  Reopen();
  ASSERT_TRUE(directory_->trust().has_value());
  EXPECT_EQ(directory_->trust()->certificates.size(), 2u);
  EXPECT_EQ(directory_->trust()->key.Public().key_id(), key.Public().key_id());
  EXPECT_NE(directory_->NextTrustKey(kEcdsa)->Public().key_id(), key.Public().key_id());
  EXPECT_EQ(RenewAfterS(directory_->trust()->certificates[0]), 1'800'000'000);
  const auto permissions = std::filesystem::status(folder_ + "/trust.pem").permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(StateDirectoryTest, CertificatesOfAnotherKeyOrUdiAreNotInstalled) {
  const crypto::PrivateKey key = *directory_->NextTrustKey(kEcdsa);
  const crypto::PrivateKey other = *crypto::PrivateKey::Generate(kEcdsa);
  for (const std::string& pem :
       {Certified(other, "A"), Certified(key, "C"), Certified(key, "A") + Certified(key, "C")}) {
    EXPECT_EQ(errors::ErrorId(directory_->InstallTrust(key, pem)), "agent.certificate_mismatch");
  }
  EXPECT_FALSE(directory_->trust().has_value());
}

TEST_F(StateDirectoryTest, ATrustFileWithoutItsKeyIsAnErrorAndNoReasonToSignLess) {
  const crypto::PrivateKey key = *directory_->NextTrustKey(kEcdsa);
  ASSERT_TRUE(directory_->InstallTrust(key, Certified(key, "A")).ok());
  ASSERT_TRUE(client::WriteFileAtomically(folder_ + "/trust.pem", Certified(key, "A"), 0600).ok());
  directory_.reset();
  EXPECT_EQ(errors::ErrorId(StateDirectory::Open(folder_).status()), "agent.key_missing");
}

}  // namespace
}  // namespace quartermaster::agent
