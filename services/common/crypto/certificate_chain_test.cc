#include "services/common/crypto/certificate_chain.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>
#include <vector>

#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/certificate_fixtures.h"
#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

using errors::ErrorId;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);  // 2030
const Validity kValid = {kNow - absl::Hours(24), kNow + absl::Hours(24 * 365)};

PrivateKey NewKey() { return *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256); }
CertificateAuthority NewCa(const char* name, Validity validity = kValid) {
  return *CertificateAuthority::Create(NewKey(), name, validity);
}
Certificate Leaf(const CertificateAuthority& ca, Validity validity = kValid) {
  return *ca.IssueProductInstance(NewKey().Public(), {"P", "S"}, validity);
}
TrustAnchors Anchors(std::vector<Certificate> anchors) { return *TrustAnchors::Create(anchors); }
Certificate Fixture(const char* pem) { return *Certificate::FromPem(pem); }

TEST(TrustAnchors, TrustWhatAnAnchorSigned) {
  const CertificateAuthority ca = NewCa("ca");
  EXPECT_TRUE(Anchors({NewCa("other").certificate(), ca.certificate()}).Verify(Leaf(ca), {}, kNow).ok());
}

TEST(TrustAnchors, TrustThroughAnIntermediate) {
  const TrustAnchors anchors = Anchors({Fixture(fixtures::kRootCaPem)});
  const Certificate device = Fixture(fixtures::kDevicePem);
  const std::vector<Certificate> intermediates = {Fixture(fixtures::kDeviceCaPem)};
  EXPECT_TRUE(anchors.Verify(device, intermediates, kNow).ok());
  EXPECT_EQ(ErrorId(anchors.Verify(device, {}, kNow)), "crypto.certificate_untrusted");
}

TEST(TrustAnchors, AnIntermediateCaIsAnchorEnough) {
  EXPECT_TRUE(
      Anchors({Fixture(fixtures::kDeviceCaPem)}).Verify(Fixture(fixtures::kDevicePem), {}, kNow).ok());
}

TEST(TrustAnchors, DoNotTrustAStrangersCa) {
  const CertificateAuthority ca = NewCa("ca");
  const absl::Status status = Anchors({NewCa("other").certificate()}).Verify(Leaf(ca), {}, kNow);
  EXPECT_EQ(ErrorId(status), "crypto.certificate_untrusted");
  EXPECT_NE(status.message().find("issuer CN=ca"), std::string::npos) << status;
}

TEST(TrustAnchors, DoNotTrustAnotherCaOfTheSameName) {
  const CertificateAuthority real = NewCa("ca");
  const CertificateAuthority impostor = NewCa("ca");
  EXPECT_EQ(ErrorId(Anchors({real.certificate()}).Verify(Leaf(impostor), {}, kNow)),
            "crypto.certificate_untrusted");
}

TEST(TrustAnchors, DoNotTrustAChangedCertificate) {
  const CertificateAuthority ca = NewCa("ca");
  std::string der = Leaf(ca).der();
  der.back() = static_cast<char>(der.back() ^ 1);
  EXPECT_EQ(ErrorId(Anchors({ca.certificate()}).Verify(*Certificate::FromDer(der), {}, kNow)),
            "crypto.certificate_untrusted");
}

TEST(TrustAnchors, AStrangersIntermediateEarnsNoTrust) {
  const CertificateAuthority stranger = NewCa("stranger");
  const std::vector<Certificate> intermediates = {stranger.certificate()};
  EXPECT_EQ(ErrorId(Anchors({NewCa("ca").certificate()}).Verify(Leaf(stranger), intermediates, kNow)),
            "crypto.certificate_untrusted");
}

TEST(TrustAnchors, ALeafSignsNothing) {
  const CertificateAuthority ca = NewCa("ca");
  const PrivateKey leaf_key = NewKey();
  const Certificate leaf = *ca.IssueProductInstance(leaf_key.Public(), {"P", "S"}, kValid);
  // What a product instance would make if it played CA with its own key.
  X509* forged = X509_dup(Leaf(NewCa("x")).get());
  X509_set_issuer_name(forged, X509_get_subject_name(leaf.get()));
  X509_sign(forged, leaf_key.get(), EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(forged, &der);
  const Certificate certificate =
      *Certificate::FromDer({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  X509_free(forged);
  const std::vector<Certificate> intermediates = {leaf};
  EXPECT_EQ(ErrorId(Anchors({ca.certificate()}).Verify(certificate, intermediates, kNow)),
            "crypto.certificate_untrusted");
}

TEST(TrustAnchors, RefuseSha1) {
  const PrivateKey key = NewKey();
  const CertificateAuthority ca = *CertificateAuthority::Create(key, "ca", kValid);
  X509* weak = X509_dup(Leaf(ca).get());
  X509_sign(weak, key.get(), EVP_sha1());
  unsigned char* der = nullptr;
  const int size = i2d_X509(weak, &der);
  const Certificate certificate =
      *Certificate::FromDer({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  X509_free(weak);
  EXPECT_EQ(ErrorId(Anchors({ca.certificate()}).Verify(certificate, {}, kNow)),
            "crypto.certificate_untrusted");
}

TEST(TrustAnchors, AllowAnHourOfSkewAndNoMore) {
  const CertificateAuthority ca = NewCa("ca", {kNow - absl::Hours(100), kNow + absl::Hours(100)});
  const TrustAnchors anchors = Anchors({ca.certificate()});
  const Certificate leaf = Leaf(ca, {kNow, kNow + absl::Hours(10)});
  EXPECT_TRUE(anchors.Verify(leaf, {}, kNow - absl::Minutes(59)).ok());
  EXPECT_TRUE(anchors.Verify(leaf, {}, kNow + absl::Hours(10) + absl::Minutes(59)).ok());
  EXPECT_EQ(ErrorId(anchors.Verify(leaf, {}, kNow - absl::Minutes(61))), "crypto.certificate_not_yet_valid");
  EXPECT_EQ(ErrorId(anchors.Verify(leaf, {}, kNow + absl::Hours(10) + absl::Minutes(61))),
            "crypto.certificate_expired");
}

TEST(TrustAnchors, AnExpiredAnchorIsNotTrusted) {
  const CertificateAuthority ca = NewCa("ca", {kNow - absl::Hours(100), kNow - absl::Hours(2)});
  const Certificate leaf = Leaf(ca);
  EXPECT_EQ(leaf.not_after(), ca.certificate().not_after()) << "a leaf never outlives its CA";
  EXPECT_EQ(ErrorId(Anchors({ca.certificate()}).Verify(leaf, {}, kNow)), "crypto.certificate_expired");
}

TEST(TrustAnchors, OfARenewedCaTheValidOneCounts) {
  const PrivateKey key = NewKey();
  const CertificateAuthority expired =
      *CertificateAuthority::Create(key, "ca", {kNow - absl::Hours(100), kNow - absl::Hours(2)});
  const CertificateAuthority renewed = *CertificateAuthority::Create(key, "ca", kValid);
  const Certificate leaf = Leaf(renewed);
  EXPECT_TRUE(Anchors({expired.certificate(), renewed.certificate()}).Verify(leaf, {}, kNow).ok());
  EXPECT_TRUE(Anchors({renewed.certificate(), expired.certificate()}).Verify(leaf, {}, kNow).ok());
}

TEST(TrustAnchors, AreCasOnly) {
  const std::vector<Certificate> leaf = {Leaf(NewCa("ca"))};
  EXPECT_EQ(ErrorId(TrustAnchors::Create(leaf).status()), "crypto.certificate_untrusted");
}

TEST(TrustAnchors, AnEmptySetTrustsNothing) {
  const TrustAnchors none = Anchors({});
  EXPECT_TRUE(none.empty());
  const CertificateAuthority ca = NewCa("ca");
  EXPECT_EQ(ErrorId(none.Verify(Leaf(ca), {}, kNow)), "crypto.certificate_untrusted");
  EXPECT_EQ(ErrorId(none.Verify(ca.certificate(), {}, kNow)), "crypto.certificate_untrusted");
}

}  // namespace
}  // namespace quartermaster::crypto
