// Files are put together here by hand from docs/reference/formats.md, not by the authority's code.
#include "services/common/crypto/acknowledgement_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

using errors::ErrorId;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
const Validity kValid = {kNow - absl::Hours(24), kNow + absl::Hours(24 * 365)};
const SubjectUdi kUdi = {"C9300-24UX", "FOC2233X0AB"};
const AcknowledgementReader kReader = {kUdi, 0, kNow};

constexpr char kAcknowledgement[] =
    R"({"version":"1.0","udi":{"udi_pid":"C9300-24UX","udi_serial_number":"FOC2233X0AB"},)"
    R"("sequence":12,"issued_at":1900000000,"acknowledged_since":1865440000,"acknowledged":[)"
    R"({"entitlement_tag":"regid.a,1.0_x","report_ids":[1671840750,1671840751]},)"
    R"({"entitlement_tag":"regid.b\u0027s,1.0_y","report_ids":[7]}]})";
constexpr char kPolicy[] =
    R"({"version":"1.0","udi":{"udi_pid":"C9300-24UX","udi_serial_number":"FOC2233X0AB"},)"
    R"("sequence":12,"issued_at":1900000000,"policy":{"name":"Default",)"
    R"("acknowledgement_required":true,"push_interval_days":30,"classes":[)"
    R"({"class":"unenforced_perpetual","first_report_days":365,"ongoing_days":0,"on_change_days":90},)"
    R"({"class":"unenforced_subscription","first_report_days":90,"ongoing_days":90,"on_change_days":90},)"
    R"({"class":"enforced","first_report_days":0,"ongoing_days":0,"on_change_days":0},)"
    R"({"class":"export_controlled","first_report_days":0,"ongoing_days":0,"on_change_days":0}]},)"
    R"("next_report_due":1902592000,"next_acknowledgement_due":1907776000})";

PrivateKey NewKey() { return *PrivateKey::Generate(Algorithm::kEcdsaP256Sha256); }

// An authority, and the wrong things that a forger would try.
class AcknowledgementFileTest : public testing::Test {
 protected:
  static std::string Escaped(const std::string& text) {
    return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}});
  }

  std::string Envelope(const std::string& payload, const std::string& signed_bytes,
                       const std::string& alg = "ECDSA-P256-SHA256") const {
    return absl::StrCat(R"({"payload":")", Escaped(payload), R"(","signature":{"alg":")", alg,
                        R"(","key_id":")", key_id_.empty() ? signer_.key_id() : key_id_, R"(","value":")",
                        Base64Encode(*signing_key_.Sign(signed_bytes)), R"(","certificates":[")",
                        Base64Encode(signer_.der()), R"(",")", Base64Encode(ca_.certificate().der()),
                        R"("]}})");
  }
  std::string File(const std::string& acknowledgement = kAcknowledgement,
                   const std::string& policy = kPolicy) const {
    return Wrap(Envelope(acknowledgement, "quartermaster.acknowledgement.v1\n" + acknowledgement),
                Envelope(policy, "quartermaster.policy.v1\n" + policy));
  }
  static std::string Wrap(const std::string& acknowledgement, const std::string& policy) {
    return absl::StrCat("<smartLicense><smartLicenseRumAck><data>", acknowledgement,
                        "</data></smartLicenseRumAck><smartLicensePolicy><data>", policy,
                        "</data></smartLicensePolicy></smartLicense>");
  }
  absl::StatusOr<AcknowledgementFile> Verify(const std::string& file,
                                             const AcknowledgementReader& reader = kReader) const {
    const std::vector<Certificate> pinned = {ca_.certificate()};
    return AcknowledgementVerifier::Create(pinned)->Verify(file, reader);
  }
  std::string Refusal(const std::string& file, const AcknowledgementReader& reader = kReader) const {
    return ErrorId(Verify(file, reader).status());
  }

  CertificateAuthority ca_ = *CertificateAuthority::Create(NewKey(), "Authority", kValid);
  PrivateKey signing_key_ = NewKey();
  Certificate signer_ =
      *ca_.IssueSigner(signing_key_.Public(), SigningUse::kAcknowledgement, "Acknowledgements", kValid);
  std::string key_id_;
};

TEST_F(AcknowledgementFileTest, IsReadWhenEverythingChecks) {
  const auto file = Verify(File());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->udi, kUdi);
  EXPECT_EQ(file->sequence, 12);
  EXPECT_EQ(file->issued_at, kNow);
  EXPECT_EQ(file->acknowledged_since, absl::FromUnixSeconds(1865440000));
  ASSERT_EQ(file->acknowledged.size(), 2u);
  EXPECT_EQ(file->acknowledged[0], (AcknowledgedTag{"regid.a,1.0_x", {1671840750, 1671840751}}));
  EXPECT_EQ(file->acknowledged[1], (AcknowledgedTag{"regid.b's,1.0_y", {7}}));
  EXPECT_EQ(file->policy.policy.name, "Default");
  EXPECT_TRUE(file->policy.policy.acknowledgement_required);
  EXPECT_EQ(file->policy.policy.push_interval_days, 30);
  EXPECT_EQ(file->policy.policy.days, policy::kDefaultReportingDays);
  EXPECT_EQ(file->policy.next_report_due, kNow + absl::Hours(24 * 30));
  EXPECT_EQ(file->policy.next_acknowledgement_due, kNow + absl::Hours(24 * 90));
}

TEST_F(AcknowledgementFileTest, MayHaveNoNextAcknowledgement) {
  const std::string policy = absl::StrReplaceAll(
      kPolicy, {{"\"next_acknowledgement_due\":1907776000", "\"next_acknowledgement_due\":null"}});
  EXPECT_EQ(Verify(File(kAcknowledgement, policy))->policy.next_acknowledgement_due, std::nullopt);
}

TEST_F(AcknowledgementFileTest, OfAnotherKeyIsRefused) {
  signing_key_ = NewKey();
  EXPECT_EQ(Refusal(File()), "crypto.acknowledgement_signature_invalid");
}

TEST_F(AcknowledgementFileTest, OfAnotherAuthorityIsRefused) {
  const std::string file = File();
  ca_ = *CertificateAuthority::Create(NewKey(), "Authority", kValid);
  EXPECT_EQ(Refusal(file), "crypto.certificate_untrusted");
}

TEST_F(AcknowledgementFileTest, UnderAnotherAlgorithmIsRefused) {
  const std::string acknowledgement =
      Envelope(kAcknowledgement, absl::StrCat("quartermaster.acknowledgement.v1\n", kAcknowledgement),
               "RSA-2048-SHA256");
  const std::string policy =
      Envelope(kPolicy, absl::StrCat("quartermaster.policy.v1\n", kPolicy), "RSA-2048-SHA256");
  EXPECT_EQ(Refusal(Wrap(acknowledgement, policy)), "crypto.acknowledgement_signature_invalid");
  const std::string none = absl::StrReplaceAll(File(), {{"ECDSA-P256-SHA256", "none"}});
  EXPECT_EQ(Refusal(none), "crypto.acknowledgement_file_malformed");
}

TEST_F(AcknowledgementFileTest, NamingAnotherKeyIsRefused) {
  key_id_ = std::string(64, 'a');
  EXPECT_EQ(Refusal(File()), "crypto.acknowledgement_signature_invalid");
}

TEST_F(AcknowledgementFileTest, WithoutThePrefixOfItsKindIsRefused) {
  // Each half is soundly signed, but for the other place or for none.
  const std::string acknowledgement = kAcknowledgement;
  for (const char* prefix :
       {"", "quartermaster.policy.v1\n", "quartermaster.block.v1\n", "quartermaster.acknowledgement.v1"}) {
    EXPECT_EQ(Refusal(Wrap(Envelope(acknowledgement, prefix + acknowledgement),
                           Envelope(kPolicy, absl::StrCat("quartermaster.policy.v1\n", kPolicy)))),
              "crypto.acknowledgement_signature_invalid")
        << prefix;
  }
}

TEST_F(AcknowledgementFileTest, WithChangedContentIsRefused) {
  const std::string file = File();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"1671840750", "1671840759"},
           {"\\\"sequence\\\":12", "\\\"sequence\\\":99"},
           {"\\\"ongoing_days\\\":90", "\\\"ongoing_days\\\":0"}}) {
    const std::string changed = absl::StrReplaceAll(file, {{from, to}});
    ASSERT_NE(changed, file);
    EXPECT_EQ(Refusal(changed), "crypto.acknowledgement_signature_invalid") << to;
  }
}

TEST_F(AcknowledgementFileTest, ReEncodedIsRefused) {
  const std::string file = File();
  // The same JSON value, other bytes.
  EXPECT_EQ(Refusal(absl::StrReplaceAll(file, {{"\\\"sequence\\\":12", "\\\"sequence\\\": 12"}})),
            "crypto.acknowledgement_signature_invalid");
  // The same bytes, other base64.
  const size_t value = file.find("\"value\":\"") + 9;
  std::string broken_line = file;
  broken_line.insert(value + 4, "\\n");
  EXPECT_EQ(Refusal(broken_line), "crypto.acknowledgement_file_malformed");
  // The same text in UTF-16.
  std::string wide = "\xff\xfe";
  for (char c : file) (wide += c) += '\0';
  EXPECT_EQ(Refusal(wide), "crypto.acknowledgement_file_malformed");
}

TEST_F(AcknowledgementFileTest, CutOffAnywhereIsRefused) {
  const std::string file = File();
  for (size_t size = 0; size < file.size(); size += 7) {
    EXPECT_EQ(Refusal(file.substr(0, size)), "crypto.acknowledgement_file_malformed") << size;
  }
}

TEST_F(AcknowledgementFileTest, OfAnExpiredSignerIsRefusedAfterAnHourOfSkew) {
  const std::string file = File();
  AcknowledgementReader late = kReader;
  late.now = kValid.not_after + absl::Minutes(59);
  EXPECT_TRUE(Verify(file, late).ok());
  late.now = kValid.not_after + absl::Minutes(61);
  EXPECT_EQ(Refusal(file, late), "crypto.certificate_expired");
}

TEST_F(AcknowledgementFileTest, OfASignerOfTheFutureIsRefused) {
  AcknowledgementReader early = kReader;
  early.now = kValid.not_before - absl::Hours(2);
  EXPECT_EQ(Refusal(File(), early), "crypto.certificate_not_yet_valid");
}

TEST_F(AcknowledgementFileTest, ForAnotherProductInstanceIsRefused) {
  AcknowledgementReader other = kReader;
  other.udi.serial_number = "FOC9999X0AB";
  EXPECT_EQ(Refusal(File(), other), "crypto.acknowledgement_for_another");
}

TEST_F(AcknowledgementFileTest, OlderThanTheLastOneIsRefusedAndTheSameIsNot) {
  AcknowledgementReader reader = kReader;
  reader.sequence_seen = 12;
  EXPECT_TRUE(Verify(File(), reader).ok());
  reader.sequence_seen = 13;
  EXPECT_EQ(Refusal(File(), reader), "crypto.acknowledgement_outdated");
}

TEST_F(AcknowledgementFileTest, WithThePolicyOfAnotherFileIsRefused) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"sequence\":12", "\"sequence\":11"}, {"FOC2233X0AB", "FOC9999X0AB"}}) {
    EXPECT_EQ(Refusal(File(kAcknowledgement, absl::StrReplaceAll(kPolicy, {{from, to}}))),
              "crypto.acknowledgement_file_malformed");
  }
}

TEST_F(AcknowledgementFileTest, SignedByAKeyForAnotherUseIsRefused) {
  signer_ = *ca_.IssueSigner(signing_key_.Public(), SigningUse::kBlock, "Blocks", kValid);
  EXPECT_EQ(Refusal(File()), "crypto.certificate_untrusted");
  // A trust code comes from the same CA.
  signer_ = *ca_.IssueProductInstance(signing_key_.Public(), kUdi, kValid);
  EXPECT_EQ(Refusal(File()), "crypto.certificate_untrusted");
}

TEST_F(AcknowledgementFileTest, WithADoctypeOrAnotherRootIsRefused) {
  const std::string file = File();
  for (const std::string& hostile :
       {"<!DOCTYPE smartLicense [<!ENTITY a \"aaaa\">]>" + file, "<html>" + file + "</html>", file + file,
        std::string("not xml"), std::string(), std::string("<smartLicense></smartLicense>"),
        std::string("<other/>"), std::string("<smartLicense><a><b><c><d><e><f><g><h/>"),
        std::string("<smartLicense><smartLicenseRumAck><data>b3BhcXVl</data></smartLicenseRumAck>"
                    "<smartLicensePolicy><data>b3BhcXVl</data></smartLicensePolicy></smartLicense>"),
        Wrap(std::string(100000, '['), "{}"), std::string(kAcknowledgementFileBytesMax + 1, ' ')}) {
    EXPECT_EQ(Refusal(hostile), "crypto.acknowledgement_file_malformed") << hostile.substr(0, 100);
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<smartLicense>";
  EXPECT_EQ(Refusal(deep), "crypto.acknowledgement_file_malformed");
}

TEST_F(AcknowledgementFileTest, WithTwoAcknowledgementsIsRefused) {
  std::string file = File();
  const std::string begin = "<smartLicenseRumAck>";
  const std::string end = "</smartLicenseRumAck>";
  const size_t at = file.find(begin);
  const std::string element = file.substr(at, file.find(end) + end.size() - at);
  file.insert(at, element);
  EXPECT_EQ(Refusal(file), "crypto.acknowledgement_file_malformed");
}

TEST_F(AcknowledgementFileTest, SaysWhatIsWrongWithAPayload) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"version\":\"1.0\"", "\"version\":\"2.0\""},
           {"\"sequence\":12", "\"sequence\":0"},
           {"\"sequence\":12", "\"sequence\":12.0"},
           {"\"sequence\":12", "\"sequence\":18446744073709551615"},
           {"\"issued_at\":1900000000", "\"issued_at\":\"now\""},
           {"[7]", "[\"7\"]"},
           {"[7]", "7"}}) {
    const std::string payload = absl::StrReplaceAll(kAcknowledgement, {{from, to}});
    ASSERT_NE(payload, kAcknowledgement);
    EXPECT_EQ(Refusal(File(payload)), "crypto.acknowledgement_file_malformed") << to;
  }
}

TEST(AcknowledgementVerifier, NeedsACaToPin) {
  EXPECT_FALSE(AcknowledgementVerifier::Create({}).ok());
  const PrivateKey key = NewKey();
  const CertificateAuthority ca = *CertificateAuthority::Create(key, "Authority", kValid);
  const std::vector<Certificate> leaf = {
      *ca.IssueSigner(key.Public(), SigningUse::kAcknowledgement, "x", kValid)};
  EXPECT_EQ(ErrorId(AcknowledgementVerifier::Create(leaf).status()), "crypto.certificate_untrusted");
}

// A policy by itself: the same envelope under another root.
class PolicyFileTest : public AcknowledgementFileTest {
 protected:
  static std::string WrapPolicy(const std::string& envelope) {
    return absl::StrCat("<smartLicensePolicy><data>", envelope, "</data></smartLicensePolicy>");
  }
  std::string PolicyOnly(const std::string& policy = kPolicy) const {
    return WrapPolicy(Envelope(policy, "quartermaster.policy.v1\n" + policy));
  }
  absl::StatusOr<PolicyFile> VerifyPolicy(const std::string& file,
                                          const AcknowledgementReader& reader = kReader) const {
    const std::vector<Certificate> pinned = {ca_.certificate()};
    return AcknowledgementVerifier::Create(pinned)->VerifyPolicy(file, reader);
  }
  std::string PolicyRefusal(const std::string& file, const AcknowledgementReader& reader = kReader) const {
    return ErrorId(VerifyPolicy(file, reader).status());
  }
};

TEST_F(PolicyFileTest, IsReadWhenEverythingChecks) {
  const std::string custom = absl::StrReplaceAll(
      kPolicy, {{R"("name":"Default",)", R"("name":"Branches","type":"custom",)"}, {":365", ":30"}});
  const auto file = VerifyPolicy(PolicyOnly(custom));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->udi, kUdi);
  EXPECT_EQ(file->sequence, 12);
  EXPECT_EQ(file->issued_at, kNow);
  EXPECT_EQ(file->policy.policy.name, "Branches");
  EXPECT_EQ(file->policy.policy.type, policy::PolicyType::kCustom);
  EXPECT_EQ(file->policy.policy.days[0].first_report, 30);
}

TEST_F(PolicyFileTest, IsForOneProductInstanceAndNeverOlderThanWhatIsInstalled) {
  EXPECT_EQ(PolicyRefusal(PolicyOnly(), {{"C9300-24UX", "OTHER"}, 0, kNow}),
            "crypto.acknowledgement_for_another");
  EXPECT_EQ(PolicyRefusal(PolicyOnly(), {kUdi, 13, kNow}), "crypto.acknowledgement_outdated");
  EXPECT_TRUE(VerifyPolicy(PolicyOnly(), {kUdi, 12, kNow, kNow}).ok());
  EXPECT_EQ(PolicyRefusal(PolicyOnly(), {kUdi, 12, kNow, kNow + absl::Seconds(1)}),
            "crypto.acknowledgement_outdated");
}

TEST_F(PolicyFileTest, IsRefusedWhenAnythingOfItWasMadeBySomebodyElse) {
  EXPECT_EQ(PolicyRefusal(WrapPolicy(Envelope(kPolicy, kPolicy))),
            "crypto.acknowledgement_signature_invalid");
  EXPECT_EQ(PolicyRefusal(
                WrapPolicy(Envelope(kPolicy, absl::StrCat("quartermaster.acknowledgement.v1\n", kPolicy)))),
            "crypto.acknowledgement_signature_invalid");
  std::string changed = PolicyOnly();
  changed.replace(changed.find("365"), 3, "366");
  EXPECT_EQ(PolicyRefusal(changed), "crypto.acknowledgement_signature_invalid");
  EXPECT_EQ(PolicyRefusal(PolicyOnly(), {kUdi, 0, kNow + absl::Hours(24 * 366)}),
            "crypto.certificate_expired");
  signing_key_ = NewKey();
  EXPECT_EQ(PolicyRefusal(PolicyOnly()), "crypto.acknowledgement_signature_invalid");
}

TEST_F(PolicyFileTest, IsNoOtherFileAndNoOtherFileIsOne) {
  const std::string envelope = Envelope(kPolicy, absl::StrCat("quartermaster.policy.v1\n", kPolicy));
  EXPECT_EQ(PolicyRefusal(File()), "crypto.acknowledgement_file_malformed");
  EXPECT_EQ(Refusal(PolicyOnly()), "crypto.acknowledgement_file_malformed");
  for (const std::string& file :
       {std::string(), std::string("<smartLicensePolicy/>"), PolicyOnly().substr(0, 300), PolicyOnly() + "x",
        "<!DOCTYPE smartLicensePolicy>" + PolicyOnly(),
        absl::StrCat("<smartLicensePolicy><data>", envelope, "</data><data>", envelope,
                     "</data></smartLicensePolicy>"),
        absl::StrCat("<smartLicensePolicy><a><data>", envelope, "</data></a></smartLicensePolicy>"),
        WrapPolicy("{}"), PolicyOnly(absl::StrReplaceAll(kPolicy, {{"\"sequence\":12", "\"sequence\":-1"}})),
        PolicyOnly(absl::StrReplaceAll(kPolicy, {{"\"first_report_days\":365", "\"first_report_days\":-1"}})),
        PolicyOnly(absl::StrReplaceAll(kPolicy, {{"\"enforced\"", "\"export_controlled\""}}))}) {
    EXPECT_EQ(PolicyRefusal(file), "crypto.acknowledgement_file_malformed") << file;
  }
}

}  // namespace
}  // namespace quartermaster::crypto
