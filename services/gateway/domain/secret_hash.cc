#include "services/gateway/domain/secret_hash.h"

#include <sodium.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace quartermaster::gateway {
namespace {

// The OWASP minimum for Argon2id. Our secrets have 256 random bits, so the cost only has to make a
// stolen table useless for secrets that somebody chose by hand.
constexpr unsigned long long kPasses = 2;
constexpr size_t kMemoryBytes = 19u << 20;

void RequireSodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) {
    std::fputs("libsodium cannot be initialised\n", stderr);
    std::abort();
  }
}

}  // namespace

log::Secret NewSecret() {
  RequireSodium();
  std::array<unsigned char, 32> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the terminating zero
  return log::Secret(std::move(text));
}

std::string HashSecret(std::string_view secret) {
  RequireSodium();
  std::array<char, crypto_pwhash_STRBYTES> hash;
  if (crypto_pwhash_str_alg(hash.data(), secret.data(), secret.size(), kPasses, kMemoryBytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    // Only when 19 MiB cannot be had.
    std::fputs("Argon2id: out of memory\n", stderr);
    std::abort();
  }
  return hash.data();
}

bool SecretMatches(const std::string& hash, std::string_view secret) {
  RequireSodium();
  // libsodium reads crypto_pwhash_STRBYTES of the hash.
  if (hash.size() >= crypto_pwhash_STRBYTES) return false;
  std::array<char, crypto_pwhash_STRBYTES> padded{};
  std::copy(hash.begin(), hash.end(), padded.begin());
  return crypto_pwhash_str_verify(padded.data(), secret.data(), secret.size()) == 0;
}

void PretendToMatch(std::string_view secret) {
  static const std::string* const kNobody = new std::string(HashSecret("nobody's secret"));
  SecretMatches(*kNobody, secret);
}

}  // namespace quartermaster::gateway
