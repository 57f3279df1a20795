// Files are put together by hand from docs/reference/formats.md.
#include "clients/agent/acknowledge.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"

namespace quartermaster::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kNow = 1'780'000'000;
const absl::Time kTime = absl::FromUnixSeconds(kNow);
const crypto::Validity kValid = {kTime - absl::Hours(24), kTime + absl::Hours(24 * 365)};

crypto::PrivateKey NewKey() { return *crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256); }

class AcknowledgeTest : public ::testing::Test {
 protected:
  AcknowledgeTest() {
    state_.udi = {"C9300-24UX", "SN1"};
    state_.clock_s = kNow;
    for (const int64_t id : {10, 11, 12}) {
      ClosedReport report;
      report.report_id = id;
      report.udi = state_.udi;
      report.entitlement_tag = "tag";
      state_.reports.push_back(report);
    }
  }

  std::string Envelope(const std::string& prefix, const Json& payload) {
    const std::string text = payload.dump();
    const Json envelope = {
        {"payload", text},
        {"signature",
         {{"alg", "ECDSA-P256-SHA256"},
          {"key_id", signer_.key_id()},
          {"value", crypto::Base64Encode(*key_.Sign(prefix + text))},
          {"certificates",
           {crypto::Base64Encode(signer_.der()), crypto::Base64Encode(ca_.certificate().der())}}}}};
    return envelope.dump();
  }

  std::string File(const std::string& serial_number, int64_t sequence, std::vector<int64_t> ids) {
    const Json head = {{"version", "1.0"},
                       {"udi", {{"udi_pid", "C9300-24UX"}, {"udi_serial_number", serial_number}}},
                       {"sequence", sequence},
                       {"issued_at", kNow}};
    Json acknowledgement = head;
    acknowledgement["acknowledged_since"] = kNow - 1000;
    acknowledgement["acknowledged"] = Json::array({{{"entitlement_tag", "tag"}, {"report_ids", ids}}});
    Json policy = head;
    Json classes = Json::array();
    for (const char* name :
         {"unenforced_perpetual", "unenforced_subscription", "enforced", "export_controlled"}) {
      classes.push_back(
          {{"class", name}, {"first_report_days", 60}, {"ongoing_days", 45}, {"on_change_days", 30}});
    }
    policy["policy"] = {{"name", "Custom"},
                        {"acknowledgement_required", true},
                        {"push_interval_days", 20},
                        {"classes", classes}};
    policy["next_report_due"] = kNow + 20 * 86400;
    policy["next_acknowledgement_due"] = kNow + 45 * 86400;
    policy_ = policy;
    return "<smartLicense><smartLicenseRumAck><data>" +
           Envelope("quartermaster.acknowledgement.v1\n", acknowledgement) +
           "</data></smartLicenseRumAck><smartLicensePolicy><data>" +
           Envelope("quartermaster.policy.v1\n", policy) + "</data></smartLicensePolicy></smartLicense>";
  }

  // The policy of File() by itself.
  std::string PolicyFile(const std::string& serial_number, int64_t sequence, int64_t issued_s) {
    File(serial_number, sequence, {});
    policy_["issued_at"] = issued_s;
    policy_["policy"]["name"] = "By itself";
    policy_["policy"]["type"] = "controller";
    return "<smartLicensePolicy><data>" + Envelope("quartermaster.policy.v1\n", policy_) +
           "</data></smartLicensePolicy>";
  }

  absl::StatusOr<AcknowledgementTaken> Take(const std::string& file) {
    return TakeAcknowledgement(file, {ca_.certificate()}, state_);
  }

  crypto::CertificateAuthority ca_ = *crypto::CertificateAuthority::Create(NewKey(), "Authority", kValid);
  crypto::PrivateKey key_ = NewKey();
  crypto::Certificate signer_ =
      *ca_.IssueSigner(key_.Public(), crypto::SigningUse::kAcknowledgement, "Acknowledgements", kValid);
  AgentState state_;
  Json policy_;
};

TEST_F(AcknowledgeTest, MarksItsReportsAndTakesThePolicyOver) {
  const auto taken = Take(File("SN1", 3, {10, 12, 99}));
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->newly_acknowledged, 2);
  EXPECT_TRUE(state_.reports[0].acknowledged);
  EXPECT_FALSE(state_.reports[1].acknowledged);
  EXPECT_TRUE(state_.reports[2].acknowledged);
  EXPECT_TRUE(state_.reports[2].reported);
  ASSERT_TRUE(state_.policy.has_value());
  EXPECT_EQ(state_.policy->name, "Custom");
  EXPECT_EQ(state_.policy->classes[1].ongoing, 45);
  EXPECT_EQ(state_.policy->next_acknowledgement_due_s, kNow + 45 * 86400);
  EXPECT_EQ(state_.last_acknowledged_s, kNow);
}

TEST_F(AcknowledgeTest, TheSameFileAgainChangesNothing) {
  const std::string file = File("SN1", 3, {10});
  ASSERT_TRUE(Take(file).ok());
  const std::string before = StateToJson(state_);
  EXPECT_EQ(Take(file)->newly_acknowledged, 0);
  EXPECT_EQ(StateToJson(state_), before);
}

TEST_F(AcknowledgeTest, WhatIsNotForItOrNotSoundLeavesItUnchanged) {
  ASSERT_TRUE(Take(File("SN1", 3, {10})).ok());
  const std::string before = StateToJson(state_);
  const auto refusal = [&](const std::string& file) { return errors::ErrorId(Take(file).status()); };
  EXPECT_EQ(refusal(File("SN2", 9, {11})), "crypto.acknowledgement_for_another");
  EXPECT_EQ(refusal(File("SN1", 2, {11})), "crypto.acknowledgement_outdated");
  EXPECT_EQ(refusal("<html>"), "crypto.acknowledgement_file_malformed");
  key_ = NewKey();
  EXPECT_EQ(refusal(File("SN1", 4, {11})), "crypto.acknowledgement_signature_invalid");
  EXPECT_EQ(StateToJson(state_), before);
}

TEST_F(AcknowledgeTest, NeedsAPinnedAuthority) {
  EXPECT_EQ(errors::ErrorId(TakeAcknowledgement(File("SN1", 3, {10}), {}, state_).status()),
            "agent.authority_unknown");
}

TEST_F(AcknowledgeTest, TheOtherUnitOfAPairHasASequenceOfItsOwn) {
  state_.ha_peer = Udi{"C9300-24UX", "SN2"};
  state_.reports[1].udi = *state_.ha_peer;
  ASSERT_TRUE(Take(File("SN1", 7, {10})).ok());
  const auto taken = Take(File("SN2", 1, {11, 12}));
  ASSERT_TRUE(taken.ok()) << taken.status();
  // Report 12 is the first unit's.
  EXPECT_EQ(taken->newly_acknowledged, 1);
  EXPECT_EQ(taken->udi.serial_number, "SN2");
}

TEST_F(AcknowledgeTest, APolicyFileIsInstalledUntilAnAcknowledgementBringsAnother) {
  const std::string file = PolicyFile("SN1", 0, kNow - 500);
  ASSERT_TRUE(IsPolicyFile(file));
  const auto taken = TakePolicy(file, {ca_.certificate()}, state_);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->policy_name, "By itself");
  EXPECT_EQ(state_.policy->name, "By itself");
  EXPECT_EQ(state_.policy->type, "controller");
  EXPECT_EQ(state_.policy->push_interval_days, 20);
  EXPECT_EQ(state_.policy->issued_s, kNow - 500);
  EXPECT_EQ(state_.last_acknowledged_s, 0) << "it acknowledges nothing";
  EXPECT_EQ(StateToJson(*StateFromJson(StateToJson(state_))), StateToJson(state_));
  ASSERT_TRUE(Take(File("SN1", 3, {10})).ok());
  EXPECT_EQ(state_.policy->name, "Custom");
  EXPECT_FALSE(IsPolicyFile(File("SN1", 3, {10})));
}

TEST_F(AcknowledgeTest, AnOlderOrForeignPolicyLeavesItUnchanged) {
  ASSERT_TRUE(Take(File("SN1", 3, {10})).ok());
  const std::string before = StateToJson(state_);
  const auto refusal = [&](const std::string& file) {
    return errors::ErrorId(TakePolicy(file, {ca_.certificate()}, state_).status());
  };
  EXPECT_EQ(refusal(PolicyFile("SN1", 0, kNow)), "crypto.acknowledgement_outdated") << "from before any";
  EXPECT_EQ(refusal(PolicyFile("SN1", 3, kNow - 1)), "crypto.acknowledgement_outdated");
  EXPECT_EQ(refusal(PolicyFile("SN2", 3, kNow)), "crypto.acknowledgement_for_another");
  EXPECT_EQ(refusal(File("SN1", 3, {10})), "crypto.acknowledgement_file_malformed");
  EXPECT_EQ(errors::ErrorId(TakePolicy(PolicyFile("SN1", 3, kNow), {}, state_).status()),
            "agent.authority_unknown");
  EXPECT_EQ(StateToJson(state_), before);
  EXPECT_TRUE(TakePolicy(PolicyFile("SN1", 3, kNow), {ca_.certificate()}, state_).ok()) << "as new as that";
}

TEST_F(AcknowledgeTest, APolicyForTheOtherUnitOfAPairIsTakenToo) {
  state_.ha_peer = Udi{"C9300-24UX", "SN2"};
  const auto taken = TakePolicy(PolicyFile("SN2", 0, kNow), {ca_.certificate()}, state_);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->udi.serial_number, "SN2");
}

}  // namespace
}  // namespace quartermaster::agent
