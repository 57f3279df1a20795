#include "services/common/crypto/key_encryption.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

using errors::ErrorId;

const std::string kKeyText(64, 'a');

class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string pattern = testing::TempDir() + "/key_encryption_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~KeyFile() override { std::filesystem::remove_all(directory_); }

  std::string Path() const { return directory_ + "/secrets/key_encryption_key"; }
  void Write(const std::string& text, int mode) {
    std::filesystem::create_directories(directory_ + "/secrets");
    std::ofstream(Path()) << text;
    chmod(Path().c_str(), static_cast<mode_t>(mode));
  }

  std::string directory_;
};

TEST(KeyEncryptionKey, OpensWhatItClosed) {
  const KeyEncryptionKey key = *KeyEncryptionKey::FromText(kKeyText);
  for (const std::string& secret : {std::string(), std::string("x"), std::string(5000, '\0')}) {
    const std::string envelope = *key.Encrypt(secret, "signing_key/1");
    EXPECT_EQ(*key.Decrypt(envelope, "signing_key/1"), secret);
    EXPECT_EQ(envelope.size(), secret.size() + 37);
  }
}

TEST(KeyEncryptionKey, NeverClosesTwiceAlike) {
  const KeyEncryptionKey key = *KeyEncryptionKey::FromText(kKeyText);
  EXPECT_NE(*key.Encrypt("secret", "c"), *key.Encrypt("secret", "c"));
}

TEST(KeyEncryptionKey, RefusesAnEnvelopeForAnotherContext) {
  const KeyEncryptionKey key = *KeyEncryptionKey::FromText(kKeyText);
  const std::string envelope = *key.Encrypt("secret", "signing_key/1");
  EXPECT_EQ(ErrorId(key.Decrypt(envelope, "signing_key/2").status()), "crypto.envelope_invalid");
}

TEST(KeyEncryptionKey, RefusesAnEnvelopeOfAnotherKeyByName) {
  const KeyEncryptionKey key = *KeyEncryptionKey::FromText(kKeyText);
  const KeyEncryptionKey other = *KeyEncryptionKey::FromText(std::string(64, 'b'));
  const absl::Status status = other.Decrypt(*key.Encrypt("secret", "c"), "c").status();
  EXPECT_EQ(ErrorId(status), "crypto.envelope_key_mismatch");
  EXPECT_NE(status.message().find(key.key_id()), std::string::npos);
  EXPECT_NE(status.message().find(other.key_id()), std::string::npos);
}

TEST(KeyEncryptionKey, RefusesEveryChangedOrMissingByte) {
  const KeyEncryptionKey key = *KeyEncryptionKey::FromText(kKeyText);
  const std::string envelope = *key.Encrypt("secret", "c");
  for (size_t i = 0; i < envelope.size(); ++i) {
    std::string changed = envelope;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.Decrypt(changed, "c").ok()) << i;
    EXPECT_FALSE(key.Decrypt(envelope.substr(0, i), "c").ok()) << i;
  }
  EXPECT_FALSE(key.Decrypt(envelope + "x", "c").ok());
}

TEST(KeyEncryptionKey, IsSixtyFourHexDigits) {
  EXPECT_TRUE(KeyEncryptionKey::FromText(kKeyText + "\n").ok());
  for (const std::string& text :
       {std::string(), kKeyText.substr(1), kKeyText + "a", kKeyText + "\n\n", std::string(64, 'g')}) {
    const absl::Status status = KeyEncryptionKey::FromText(text).status();
    EXPECT_EQ(ErrorId(status), "crypto.key_encryption_key_invalid");
    EXPECT_EQ(status.message().find("aaa"), std::string::npos) << "the key must not be told";
  }
}

TEST_F(KeyFile, IsMadeOnceWithAPrivateMode) {
  const absl::StatusOr<KeyEncryptionKey> first = KeyEncryptionKey::LoadOrCreate(Path());
  ASSERT_TRUE(first.ok()) << first.status();
  struct stat facts = {};
  ASSERT_EQ(stat(Path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  ASSERT_EQ(stat((directory_ + "/secrets").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700u);
  EXPECT_EQ(KeyEncryptionKey::LoadOrCreate(Path())->key_id(), first->key_id());
}

TEST_F(KeyFile, ProcessesThatStartAtOnceAgree) {
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::string& id : ids) {
    threads.emplace_back([&] { id = KeyEncryptionKey::LoadOrCreate(Path())->key_id(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory_ + "/secrets")) {
    ++files;
  }
  EXPECT_EQ(files, 1) << "temporary files were left";
}

TEST_F(KeyFile, IsRefusedWhenOthersCanReadIt) {
  for (int mode : {0644, 0604, 0660, 0666}) {
    Write(kKeyText, mode);
    EXPECT_EQ(ErrorId(KeyEncryptionKey::Load(Path()).status()), "crypto.key_encryption_key_invalid") << mode;
  }
  for (int mode : {0600, 0400, 0440, 0640}) {
    Write(kKeyText, mode);
    EXPECT_TRUE(KeyEncryptionKey::Load(Path()).ok()) << mode;
  }
}

TEST_F(KeyFile, IsNeverReplacedWhenItIsBroken) {
  Write("not a key\n", 0600);
  EXPECT_EQ(ErrorId(KeyEncryptionKey::LoadOrCreate(Path()).status()), "crypto.key_encryption_key_invalid");
  std::string text;
  std::getline(std::ifstream(Path()), text);
  EXPECT_EQ(text, "not a key");
}

TEST_F(KeyFile, SaysWhatIsMissing) {
  const absl::Status status = KeyEncryptionKey::Load(Path()).status();
  EXPECT_EQ(ErrorId(status), "crypto.key_encryption_key_invalid");
  EXPECT_NE(status.message().find("No such file"), std::string::npos) << status;
}

}  // namespace
}  // namespace quartermaster::crypto
