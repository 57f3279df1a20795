#include "services/common/crypto/signature.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <rapidcheck.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace quartermaster::crypto {
namespace {

constexpr Algorithm kBoth[] = {Algorithm::kRsa2048Sha256, Algorithm::kEcdsaP256Sha256};

const PrivateKey& KeyOf(Algorithm algorithm) {
  static const PrivateKey rsa = *PrivateKey::Generate(Algorithm::kRsa2048Sha256);
  static const PrivateKey ec = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  return algorithm == Algorithm::kRsa2048Sha256 ? rsa : ec;
}

std::string Spki(EVP_PKEY* key) {
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string spki(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return spki;
}

// A self-signed certificate of `key` in DER.
std::string Certificate(const PrivateKey& key) {
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key.get());
  X509_sign(certificate, key.get(), EVP_sha256());
  uint8_t* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  X509_free(certificate);
  return result;
}

TEST(SignatureTest, ASignatureChecksOverItsBytesOnly) {
  for (Algorithm algorithm : kBoth) {
    const PrivateKey& key = KeyOf(algorithm);
    const PublicKey part = key.Public();
    const std::string signature = *key.Sign("payload");
    EXPECT_TRUE(part.Verify("payload", signature));
    EXPECT_TRUE(part.VerifyDigest(Sha256("payload"), signature));
    EXPECT_FALSE(part.Verify("payloae", signature));
    EXPECT_FALSE(part.Verify("payload ", signature));
    EXPECT_FALSE(part.Verify("", signature));
  }
}

TEST(SignatureTest, AChangedTruncatedOrLengthenedSignatureFails) {
  for (Algorithm algorithm : kBoth) {
    const PrivateKey& key = KeyOf(algorithm);
    const PublicKey part = key.Public();
    const std::string signature = *key.Sign("payload");
    for (size_t size = 0; size < signature.size(); ++size) {
      EXPECT_FALSE(part.Verify("payload", std::string_view(signature).substr(0, size)));
    }
    EXPECT_FALSE(part.Verify("payload", signature + std::string(1, '\0')));
    for (size_t i = 0; i < signature.size(); i += 7) {
      std::string changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 0x10);
      EXPECT_FALSE(part.Verify("payload", changed)) << i;
    }
  }
}

TEST(SignatureTest, AnotherKeyOrAlgorithmFails) {
  const PrivateKey other = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  const std::string by_ec = *KeyOf(Algorithm::kEcdsaP256Sha256).Sign("payload");
  EXPECT_FALSE(other.Public().Verify("payload", by_ec));
  EXPECT_FALSE(KeyOf(Algorithm::kRsa2048Sha256).Public().Verify("payload", by_ec));
}

TEST(SignatureTest, VerifyIsSafeFromManyThreads) {
  for (Algorithm algorithm : kBoth) {
    const PrivateKey& key = KeyOf(algorithm);
    const PublicKey part = key.Public();
    const std::string signature = *key.Sign("payload");
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          good += part.Verify("payload", signature);
          good += part.Verify("other", signature) ? -1000 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, 800);
  }
}

TEST(PublicKeyTest, ACertificateAndItsSpkiGiveTheSameKeyId) {
  for (Algorithm algorithm : kBoth) {
    const PrivateKey& key = KeyOf(algorithm);
    const std::string spki = Spki(key.get());
    const auto from_spki = PublicKey::FromSpkiDer(spki);
    const auto from_certificate = PublicKey::FromCertificateDer(Certificate(key));
    ASSERT_TRUE(from_spki.ok()) << from_spki.status();
    ASSERT_TRUE(from_certificate.ok()) << from_certificate.status();
    const Sha256Digest id = Sha256(spki);
    const std::string hex = HexEncode({reinterpret_cast<const char*>(id.data()), id.size()});
    EXPECT_EQ(from_spki->key_id(), hex);
    EXPECT_EQ(from_certificate->key_id(), hex);
    EXPECT_EQ(from_certificate->algorithm(), algorithm);
    EXPECT_TRUE(from_certificate->Verify("x", *key.Sign("x")));
  }
}

TEST(PublicKeyTest, OtherKeysThanRsa2048AndP256AreRefused) {
  const struct {
    EVP_PKEY* key;
    const char* want;
  } cases[] = {
      {EVP_RSA_gen(1024), "got RSA-1024"},
      {EVP_RSA_gen(3072), "got RSA-3072"},
      {EVP_EC_gen("P-384"), "got curve secp384r1"},
      {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "got type ED25519"},
  };
  for (const auto& c : cases) {
    ASSERT_NE(c.key, nullptr);
    const auto result = PublicKey::FromSpkiDer(Spki(c.key));
    EXPECT_FALSE(result.ok());
    EXPECT_NE(std::string(result.status().message()).find(c.want), std::string::npos) << result.status();
    EVP_PKEY_free(c.key);
  }
}

TEST(PublicKeyTest, ASecondEncodingOfTheSameKeyIsRefusedBecauseItWouldHaveAnotherId) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
  const std::string compressed = Spki(key);
  EVP_PKEY_free(key);
  ASSERT_LT(compressed.size(), 91u);
  EXPECT_FALSE(PublicKey::FromSpkiDer(compressed).ok());
}

TEST(PublicKeyTest, GarbageTruncationAndTrailingBytesAreRefused) {
  const std::string spki = Spki(KeyOf(Algorithm::kRsa2048Sha256).get());
  const std::string certificate = Certificate(KeyOf(Algorithm::kEcdsaP256Sha256));
  EXPECT_FALSE(PublicKey::FromSpkiDer("").ok());
  EXPECT_FALSE(PublicKey::FromSpkiDer("not DER").ok());
  EXPECT_FALSE(PublicKey::FromSpkiDer(spki + "x").ok());
  EXPECT_FALSE(PublicKey::FromSpkiDer(spki.substr(0, 200)).ok());
  EXPECT_FALSE(PublicKey::FromCertificateDer(spki).ok());
  EXPECT_FALSE(PublicKey::FromCertificateDer(certificate + "x").ok());
  EXPECT_FALSE(PublicKey::FromCertificateDer(certificate.substr(0, 100)).ok());
}

TEST(PrivateKeyTest, PemKeepsTheKey) {
  for (Algorithm algorithm : kBoth) {
    const PrivateKey& key = KeyOf(algorithm);
    const std::string pem = key.ToPem();
    EXPECT_EQ(pem.rfind("-----BEGIN PRIVATE KEY-----", 0), 0u);
    const auto read = PrivateKey::FromPem(pem);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->algorithm(), algorithm);
    EXPECT_EQ(read->Public().key_id(), key.Public().key_id());
    EXPECT_TRUE(key.Public().Verify("x", *read->Sign("x")));
  }
  EXPECT_FALSE(PrivateKey::FromPem("").ok());
  EXPECT_FALSE(PrivateKey::FromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n").ok());
}

TEST(AlgorithmTest, NamesAreTheOnesOnTheWire) {
  EXPECT_EQ(AlgorithmName(Algorithm::kRsa2048Sha256), "RSA-2048-SHA256");
  EXPECT_EQ(AlgorithmName(Algorithm::kEcdsaP256Sha256), "ECDSA-P256-SHA256");
  EXPECT_EQ(*ParseAlgorithm("ECDSA-P256-SHA256"), Algorithm::kEcdsaP256Sha256);
  EXPECT_FALSE(ParseAlgorithm("builtin").ok());
  EXPECT_FALSE(ParseAlgorithm("rsa-2048-sha256").ok());
}

TEST(HashTest, Sha256IsTheStandardOne) {
  const auto hex = [](std::string_view text) {
    const Sha256Digest digest = Sha256(text);
    return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  };
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Base64Test, VectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(Base64Encode(bytes), text);
    EXPECT_EQ(*Base64Decode(text), bytes);
  }
}

TEST(Base64Test, WhatIsNotStrictlyBase64IsRefused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm9v\n", "Zm 9v===", "Zm9-",
                           "Zm9_", "Zh==", "Zm9=", "Zg==Zg==", "Zm=v", "\xc3\xa9YQ="}) {
    EXPECT_FALSE(Base64Decode(text).ok()) << text;
  }
}

TEST(Base64Test, EveryValueComesBackAndHasOneText) {
  EXPECT_TRUE(rc::check("decode(encode(x)) == x", [](const std::string& bytes) {
    RC_ASSERT(*Base64Decode(Base64Encode(bytes)) == bytes);
  }));
  EXPECT_TRUE(rc::check("encode(decode(t)) == t whenever t decodes", [] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ABCDEFGHabcdwxyz0189+/==")));
    if (const auto bytes = Base64Decode(text); bytes.ok()) RC_ASSERT(Base64Encode(*bytes) == text);
  }));
}

}  // namespace
}  // namespace quartermaster::crypto
