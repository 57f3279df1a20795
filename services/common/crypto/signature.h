// Signatures over bytes, by the two algorithms that devices and the authority use. OpenSSL EVP only.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_SIGNATURE_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_SIGNATURE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;

namespace quartermaster::crypto {

// Names as they stand in `signing_type` and `alg`.
enum class Algorithm { kRsa2048Sha256, kEcdsaP256Sha256 };
std::string_view AlgorithmName(Algorithm algorithm);  // "RSA-2048-SHA256", "ECDSA-P256-SHA256"
absl::StatusOr<Algorithm> ParseAlgorithm(std::string_view name);

using Sha256Digest = std::array<uint8_t, 32>;
Sha256Digest Sha256(std::string_view bytes);
std::string HexEncode(std::string_view bytes);  // lower case
std::string Base64Encode(std::string_view bytes);
// Strict: no white space, correct padding, unused bits zero (one text for one value).
absl::StatusOr<std::string> Base64Decode(std::string_view text);

// Thread-safe for Verify.
class PublicKey {
 public:
  // From an X.509 certificate (DER) or a SubjectPublicKeyInfo (DER). RSA-2048 with exponent 65537
  // and uncompressed named P-256 only, nothing after the DER. Costs about 0.1 ms: cache the key.
  static absl::StatusOr<PublicKey> FromCertificateDer(std::string_view der);
  static absl::StatusOr<PublicKey> FromSpkiDer(std::string_view der);
  // Whether `signature` (PKCS#1 v1.5 or DER ECDSA) is this key's over SHA-256 of `bytes`.
  bool Verify(std::string_view bytes, std::string_view signature) const;
  // The same over a digest that the caller has already.
  bool VerifyDigest(const Sha256Digest& digest, std::string_view signature) const;
  Algorithm algorithm() const { return algorithm_; }
  // Lower-case hex SHA-256 of the SubjectPublicKeyInfo.
  const std::string& key_id() const { return key_id_; }
  EVP_PKEY* get() const { return key_.get(); }

 private:
  friend class PrivateKey;
  PublicKey() = default;
  static absl::StatusOr<PublicKey> FromKey(std::shared_ptr<EVP_PKEY> key, std::string_view spki);
  std::shared_ptr<EVP_PKEY> key_;
  // Set up once for this key; Verify works on a copy, which is far cheaper than a new one.
  std::shared_ptr<EVP_PKEY_CTX> verifier_;
  Algorithm algorithm_ = Algorithm::kEcdsaP256Sha256;
  std::string key_id_;
};

// Thread-safe for Sign.
class PrivateKey {
 public:
  static absl::StatusOr<PrivateKey> Generate(Algorithm algorithm);
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem);  // PKCS#8
  std::string ToPem() const;
  absl::StatusOr<std::string> Sign(std::string_view bytes) const;
  PublicKey Public() const;
  Algorithm algorithm() const { return algorithm_; }
  EVP_PKEY* get() const { return key_.get(); }

 private:
  PrivateKey() = default;
  std::shared_ptr<EVP_PKEY> key_;
  Algorithm algorithm_ = Algorithm::kEcdsaP256Sha256;
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_SIGNATURE_H_
