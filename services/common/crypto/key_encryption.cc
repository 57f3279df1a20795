#include "services/common/crypto/key_encryption.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/openssl_pointers.h"
#include "services/common/crypto/signature.h"
#include "services/common/text/hex_digit.h"

namespace quartermaster::crypto {
namespace {

constexpr char kVersion = 1;
constexpr size_t kIdBytes = 8;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeaderBytes = 1 + kIdBytes;
constexpr size_t kEnvelopeBytesMin = kHeaderBytes + kNonceBytes + kTagBytes;

int Size(std::string_view bytes) { return static_cast<int>(bytes.size()); }

// What is authenticated beside the ciphertext: header, then the context.
bool Authenticate(EVP_CIPHER_CTX* cipher, std::string_view header, std::string_view context,
                  int (*update)(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int)) {
  int ignored = 0;
  return update(cipher, nullptr, &ignored, BytesOf(header), Size(header)) == 1 &&
         update(cipher, nullptr, &ignored, BytesOf(context), Size(context)) == 1;
}

}  // namespace

absl::StatusOr<KeyEncryptionKey> KeyEncryptionKey::FromText(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  KeyEncryptionKey result;
  bool good = text.size() == 2 * result.key_.size();
  for (size_t i = 0; good && i < result.key_.size(); ++i) {
    const int high = quartermaster::text::HexDigitValue(text[2 * i]);
    const int low = quartermaster::text::HexDigitValue(text[2 * i + 1]);
    good = high >= 0 && low >= 0;
    result.key_[i] = static_cast<uint8_t>(high * 16 + low);
  }
  // The text itself is a secret: only its length may be told.
  if (!good) {
    return KeyEncryptionKeyInvalid(absl::StrCat("key-encryption key: got ", text.size(), " characters, want ",
                                                2 * result.key_.size(), " hex digits"));
  }
  std::string labelled = "quartermaster.key_encryption_key.v1\n";
  labelled.append(reinterpret_cast<const char*>(result.key_.data()), result.key_.size());
  const Sha256Digest digest = Sha256(labelled);
  OPENSSL_cleanse(labelled.data(), labelled.size());
  result.id_.assign(reinterpret_cast<const char*>(digest.data()), kIdBytes);
  return result;
}

KeyEncryptionKey::~KeyEncryptionKey() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::string KeyEncryptionKey::key_id() const { return HexEncode(id_); }

absl::StatusOr<std::string> KeyEncryptionKey::Encrypt(std::string_view secret,
                                                      std::string_view context) const {
  std::string envelope(1, kVersion);
  envelope += id_;
  envelope.resize(kEnvelopeBytesMin + secret.size());
  unsigned char* nonce = MutableBytesOf(envelope) + kHeaderBytes;
  unsigned char* ciphertext = nonce + kNonceBytes;
  const CipherContextPointer cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  int last = 0;
  if (RAND_bytes(nonce, kNonceBytes) != 1 ||
      EVP_EncryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), key_.data(), nonce, nullptr) != 1 ||
      !Authenticate(cipher.get(), std::string_view(envelope).substr(0, kHeaderBytes), context,
                    &EVP_EncryptUpdate) ||
      EVP_EncryptUpdate(cipher.get(), ciphertext, &written, BytesOf(secret), Size(secret)) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), ciphertext + written, &last) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, ciphertext + secret.size()) != 1) {
    return absl::InternalError(absl::StrCat("envelope: cannot be made: ", TakeOpenSslError()));
  }
  return envelope;
}

absl::StatusOr<std::string> KeyEncryptionKey::Decrypt(std::string_view envelope,
                                                      std::string_view context) const {
  if (envelope.size() < kEnvelopeBytesMin || envelope[0] != kVersion) {
    return EnvelopeInvalid(absl::StrCat("envelope: got ", envelope.size(),
                                        " bytes, want version 1 with at least ", kEnvelopeBytesMin));
  }
  const std::string_view id = envelope.substr(1, kIdBytes);
  if (id != id_) {
    return EnvelopeKeyMismatch(
        absl::StrCat("envelope: got key-encryption key ", key_id(), ", want ", HexEncode(id)));
  }
  const std::string_view nonce = envelope.substr(kHeaderBytes, kNonceBytes);
  const std::string_view tag = envelope.substr(envelope.size() - kTagBytes);
  const std::string_view ciphertext =
      envelope.substr(kHeaderBytes + kNonceBytes, envelope.size() - kEnvelopeBytesMin);
  std::string secret(ciphertext.size(), '\0');
  const CipherContextPointer cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  int last = 0;
  if (EVP_DecryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), key_.data(), BytesOf(nonce), nullptr) != 1 ||
      !Authenticate(cipher.get(), envelope.substr(0, kHeaderBytes), context, &EVP_DecryptUpdate) ||
      EVP_DecryptUpdate(cipher.get(), MutableBytesOf(secret), &written, BytesOf(ciphertext),
                        Size(ciphertext)) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, const_cast<char*>(tag.data())) !=
          1 ||
      EVP_DecryptFinal_ex(cipher.get(), MutableBytesOf(secret) + written, &last) != 1) {
    // What was decrypted before the tag was compared must not be seen.
    OPENSSL_cleanse(secret.data(), secret.size());
    ERR_clear_error();
    return EnvelopeInvalid("envelope: was changed, or made for another purpose");
  }
  return secret;
}

}  // namespace quartermaster::crypto
