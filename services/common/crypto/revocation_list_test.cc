#include "services/common/crypto/revocation_list.h"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "services/common/crypto/certificate_authority.h"

namespace quartermaster::crypto {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
const Validity kValid = {kNow - absl::Hours(1), kNow + absl::Hours(24 * 365)};

using Crl = std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)>;

Crl Parse(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return Crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())), &X509_CRL_free);
}

TEST(RevocationListTest, ListsWhatIsRevokedAndNothingElseUnderTheCasSignature) {
  const PrivateKey key = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  const auto ca = CertificateAuthority::Create(key, "CA", kValid);
  const Certificate bad = *ca->IssueProductInstance(key.Public(), {"PID", "BAD"}, kValid);
  const Certificate good = *ca->IssueProductInstance(key.Public(), {"PID", "GOOD"}, kValid);
  const auto der = SignRevocationList(key, ca->certificate(),
                                      {.number = 7,
                                       .issued_at = kNow,
                                       .next_update = kNow + absl::Hours(24),
                                       .revoked = {{bad.serial_number(), kNow - absl::Minutes(5), 1}}});
  ASSERT_TRUE(der.ok()) << der.status();
  const Crl crl = Parse(*der);
  ASSERT_NE(crl, nullptr);
  EXPECT_EQ(X509_CRL_verify(crl.get(), key.get()), 1);
  X509_REVOKED* entry = nullptr;
  ASSERT_EQ(X509_CRL_get0_by_cert(crl.get(), &entry, bad.get()), 1);
  EXPECT_EQ(X509_CRL_get0_by_cert(crl.get(), &entry, good.get()), 0);
  auto* reason = static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(
      sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl.get()), 0), NID_crl_reason, nullptr, nullptr));
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(ASN1_ENUMERATED_get(reason), 1);
  ASN1_ENUMERATED_free(reason);
  auto* number =
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl.get(), NID_crl_number, nullptr, nullptr));
  ASSERT_NE(number, nullptr);
  EXPECT_EQ(ASN1_INTEGER_get(number), 7);
  ASN1_INTEGER_free(number);
}

TEST(RevocationListTest, AnotherKeyDoesNotVerifyAndAnEmptyListIsOne) {
  const PrivateKey key = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  const PrivateKey other = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  const auto ca = CertificateAuthority::Create(key, "CA", kValid);
  const auto der = SignRevocationList(
      key, ca->certificate(),
      {.number = 0, .issued_at = kNow, .next_update = kNow + absl::Hours(24), .revoked = {}});
  ASSERT_TRUE(der.ok()) << der.status();
  const Crl crl = Parse(*der);
  ASSERT_NE(crl, nullptr);
  EXPECT_NE(X509_CRL_verify(crl.get(), other.get()), 1);
  EXPECT_EQ(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl.get())) > 0, false);
}

TEST(RevocationListTest, ASerialNumberThatIsNoHexIsAnError) {
  const PrivateKey key = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
  const auto ca = CertificateAuthority::Create(key, "CA", kValid);
  for (const char* serial_number : {"", "xyz", "12 34"}) {
    EXPECT_FALSE(
        SignRevocationList(
            key, ca->certificate(),
            {.number = 1, .issued_at = kNow, .next_update = kNow, .revoked = {{serial_number, kNow, 0}}})
            .ok());
  }
}

}  // namespace
}  // namespace quartermaster::crypto
