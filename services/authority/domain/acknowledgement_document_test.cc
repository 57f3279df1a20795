#include "services/authority/domain/acknowledgement_document.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "services/authority/domain/key_schedule.h"
#include "services/common/crypto/acknowledgement_file.h"
#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

using policy::LicenseClass;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
const crypto::SubjectUdi kUdi = {"C9300-24UX", "FOC2233X0AB"};
const std::map<int64_t, SourceTag> kTags = {
    {1, {"regid.subscription", LicenseClass::kUnenforcedSubscription, true}},
    {2, {"regid.perpetual", LicenseClass::kUnenforcedPerpetual, true}},
    {3, {"it's <\"odd\"> & \xc3\xa9", LicenseClass::kEnforced, true}}};

class AcknowledgementDocumentTest : public testing::Test {
 protected:
  static SigningKeys MakeKeys() {
    const SigningKey ca = *MakeCaKey(kNow);
    return SigningKeys({ca, *MakeSignerKey(ca, KeyPurpose::kAcknowledgement, kNow)}, {ca.certificate});
  }
  const SigningKeys keys_ = MakeKeys();
};

// The payload of the n-th envelope in a file.
std::string Payload(const std::string& file, int n) {
  size_t at = 0;
  for (int i = 0; i <= n; ++i) at = file.find("<data>", at) + 6;
  const std::string envelope = file.substr(at, file.find("</data>", at) - at);
  return nlohmann::json::parse(envelope).at("payload").get<std::string>();
}

TEST_F(AcknowledgementDocumentTest, SaysExactlyWhatTheFormatSays) {
  const auto content = CollectAcknowledgement(
      kUdi, {{{12, kNow, {{1, 751}, {1, 750}}}, {11, kNow - kDay, {{2, 5}}}}, kTags, {}}, kNow);
  ASSERT_TRUE(content.ok()) << content.status();
  const std::string file = *ComposeAcknowledgementFile(*content, keys_);
  EXPECT_EQ(Payload(file, 0),
            R"({"version":"1.0","udi":{"udi_pid":"C9300-24UX","udi_serial_number":"FOC2233X0AB"},)"
            R"("sequence":12,"issued_at":1900000000,"acknowledged_since":1899913600,)"
            R"("acknowledged":[{"entitlement_tag":"regid.perpetual","report_ids":[5]},)"
            R"({"entitlement_tag":"regid.subscription","report_ids":[750,751]}]})");
  EXPECT_EQ(
      Payload(file, 1),
      R"({"version":"1.0","udi":{"udi_pid":"C9300-24UX","udi_serial_number":"FOC2233X0AB"},)"
      R"("sequence":12,"issued_at":1900000000,"policy":{"name":"Default","type":"default",)"
      R"("acknowledgement_required":true,"push_interval_days":30,"classes":[)"
      R"({"class":"unenforced_perpetual","first_report_days":365,"ongoing_days":0,"on_change_days":90},)"
      R"({"class":"unenforced_subscription","first_report_days":90,"ongoing_days":90,"on_change_days":90},)"
      R"({"class":"enforced","first_report_days":0,"ongoing_days":0,"on_change_days":0},)"
      R"({"class":"export_controlled","first_report_days":0,"ongoing_days":0,"on_change_days":0}]},)"
      R"("next_report_due":1902592000,"next_acknowledgement_due":1907776000})");
}

TEST_F(AcknowledgementDocumentTest, IsAcceptedByTheProductInstance) {
  const auto content = CollectAcknowledgement(kUdi, {{{3, kNow, {{1, 7}, {3, 9}}}}, kTags, {}}, kNow);
  const std::string file = *ComposeAcknowledgementFile(*content, keys_);
  const auto verifier = crypto::AcknowledgementVerifier::Create(keys_.certificates());
  const auto read = verifier->Verify(file, {kUdi, 2, kNow});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->sequence, 3);
  ASSERT_EQ(read->acknowledged.size(), 2u);
  EXPECT_EQ(read->acknowledged[0], (crypto::AcknowledgedTag{"it's <\"odd\"> & \xc3\xa9", {9}}));
  EXPECT_EQ(read->acknowledged[1], (crypto::AcknowledgedTag{"regid.subscription", {7}}));
}

TEST_F(AcknowledgementDocumentTest, HasNoApostropheAndIsAscii) {
  const auto content = CollectAcknowledgement(kUdi, {{{1, kNow, {{3, 9}}}}, kTags, {}}, kNow);
  const std::string file = *ComposeAcknowledgementFile(*content, keys_);
  EXPECT_EQ(file.find('\''), std::string::npos);
  EXPECT_EQ(file.find('&'), std::string::npos);
  for (char c : file) ASSERT_TRUE(c >= ' ' && c <= '~');
  EXPECT_TRUE(file.starts_with("<smartLicense><smartLicenseRumAck><data>{"));
  EXPECT_TRUE(file.ends_with("}</data></smartLicensePolicy></smartLicense>"));
}

TEST(CollectAcknowledgement, CountsTheOngoingDaysOfTheClassesInUseFromTheAcknowledgement) {
  const auto both = CollectAcknowledgement(kUdi, {{{1, kNow, {{1, 1}, {2, 2}}}}, kTags, {}}, kNow);
  EXPECT_EQ(both->next_acknowledgement_due, kNow + 90 * kDay);
  // A tag whose use has ended has no deadline, though its reports are acknowledged.
  auto tags = kTags;
  tags.at(1).in_use = false;
  const auto perpetual = CollectAcknowledgement(kUdi, {{{1, kNow, {{1, 1}, {2, 2}}}}, tags, {}}, kNow);
  EXPECT_EQ(perpetual->next_acknowledgement_due, std::nullopt);
  EXPECT_EQ(perpetual->next_report_due, kNow + 30 * kDay);
}

policy::ReportingPolicy Strict() {
  policy::ReportingPolicy policy;
  policy.type = policy::PolicyType::kCustom;
  policy.name = "Strict; it's <ours>";
  policy.push_interval_days = 7;
  policy.days = {{{30, 60, 60}, {120, 111, 111}, {10, 20, 30}, {0, 0, 0}}};
  return policy;
}

TEST_F(AcknowledgementDocumentTest, CarriesThePolicyOfItsRoundAndTheDeadlinesThatFollow) {
  const auto content = CollectAcknowledgement(kUdi, {{{3, kNow, {{1, 7}}}}, kTags, Strict()}, kNow);
  ASSERT_TRUE(content.ok()) << content.status();
  const std::string file = *ComposeAcknowledgementFile(*content, keys_);
  EXPECT_EQ(file.find('\''), std::string::npos);
  EXPECT_NE(
      Payload(file, 1).find(R"("policy":{"name":"Strict; it\u0027s \u003cours\u003e","type":"custom",)"),
      std::string::npos)
      << Payload(file, 1);
  const auto verifier = crypto::AcknowledgementVerifier::Create(keys_.certificates());
  const auto read = verifier->Verify(file, {kUdi, 2, kNow});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->policy.policy, Strict());
  EXPECT_EQ(read->policy.next_report_due, kNow + 7 * kDay);
  EXPECT_EQ(read->policy.next_acknowledgement_due, kNow + 20 * kDay) << "the enforced tag is in use too";
}

TEST_F(AcknowledgementDocumentTest, APolicyFileIsThePolicyOfTheAcknowledgementFile) {
  const auto content = CollectAcknowledgement(kUdi, {{{3, kNow, {{1, 7}}}}, kTags, Strict()}, kNow);
  const std::string file = *ComposePolicyFile(*content, keys_);
  EXPECT_TRUE(file.starts_with("<smartLicensePolicy><data>{"));
  EXPECT_TRUE(file.ends_with("}</data></smartLicensePolicy>"));
  EXPECT_EQ(file.find('\''), std::string::npos);
  EXPECT_EQ(Payload(file, 0), Payload(*ComposeAcknowledgementFile(*content, keys_), 1));
  const auto verifier = crypto::AcknowledgementVerifier::Create(keys_.certificates());
  const auto read = verifier->VerifyPolicy(file, {kUdi, 3, kNow});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->policy.policy, Strict());
  EXPECT_EQ(read->sequence, 3);
}

TEST_F(AcknowledgementDocumentTest, APolicyBeforeAnyAcknowledgementHasNoSequence) {
  const std::string file = *ComposePolicyFile(FirstPolicy(kUdi, Strict(), kNow), keys_);
  const auto verifier = crypto::AcknowledgementVerifier::Create(keys_.certificates());
  const auto read = verifier->VerifyPolicy(file, {kUdi, 0, kNow});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->sequence, 0);
  EXPECT_EQ(read->issued_at, kNow);
  EXPECT_EQ(read->policy.next_acknowledgement_due, std::nullopt);
  // A product instance that was acknowledged since does not fall back to it.
  EXPECT_EQ(errors::ErrorId(verifier->VerifyPolicy(file, {kUdi, 1, kNow}).status()),
            "crypto.acknowledgement_outdated");
}

TEST(CollectAcknowledgement, HasNoAcknowledgementDeadlineWhereNoneIsRequired) {
  policy::ReportingPolicy policy = Strict();
  policy.acknowledgement_required = false;
  const auto content = CollectAcknowledgement(kUdi, {{{3, kNow, {{1, 7}}}}, kTags, policy}, kNow);
  EXPECT_EQ(content->next_acknowledgement_due, std::nullopt);
}

TEST(CollectAcknowledgement, ListsWhatIsNotOlderThan400DaysAndAlwaysTheNewest) {
  const std::vector<AcknowledgementRound> rounds = {{3, kNow - 399 * kDay, {{1, 30}}},
                                                    {2, kNow - 400 * kDay, {{1, 20}}},
                                                    {1, kNow - 401 * kDay, {{1, 10}}}};
  const auto listed = CollectAcknowledgement(kUdi, {rounds, kTags, {}}, kNow);
  EXPECT_EQ(listed->report_ids_by_tag.at("regid.subscription"), (std::vector<int64_t>{20, 30}));
  EXPECT_EQ(listed->acknowledged_since, kNow - 400 * kDay);
  EXPECT_EQ(listed->report_count, 2);
  const auto later = CollectAcknowledgement(kUdi, {rounds, kTags, {}}, kNow + 1000 * kDay);
  EXPECT_EQ(later->report_ids_by_tag.at("regid.subscription"), (std::vector<int64_t>{30}));
  EXPECT_EQ(later->sequence, 3);
}

TEST(CollectAcknowledgement, StopsBeforeMoreReportsThanAFileMayList) {
  std::vector<AcknowledgementRound> rounds;
  for (int64_t round = 3; round >= 1; --round) {
    AcknowledgementRound& added = rounds.emplace_back();
    added.sequence = round;
    added.issued_at = kNow - (3 - round) * kDay;
    for (int64_t i = 0; i < 10000; ++i) added.reports.push_back({1, round * 10000 + i});
  }
  const auto content = CollectAcknowledgement(kUdi, {rounds, kTags, {}}, kNow);
  EXPECT_EQ(content->report_count, 20000);
  EXPECT_EQ(content->acknowledged_since, kNow - kDay);
}

TEST(CollectAcknowledgement, ListsAReportOnceThoughTwoRoundsNameIt) {
  const auto content =
      CollectAcknowledgement(kUdi, {{{2, kNow, {{1, 7}}}, {1, kNow, {{1, 7}}}}, kTags, {}}, kNow);
  EXPECT_EQ(content->report_count, 1);
}

TEST(CollectAcknowledgement, RefusesASourceThatIsNotTheSenders) {
  EXPECT_EQ(errors::ErrorId(CollectAcknowledgement(kUdi, {{{1, kNow, {{99, 7}}}}, kTags, {}}, kNow).status()),
            "authority.stored_row_damaged");
}

}  // namespace
}  // namespace quartermaster::authority
