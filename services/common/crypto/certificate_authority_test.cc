#include "services/common/crypto/certificate_authority.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <string>

#include "services/common/crypto/certificate_chain.h"
#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

using errors::ErrorId;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
const Validity kValid = {kNow, kNow + absl::Hours(24 * 365)};

PrivateKey NewKey() { return *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256); }
CertificateAuthority NewCa() { return *CertificateAuthority::Create(NewKey(), "Test CA", kValid); }

TEST(CertificateAuthority, MakesItself) {
  const PrivateKey key = NewKey();
  const Certificate ca = CertificateAuthority::Create(key, "Test CA", kValid)->certificate();
  EXPECT_TRUE(ca.is_ca());
  EXPECT_TRUE(ca.is_self_issued());
  EXPECT_EQ(ca.subject(), "CN=Test CA");
  EXPECT_EQ(ca.key_id(), key.Public().key_id());
  EXPECT_EQ(ca.not_before(), kNow);
  EXPECT_EQ(ca.not_after(), kValid.not_after);
  EXPECT_EQ(ca.serial_number().size(), 32u);
}

TEST(CertificateAuthority, IssuesServerCertificatesForNamesAndAddresses) {
  const CertificateAuthority ca = NewCa();
  const Certificate server =
      *ca.IssueServer(NewKey().Public(), {{"localhost", "node-1.example.com"}, {"127.0.0.1", "::1"}}, kValid);
  EXPECT_FALSE(server.is_ca());
  EXPECT_EQ(X509_check_host(server.get(), "node-1.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(server.get(), "node-2.example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(server.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(server.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(server.get(), "127.0.0.2", 0), 0);
  EXPECT_EQ(X509_check_purpose(server.get(), X509_PURPOSE_SSL_SERVER, 0), 1);
  EXPECT_EQ(X509_check_purpose(server.get(), X509_PURPOSE_SSL_CLIENT, 0), 1);
}

TEST(CertificateAuthority, RefusesServerNamesThatAreNone) {
  const CertificateAuthority ca = NewCa();
  const PublicKey key = NewKey().Public();
  EXPECT_FALSE(ca.IssueServer(key, {}, kValid).ok());
  EXPECT_FALSE(ca.IssueServer(key, {{"a b"}, {}}, kValid).ok());
  EXPECT_FALSE(ca.IssueServer(key, {{std::string("evil.com\0.example.com", 21)}, {}}, kValid).ok());
  EXPECT_FALSE(ca.IssueServer(key, {{}, {"127.0.0.256"}}, kValid).ok());
}

TEST(CertificateAuthority, IssuesClientCertificatesThatServeNobody) {
  const Certificate client = *NewCa().IssueClient(NewKey().Public(), "ledger", kValid);
  EXPECT_EQ(client.subject(), "CN=ledger");
  EXPECT_EQ(X509_check_purpose(client.get(), X509_PURPOSE_SSL_CLIENT, 0), 1);
  EXPECT_EQ(X509_check_purpose(client.get(), X509_PURPOSE_SSL_SERVER, 0), 0);
}

TEST(CertificateAuthority, BindsAProductInstanceToItsUdi) {
  const CertificateAuthority ca = NewCa();
  for (const SubjectUdi& udi :
       {SubjectUdi{"C9300-24UX", "FOC2233X0AB"}, SubjectUdi{"with_underscore&more*", "S@1"},
        SubjectUdi{std::string(64, 'P'), std::string(64, 'S')}}) {
    const PrivateKey key = *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256);
    const absl::StatusOr<Certificate> certificate = ca.IssueProductInstance(key.Public(), udi, kValid);
    ASSERT_TRUE(certificate.ok()) << certificate.status();
    EXPECT_EQ(*certificate->Udi(), udi);
    EXPECT_EQ(certificate->Key()->key_id(), key.Public().key_id());
  }
  EXPECT_EQ(ErrorId(ca.IssueProductInstance(NewKey().Public(), {"A SN:B", "C"}, kValid).status()),
            "crypto.certificate_udi_invalid");
}

TEST(CertificateAuthority, CanBeOpenedWithItsOwnKeyOnly) {
  const PrivateKey key = NewKey();
  const CertificateAuthority ca = *CertificateAuthority::Create(key, "Test CA", kValid);
  const absl::StatusOr<CertificateAuthority> opened = CertificateAuthority::Open(key, ca.certificate());
  ASSERT_TRUE(opened.ok());
  const Certificate signer = *opened->IssueSigner(NewKey().Public(), SigningUse::kBlock, "signer", kValid);
  const std::vector<Certificate> anchors = {ca.certificate()};
  EXPECT_TRUE(TrustAnchors::Create(anchors)->Verify(signer, {}, kNow).ok());

  EXPECT_EQ(ErrorId(CertificateAuthority::Open(NewKey(), ca.certificate()).status()),
            "crypto.certificate_untrusted");
  EXPECT_EQ(ErrorId(CertificateAuthority::Open(NewKey(), signer).status()), "crypto.certificate_untrusted");
}

TEST(CertificateAuthority, ASignerIsForOneUse) {
  const CertificateAuthority ca = NewCa();
  const Certificate signer =
      *ca.IssueSigner(NewKey().Public(), SigningUse::kAcknowledgement, "signer", kValid);
  EXPECT_TRUE(signer.AllowsSigning(SigningUse::kAcknowledgement));
  EXPECT_FALSE(signer.AllowsSigning(SigningUse::kBlock));
  const Certificate device = *ca.IssueProductInstance(NewKey().Public(), {"P", "S"}, kValid);
  EXPECT_FALSE(device.AllowsSigning(SigningUse::kAcknowledgement));
  EXPECT_FALSE(ca.certificate().AllowsSigning(SigningUse::kAcknowledgement));
}

TEST(CertificateAuthority, WritesTimesBeyond2049) {
  const absl::Time far = absl::FromUnixSeconds(4'102'444'800);  // 2100-01-01
  const Certificate ca = CertificateAuthority::Create(NewKey(), "Test CA", {kNow, far})->certificate();
  EXPECT_EQ(ca.not_after(), far);
}

TEST(CertificateAuthority, RefusesACommonNameThatIsTooLong) {
  EXPECT_FALSE(CertificateAuthority::Create(NewKey(), std::string(65, 'x'), kValid).ok());
  EXPECT_FALSE(CertificateAuthority::Create(NewKey(), "", kValid).ok());
}

}  // namespace
}  // namespace quartermaster::crypto
