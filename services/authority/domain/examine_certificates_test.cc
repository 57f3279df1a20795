#include "services/authority/domain/examine_certificates.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;
using crypto::CertificateAuthority;
using crypto::PrivateKey;
using errors::ErrorId;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
const crypto::Validity kValid = {kNow - absl::Hours(48), kNow + absl::Hours(24 * 365)};

PrivateKey NewKey() { return *PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256); }

class ExamineTest : public testing::Test {
 protected:
  Certificate Device(const char* serial_number, crypto::Validity validity = kValid) const {
    return *ca_.IssueProductInstance(NewKey().Public(), {"C9300-24UX", serial_number}, validity);
  }
  ExaminedTrustCertificates Examine(const std::string& pem) const {
    const std::vector<Certificate> anchors = {ca_.certificate()};
    return ExamineTrustCertificates(*crypto::ParseCertificateBundle(pem),
                                    *crypto::TrustAnchors::Create(anchors), kNow);
  }

  const CertificateAuthority ca_ = *CertificateAuthority::Create(NewKey(), "Maker", kValid);
};

TEST_F(ExamineTest, TakesTheGoodAndNamesEachBadOneWithPlaceAndReason) {
  const CertificateAuthority stranger = *CertificateAuthority::Create(NewKey(), "Stranger", kValid);
  const Certificate no_udi = *ca_.IssueClient(NewKey().Public(), "no udi", kValid);
  const Certificate foreign = *stranger.IssueProductInstance(NewKey().Public(), {"X", "Y"}, kValid);
  const Certificate expired = Device("EXPIRED", {kNow - absl::Hours(40), kNow - absl::Hours(2)});
  const Certificate early = Device("EARLY", {kNow + absl::Hours(2), kNow + absl::Hours(40)});
  const std::string pem =
      absl::StrCat(Device("GOOD1").ToPem(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                   no_udi.ToPem(), foreign.ToPem(), expired.ToPem(), ca_.certificate().ToPem(), early.ToPem(),
                   Device("GOOD2").ToPem());
  const ExaminedTrustCertificates result = Examine(pem);
  ASSERT_EQ(result.accepted.size(), 2u);
  EXPECT_EQ(result.accepted[0].udi.serial_number, "GOOD1");
  EXPECT_EQ(result.accepted[1].udi.serial_number, "GOOD2");
  EXPECT_EQ(result.accepted[1].algorithm, crypto::Algorithm::kEcdsaP256Sha256);

  std::vector<std::string> refusals;
  for (const CertificateRefusal& refusal : result.refusals) {
    refusals.push_back(absl::StrCat(refusal.place, " ", refusal.subject, " ", ErrorId(refusal.status)));
  }
  EXPECT_EQ(refusals, (std::vector<std::string>{
                          "2  crypto.certificate_malformed", "3 CN=no udi crypto.certificate_udi_invalid",
                          "4 CN=Y,serialNumber=PID:X SN:Y crypto.certificate_untrusted",
                          "5 CN=EXPIRED,serialNumber=PID:C9300-24UX SN:EXPIRED crypto.certificate_expired",
                          "6 CN=Maker authority.ca_as_trust_certificate",
                          "7 CN=EARLY,serialNumber=PID:C9300-24UX SN:EARLY "
                          "crypto.certificate_not_yet_valid"}));
}

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

// A certificate whose RSA key has a modulus that is divisible by 3, signed by a sound key.
std::string CertificateOfAnUnsoundKey(const char* basic_constraints) {
  const std::unique_ptr<BIGNUM, FreeWith<BN_free>> modulus(BN_new()), exponent(BN_new());
  BN_set_word(exponent.get(), 65537);
  BN_set_word(modulus.get(), 3);
  BN_lshift(modulus.get(), modulus.get(), 2046);  // 2048 bits, and with 3 added still 3 times something odd
  BN_add_word(modulus.get(), 3);
  const std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), "n", modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), "e", exponent.get());
  const std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  EXPECT_EQ(EVP_PKEY_fromdata_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()), 1);
  const std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> owned(key);

  const std::unique_ptr<X509, FreeWith<X509_free>> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToUnixSeconds(kValid.not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToUnixSeconds(kValid.not_after));
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "serialNumber", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("PID:X SN:Y"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key);
  const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> constraints(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, basic_constraints));
  X509_add_ext(certificate.get(), constraints.get(), -1);
  const std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> signer(EVP_EC_gen("P-256"));
  EXPECT_GT(X509_sign(certificate.get(), signer.get(), EVP_sha256()), 0);

  const std::unique_ptr<BIO, FreeWith<BIO_free>> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

TEST_F(ExamineTest, AKeyOfUnsoundNumbersIsRefusedForDevicesAndForCas) {
  const ExaminedTrustCertificates device = Examine(CertificateOfAnUnsoundKey("critical,CA:FALSE"));
  ASSERT_EQ(device.refusals.size(), 1u);
  EXPECT_EQ(ErrorId(device.refusals[0].status), "crypto.certificate_key_unsupported");
  EXPECT_NE(device.refusals[0].status.message().find("unsound"), absl::string_view::npos);
  const ExaminedCas ca = ExamineManufacturerCas(
      *crypto::ParseCertificateBundle(CertificateOfAnUnsoundKey("critical,CA:TRUE")), kNow);
  ASSERT_EQ(ca.refusals.size(), 1u);
  EXPECT_EQ(ErrorId(ca.refusals[0].status), "crypto.certificate_key_unsupported");
}

TEST_F(ExamineTest, TakesCasAsAnchorsAndNothingElse) {
  const CertificateAuthority expired =
      *CertificateAuthority::Create(NewKey(), "Expired", {kNow - absl::Hours(40), kNow - absl::Hours(2)});
  const ExaminedCas result = ExamineManufacturerCas(
      *crypto::ParseCertificateBundle(
          absl::StrCat(Device("LEAF").ToPem(), ca_.certificate().ToPem(), expired.certificate().ToPem())),
      kNow);
  ASSERT_EQ(result.accepted.size(), 1u);
  EXPECT_EQ(result.accepted[0].subject(), "CN=Maker");
  ASSERT_EQ(result.refusals.size(), 2u);
  EXPECT_EQ(ErrorId(result.refusals[0].status), "authority.not_a_ca_certificate");
  EXPECT_EQ(result.refusals[0].place, 1);
  EXPECT_EQ(ErrorId(result.refusals[1].status), "crypto.certificate_expired");
}

}  // namespace
}  // namespace quartermaster::authority
