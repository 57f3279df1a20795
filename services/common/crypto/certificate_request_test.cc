#include "services/common/crypto/certificate_request.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

const SubjectUdi kUdi = {"C9300-24UX", "SN1"};

const PrivateKey& Rsa() {
  static const PrivateKey key = *PrivateKey::Generate(Algorithm::kRsa2048Sha256);
  return key;
}
const PrivateKey& Ec() {
  static const PrivateKey key = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  return key;
}

std::string ErrorOf(std::string_view der) {
  const auto request = CertificateRequest::FromDer(der);
  return request.ok() ? "ok" : errors::ErrorId(request.status());
}

struct Draft {
  std::vector<std::string> serial_numbers = {"PID:C9300-24UX SN:SN1"};
  EVP_PKEY* key = Ec().get();
  EVP_PKEY* signer = Ec().get();
  const EVP_MD* digest = EVP_sha256();
};

std::string DerOf(const Draft& draft) {
  std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(X509_REQ_new(), &X509_REQ_free);
  for (const std::string& text : draft.serial_numbers) {
    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_serialNumber, V_ASN1_UTF8STRING,
                               reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()), -1, 0);
  }
  X509_REQ_set_pubkey(request.get(), draft.key);
  EXPECT_GT(X509_REQ_sign(request.get(), draft.signer, draft.digest), 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

using KeyPointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

TEST(CertificateRequestTest, WhatIsMadeIsReadAgain) {
  for (const PrivateKey* key : {&Rsa(), &Ec()}) {
    const auto made = CertificateRequest::Make(*key, kUdi);
    ASSERT_TRUE(made.ok()) << made.status();
    const auto read = CertificateRequest::FromPem("\n" + made->ToPem() + "\r\n");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->der(), made->der());
    EXPECT_EQ(read->udi(), kUdi);
    EXPECT_EQ(read->key().key_id(), key->Public().key_id());
  }
}

TEST(CertificateRequestTest, AUdiOfFullLengthFits) {
  const SubjectUdi longest = {std::string(64, 'P'), std::string(64, 'S')};
  const auto made = CertificateRequest::Make(Ec(), longest);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(CertificateRequest::FromDer(made->der())->udi(), longest);
  EXPECT_FALSE(CertificateRequest::Make(Ec(), {"P", ""}).ok());
}

TEST(CertificateRequestTest, OnlyTheKeyOfTheRequestMaySignIt) {
  EXPECT_EQ(ErrorOf(DerOf({})), "ok");
  const PrivateKey other = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  EXPECT_EQ(ErrorOf(DerOf({.signer = other.get()})), "crypto.csr_signature_invalid");
  EXPECT_EQ(ErrorOf(DerOf({.signer = Rsa().get()})), "crypto.csr_signature_invalid");
}

TEST(CertificateRequestTest, OnlySha256WillDo) {
  EXPECT_EQ(ErrorOf(DerOf({.digest = EVP_sha1()})), "crypto.csr_signature_invalid");
  EXPECT_EQ(ErrorOf(DerOf({.digest = EVP_sha512()})), "crypto.csr_signature_invalid");
  EXPECT_EQ(ErrorOf(DerOf({.key = Rsa().get(), .signer = Rsa().get(), .digest = EVP_sha384()})),
            "crypto.csr_signature_invalid");
}

TEST(CertificateRequestTest, OtherKindsOfKeysAreRefused) {
  const KeyPointer rsa_3072(EVP_RSA_gen(3072), &EVP_PKEY_free);
  EXPECT_EQ(ErrorOf(DerOf({.key = rsa_3072.get(), .signer = rsa_3072.get()})),
            "crypto.certificate_key_unsupported");
  const KeyPointer p384(EVP_EC_gen("P-384"), &EVP_PKEY_free);
  EXPECT_EQ(ErrorOf(DerOf({.key = p384.get(), .signer = p384.get()})), "crypto.certificate_key_unsupported");
  const KeyPointer ed25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  EXPECT_EQ(ErrorOf(DerOf({.key = ed25519.get(), .signer = ed25519.get(), .digest = nullptr})),
            "crypto.certificate_key_unsupported");
}

TEST(CertificateRequestTest, TheSubjectNamesOneUdi) {
  EXPECT_EQ(ErrorOf(DerOf({.serial_numbers = {}})), "crypto.certificate_udi_invalid");
  EXPECT_EQ(ErrorOf(DerOf({.serial_numbers = {"SN1"}})), "crypto.certificate_udi_invalid");
  EXPECT_EQ(ErrorOf(DerOf({.serial_numbers = {"PID:A SN:B", "PID:A SN:C"}})),
            "crypto.certificate_udi_invalid");
}

TEST(CertificateRequestTest, EveryTruncationAndEveryChangedByteIsRefused) {
  const std::string der = DerOf({});
  for (size_t size = 0; size < der.size(); ++size) EXPECT_NE(ErrorOf(der.substr(0, size)), "ok") << size;
  EXPECT_EQ(ErrorOf(der + '\0'), "crypto.csr_malformed");
  for (size_t at = 0; at < der.size(); ++at) {
    std::string changed = der;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_NE(ErrorOf(changed), "ok") << at;
  }
  EXPECT_EQ(ErrorOf(std::string(kCertificateRequestBytesMax + 1, '0')), "crypto.csr_malformed");
}

TEST(CertificateRequestTest, TheTextIsOneBlock) {
  const std::string pem = CertificateRequest::Make(Ec(), kUdi)->ToPem();
  for (const std::string& text :
       {pem + pem, std::string(), std::string("no PEM"), pem.substr(0, pem.size() / 2),
        "-----BEGIN CERTIFICATE-----" + pem.substr(35), std::string("-----BEGIN CERTIFICATE REQUEST-----")}) {
    const auto request = CertificateRequest::FromPem(text);
    EXPECT_EQ(errors::ErrorId(request.status()), "crypto.csr_malformed") << text;
  }
}

}  // namespace
}  // namespace quartermaster::crypto
