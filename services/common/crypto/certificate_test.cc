#include "services/common/crypto/certificate.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/certificate_fixtures.h"
#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

using errors::ErrorId;

Certificate Device() { return *Certificate::FromPem(fixtures::kDevicePem); }

TEST(Certificate, ShowsWhatStandsInIt) {
  const Certificate device = Device();
  EXPECT_EQ(device.subject(),
            "CN=C9300-24UX-aabbccddeeff,OU=ACT-2 Lite SUDI,O=Example Networks,"
            "serialNumber=PID:C9300-24UX SN:FOC2233X0AB");
  EXPECT_EQ(device.issuer(), "CN=Example Device CA,O=Example Networks");
  EXPECT_EQ(device.serial_number(), fixtures::kDeviceSerialNumber);
  EXPECT_EQ(device.key_id(), fixtures::kDeviceKeyId);
  EXPECT_EQ(absl::FormatTime(device.not_before(), absl::UTCTimeZone()), "2026-11-21T18:33:52+00:00");
  EXPECT_EQ(absl::FormatTime(device.not_after(), absl::UTCTimeZone()), "2095-05-03T18:33:52+00:00");
  EXPECT_FALSE(device.is_ca());
  EXPECT_FALSE(device.is_self_issued());
  EXPECT_EQ(*device.Udi(), (SubjectUdi{"C9300-24UX", "FOC2233X0AB"}));
  EXPECT_EQ(device.Key()->algorithm(), Algorithm::kRsa2048Sha256);
  EXPECT_EQ(device.Key()->key_id(), device.key_id());
  EXPECT_EQ(device.ToPem(), fixtures::kDevicePem);
}

TEST(Certificate, KnowsACaFromItsBasicConstraints) {
  EXPECT_TRUE(Certificate::FromPem(fixtures::kRootCaPem)->is_ca());
  EXPECT_TRUE(Certificate::FromPem(fixtures::kRootCaPem)->is_self_issued());
  EXPECT_TRUE(Certificate::FromPem(fixtures::kDeviceCaPem)->is_ca());
  EXPECT_FALSE(Certificate::FromPem(fixtures::kDeviceCaPem)->is_self_issued());
}

TEST(Certificate, RefusesBytesAfterItsEnd) {
  const absl::Status status = Certificate::FromDer(Device().der() + "x").status();
  EXPECT_EQ(ErrorId(status), "crypto.certificate_malformed");
}

TEST(Certificate, RefusesEveryTruncation) {
  const std::string der = Device().der();
  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_EQ(ErrorId(Certificate::FromDer(der.substr(0, size)).status()), "crypto.certificate_malformed")
        << size;
  }
}

TEST(Certificate, RefusesWhatIsTooLarge) {
  const std::string der(kCertificateBytesMax + 1, '\x30');
  EXPECT_EQ(ErrorId(Certificate::FromDer(der).status()), "crypto.certificate_malformed");
}

TEST(Certificate, SurvivesEveryFlippedByte) {
  const std::string der = Device().der();
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0xff);
    const absl::StatusOr<Certificate> certificate = Certificate::FromDer(changed);
    if (certificate.ok()) {
      // Whatever it says now, saying it must be safe.
      certificate->Udi().status().IgnoreError();
      certificate->Key().status().IgnoreError();
      EXPECT_LE(certificate->subject().size(), 512u);
    }
  }
}

TEST(Certificate, IsValidFromItsStartToItsEndWithAnHourOfSkew) {
  const Certificate device = Device();
  EXPECT_TRUE(device.CheckValidity(device.not_before() - kClockSkewMax).ok());
  EXPECT_TRUE(device.CheckValidity(device.not_after() + kClockSkewMax).ok());
  EXPECT_EQ(ErrorId(device.CheckValidity(device.not_before() - kClockSkewMax - absl::Seconds(1))),
            "crypto.certificate_not_yet_valid");
  EXPECT_EQ(ErrorId(device.CheckValidity(device.not_after() + kClockSkewMax + absl::Seconds(1))),
            "crypto.certificate_expired");
}

TEST(SubjectSerialNumber, IsReadInTheVendorsForm) {
  EXPECT_EQ(*ParseSubjectSerialNumber("PID:WS-C3850-24P SN:FOC1732X0AB"),
            (SubjectUdi{"WS-C3850-24P", "FOC1732X0AB"}));
  EXPECT_EQ(FormatSubjectSerialNumber({"C9800-CL-K9", "9NTUEA8FIIH"}), "PID:C9800-CL-K9 SN:9NTUEA8FIIH");
}

TEST(SubjectSerialNumber, RefusesEveryOtherForm) {
  for (const std::string& text :
       {std::string(""), std::string("PID: SN:"), std::string("PID:A SN:"), std::string("PID: SN:B"),
        std::string("PID:A  SN:B"), std::string("PID:A SN:B "), std::string(" PID:A SN:B"),
        std::string("PID:A SN:B SN:C"), std::string("pid:A sn:B"), std::string("SN:B PID:A"),
        std::string("PID:A\0 SN:B", 11), std::string("PID:A SN:B\n"), std::string("FOC1732X0AB"),
        absl::StrCat("PID:", std::string(65, 'A'), " SN:B"), absl::StrCat("PID:A SN:", std::string(65, 'B')),
        std::string("PID:\xc3\xa9 SN:B")}) {
    EXPECT_EQ(ErrorId(ParseSubjectSerialNumber(text).status()), "crypto.certificate_udi_invalid") << text;
  }
}

TEST(CertificateBundle, ReadsEachBlockAndSkipsWhatStandsBetween) {
  const std::string pem =
      absl::StrCat("subject=/CN=x\n", fixtures::kRootCaPem, "\n# a comment\r\n", fixtures::kDevicePem);
  const auto bundle = ParseCertificateBundle(pem);
  ASSERT_TRUE(bundle.ok());
  ASSERT_EQ(bundle->size(), 2u);
  EXPECT_EQ((*bundle)[0].place, 1);
  EXPECT_TRUE((*bundle)[0].certificate->is_ca());
  EXPECT_EQ((*bundle)[1].place, 2);
  EXPECT_EQ((*bundle)[1].certificate->key_id(), fixtures::kDeviceKeyId);
}

TEST(CertificateBundle, ReadsWindowsLineEnds) {
  std::string pem;
  for (char c : std::string(fixtures::kDevicePem)) {
    if (c == '\n') pem += '\r';
    pem += c;
  }
  EXPECT_TRUE(Certificate::FromPem(pem).ok());
}

TEST(CertificateBundle, ABadBlockDoesNotSinkTheOthers) {
  const std::string truncated = std::string(fixtures::kDevicePem).substr(0, 300) + "\n";
  const std::string pem = absl::StrCat(
      truncated, fixtures::kDevicePem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", fixtures::kRootCaPem);
  const auto bundle = ParseCertificateBundle(pem);
  ASSERT_TRUE(bundle.ok());
  ASSERT_EQ(bundle->size(), 5u);
  EXPECT_NE((*bundle)[0].certificate.status().message().find("no end"), std::string::npos);
  EXPECT_TRUE((*bundle)[1].certificate.ok());
  EXPECT_NE((*bundle)[2].certificate.status().message().find("PRIVATE KEY"), std::string::npos);
  EXPECT_NE((*bundle)[3].certificate.status().message().find("alphabet"), std::string::npos);
  EXPECT_TRUE((*bundle)[4].certificate.ok());
}

TEST(CertificateBundle, RefusesATextWithoutAnyBlock) {
  for (const char* text : {"", "<html></html>", "-----BEGIN", "x -----BEGIN CERTIFICATE-----"}) {
    EXPECT_EQ(ErrorId(ParseCertificateBundle(text).status()), "crypto.certificate_bundle_malformed") << text;
  }
}

TEST(CertificateBundle, RefusesTooManyBlocks) {
  std::string pem;
  for (int i = 0; i <= kCertificateBundleCountMax; ++i) pem += "-----BEGIN \n";
  EXPECT_EQ(ErrorId(ParseCertificateBundle(pem).status()), "crypto.certificate_bundle_malformed");
}

TEST(Certificate, RefusesAKeyThatIsTooSmall) {
  // An RSA-1024 key inside an otherwise sound certificate, made by the openssl command.
  constexpr char kSmall[] = R"(-----BEGIN CERTIFICATE-----
MIIB/jCCAWegAwIBAgIUXDtjVtFUTRzt6U/dOCZJ3+85E6IwDQYJKoZIhvcNAQEL
BQAwEDEOMAwGA1UEAwwFc21hbGwwIBcNMjYxMTIxMTgzNjM0WhgPMjEwMDEwMjQx
ODM2MzRaMBAxDjAMBgNVBAMMBXNtYWxsMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB
iQKBgQDA+ko8T/cdjT07DcmehgFM4hSWmj+xxMcGLJBcPqlyuc5S33Z/X27NrXde
OzQX1n4VnOqAiRXQPTVFNjz4ZKinLKl0+ppBqog1c92B3ggCr+wwwjDzlJ3dlzZ0
p+523jA1m3219rJXBCQpclTY+Unenx3aOgx6nRkuugnqDmYIaQIDAQABo1MwUTAd
BgNVHQ4EFgQU2SIKjGovmLgAcmVDpvzXcdwRpLIwHwYDVR0jBBgwFoAU2SIKjGov
mLgAcmVDpvzXcdwRpLIwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOB
gQCN46EI6yOXc+zbay4t8scw3Qx5KHNS98lB0BPFQ7u1Vm6w7FQgW+oQ6Mu/mfJJ
e+PmiOIcTLIhOwrTN1HWwjRPkR+Raq1hmj5QfDmRSn6/peVMUX9R52YzGSSTbqlc
qi21obKp7EQRbv5qkWMsWEl79zO0HT9pIaTPXE1ojVXaDg==
-----END CERTIFICATE-----
)";
  EXPECT_EQ(ErrorId(Certificate::FromPem(kSmall).status()), "crypto.certificate_key_unsupported");
}

}  // namespace
}  // namespace quartermaster::crypto
