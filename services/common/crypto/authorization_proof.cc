#include "services/common/crypto/authorization_proof.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {
namespace {

constexpr char kConfirmationDomain[] = "quartermaster.authorization.confirmation.v1\n";
constexpr char kRemovalDomain[] = "quartermaster.authorization.removal.v1\n";

// Crockford's: nothing that a person mistakes for something else.
constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kBitsPerDigit = 5;
constexpr size_t kProofDigits = 16;
constexpr size_t kGroupDigits = 4;

// The leading 80 bits, without dashes.
std::string Digits(std::string_view mac) {
  std::string digits;
  uint32_t bits = 0;
  int count = 0;
  for (size_t at = 0; digits.size() < kProofDigits;) {
    if (count < kBitsPerDigit) {
      bits = bits << 8 | static_cast<uint8_t>(mac[at++]);
      count += 8;
    }
    count -= kBitsPerDigit;
    digits += kDigits[bits >> count & 31];
  }
  return digits;
}

std::string Proof(std::string_view nonce, const char* domain, const AuthorizationName& name) {
  // A UDI holds no control characters, so a line feed separates.
  const std::string text = absl::StrCat(domain, name.udi.product_id, "\n", name.udi.serial_number, "\n",
                                        name.authorization_id, "\n", name.sequence);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac = {};
  unsigned int size = 0;
  HMAC(EVP_sha256(), nonce.data(), static_cast<int>(nonce.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  const std::string digits = Digits({reinterpret_cast<const char*>(mac.data()), size});
  std::string shown;
  for (size_t at = 0; at < digits.size(); at += kGroupDigits) {
    absl::StrAppend(&shown, shown.empty() ? "" : "-", digits.substr(at, kGroupDigits));
  }
  return shown;
}

}  // namespace

AuthorizationProofs ProofsOf(std::string_view nonce, const AuthorizationName& name) {
  return {Proof(nonce, kConfirmationDomain, name), Proof(nonce, kRemovalDomain, name)};
}

std::string ProofHash(std::string_view typed) {
  std::string digits;
  for (const char c : typed) {
    if (c == '-' || c == ' ') continue;
    char digit = absl::ascii_toupper(c);
    if (digit == 'O') digit = '0';
    if (digit == 'I' || digit == 'L') digit = '1';
    if (kDigits.find(digit) == std::string_view::npos || digits.size() == kProofDigits) return {};
    digits += digit;
  }
  if (digits.size() != kProofDigits) return {};
  const Sha256Digest digest = Sha256(digits);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace quartermaster::crypto
