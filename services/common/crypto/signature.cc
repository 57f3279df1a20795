#include "services/common/crypto/signature.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/openssl_pointers.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

// SubjectPublicKeyInfo of an uncompressed point on the named curve P-256 always has this length.
constexpr size_t kP256SpkiBytes = 91;
constexpr int kRsaBits = 2048;
constexpr unsigned long kRsaExponent = 65537;

std::shared_ptr<EVP_PKEY> Own(EVP_PKEY* key) { return {key, &EVP_PKEY_free}; }

// Fetched once: the implicit fetch behind EVP_sha256() costs a locked look-up at every use.
const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

std::string SpkiDer(EVP_PKEY* key) {
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  std::string spki(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return spki;
}

absl::StatusOr<Algorithm> RsaAlgorithm(EVP_PKEY* key) {
  if (const int bits = EVP_PKEY_get_bits(key); bits != kRsaBits) {
    return absl::InvalidArgumentError(absl::StrCat("key: got RSA-", bits, ", want RSA-2048"));
  }
  BIGNUM* exponent = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent);
  const NumberPointer owned(exponent);
  if (exponent == nullptr || !BN_is_word(exponent, kRsaExponent)) {
    return absl::InvalidArgumentError("key: got another RSA exponent, want 65537");
  }
  return Algorithm::kRsa2048Sha256;
}

absl::StatusOr<Algorithm> EcAlgorithm(EVP_PKEY* key) {
  char group[64] = {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("key: got a curve without a name, want P-256");
  }
  if (std::strcmp(group, "prime256v1") != 0) {
    return absl::InvalidArgumentError(absl::StrCat("key: got curve ", group, ", want P-256"));
  }
  return Algorithm::kEcdsaP256Sha256;
}

absl::StatusOr<Algorithm> AlgorithmOf(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return RsaAlgorithm(key);
    case EVP_PKEY_EC:
      return EcAlgorithm(key);
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return absl::InvalidArgumentError(
          absl::StrCat("key: got type ", name == nullptr ? "unknown" : name, ", want RSA-2048 or P-256"));
    }
  }
}

bool SetUpSignature(EVP_PKEY_CTX* context, Algorithm algorithm) {
  if (algorithm == Algorithm::kRsa2048Sha256 &&
      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1) {
    return false;
  }
  return EVP_PKEY_CTX_set_signature_md(context, Sha256Algorithm()) == 1;
}

}  // namespace

std::string_view AlgorithmName(Algorithm algorithm) {
  return algorithm == Algorithm::kRsa2048Sha256 ? "RSA-2048-SHA256" : "ECDSA-P256-SHA256";
}

absl::StatusOr<Algorithm> ParseAlgorithm(std::string_view name) {
  for (Algorithm algorithm : {Algorithm::kRsa2048Sha256, Algorithm::kEcdsaP256Sha256}) {
    if (name == AlgorithmName(algorithm)) return algorithm;
  }
  return absl::InvalidArgumentError("alg: want RSA-2048-SHA256 or ECDSA-P256-SHA256");
}

Sha256Digest Sha256(std::string_view bytes) {
  thread_local const DigestContextPointer context(EVP_MD_CTX_new());
  Sha256Digest digest{};
  EVP_DigestInit_ex2(context.get(), Sha256Algorithm(), nullptr);
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return digest;
}

absl::StatusOr<PublicKey> PublicKey::FromKey(std::shared_ptr<EVP_PKEY> key, std::string_view spki) {
  ASSIGN_OR_RETURN(const Algorithm algorithm, AlgorithmOf(key.get()));
  // One key has one encoding, else it would have several ids and a revocation could be evaded.
  const bool canonical = algorithm == Algorithm::kEcdsaP256Sha256
                             ? spki.size() == kP256SpkiBytes && spki == SpkiDer(key.get())
                             : spki == SpkiDer(key.get());
  if (!canonical) {
    return absl::InvalidArgumentError("key: got an unusual encoding, want canonical DER");
  }
  std::shared_ptr<EVP_PKEY_CTX> verifier(EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free);
  if (verifier == nullptr || EVP_PKEY_verify_init(verifier.get()) != 1 ||
      !SetUpSignature(verifier.get(), algorithm)) {
    return absl::InternalError(absl::StrCat("key: cannot be used to verify: ", TakeOpenSslError()));
  }
  PublicKey result;
  result.key_ = std::move(key);
  result.verifier_ = std::move(verifier);
  result.algorithm_ = algorithm;
  const Sha256Digest id = Sha256(spki);
  result.key_id_ = HexEncode({reinterpret_cast<const char*>(id.data()), id.size()});
  return result;
}

absl::StatusOr<PublicKey> PublicKey::FromCertificateDer(std::string_view der) {
  const uint8_t* at = BytesOf(der);
  const X509Pointer certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("certificate: want X.509 in DER: ", TakeOpenSslError()));
  }
  if (at != BytesOf(der) + der.size()) {
    return absl::InvalidArgumentError("certificate: got bytes after the end of the DER");
  }
  EVP_PKEY* key = X509_get_pubkey(certificate.get());
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate: its public key cannot be read: ", TakeOpenSslError()));
  }
  std::shared_ptr<EVP_PKEY> owned = Own(key);
  uint8_t* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  if (size <= 0) return absl::InternalError(absl::StrCat("certificate: ", TakeOpenSslError()));
  const std::string spki_der(reinterpret_cast<char*>(spki), static_cast<size_t>(size));
  OPENSSL_free(spki);
  return FromKey(std::move(owned), spki_der);
}

absl::StatusOr<PublicKey> PublicKey::FromSpkiDer(std::string_view der) {
  const uint8_t* at = BytesOf(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: want a SubjectPublicKeyInfo in DER: ", TakeOpenSslError()));
  }
  std::shared_ptr<EVP_PKEY> owned = Own(key);
  if (at != BytesOf(der) + der.size()) {
    return absl::InvalidArgumentError("key: got bytes after the end of the DER");
  }
  return FromKey(std::move(owned), der);
}

bool PublicKey::Verify(std::string_view bytes, std::string_view signature) const {
  return VerifyDigest(Sha256(bytes), signature);
}

bool PublicKey::VerifyDigest(const Sha256Digest& digest, std::string_view signature) const {
  const KeyContextPointer context(EVP_PKEY_CTX_dup(verifier_.get()));
  const bool good = context != nullptr && EVP_PKEY_verify(context.get(), BytesOf(signature), signature.size(),
                                                          digest.data(), digest.size()) == 1;
  // A refused signature leaves words in the thread's queue that would confuse the next reader.
  if (!good) ERR_clear_error();
  return good;
}

absl::StatusOr<PrivateKey> PrivateKey::Generate(Algorithm algorithm) {
  EVP_PKEY* key = algorithm == Algorithm::kRsa2048Sha256 ? EVP_RSA_gen(kRsaBits) : EVP_EC_gen("P-256");
  if (key == nullptr) {
    return absl::InternalError(absl::StrCat("key: cannot be generated: ", TakeOpenSslError()));
  }
  PrivateKey result;
  result.key_ = Own(key);
  result.algorithm_ = algorithm;
  return result;
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  const BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // The empty pass phrase keeps OpenSSL from asking for one on the terminal.
  char no_pass_phrase[] = "";
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_pass_phrase);
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("private key: want unencrypted PKCS#8 in PEM: ", TakeOpenSslError()));
  }
  PrivateKey result;
  result.key_ = Own(key);
  ASSIGN_OR_RETURN(const PublicKey part, PublicKey::FromSpkiDer(SpkiDer(key)));
  result.algorithm_ = part.algorithm();
  return result;
}

std::string PrivateKey::ToPem() const {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    ERR_clear_error();
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

absl::StatusOr<std::string> PrivateKey::Sign(std::string_view bytes) const {
  const Sha256Digest digest = Sha256(bytes);
  const KeyContextPointer context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  size_t size = signature.size();
  if (context == nullptr || EVP_PKEY_sign_init(context.get()) != 1 ||
      !SetUpSignature(context.get(), algorithm_) ||
      EVP_PKEY_sign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size, digest.data(),
                    digest.size()) != 1) {
    return absl::InternalError(absl::StrCat("signature: cannot be made: ", TakeOpenSslError()));
  }
  signature.resize(size);
  return signature;
}

PublicKey PrivateKey::Public() const {
  // Through the encoding, so that the result holds no private part.
  return *PublicKey::FromSpkiDer(SpkiDer(key_.get()));
}

}  // namespace quartermaster::crypto
