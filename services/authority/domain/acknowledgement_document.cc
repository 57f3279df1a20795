#include "services/authority/domain/acknowledgement_document.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/signed_json.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// Keeps the order of the documented example.
using Json = nlohmann::ordered_json;

constexpr char kVersion[] = "1.0";

// What both payloads begin with.
Json Head(const AcknowledgementContent& content) {
  return Json{
      {"version", kVersion},
      {"udi", Json{{"udi_pid", content.udi.product_id}, {"udi_serial_number", content.udi.serial_number}}},
      {"sequence", content.sequence},
      {"issued_at", absl::ToUnixSeconds(content.issued_at)}};
}

std::string AcknowledgementPayload(const AcknowledgementContent& content) {
  Json payload = Head(content);
  payload["acknowledged_since"] = absl::ToUnixSeconds(content.acknowledged_since);
  Json& acknowledged = payload["acknowledged"] = Json::array();
  for (const auto& [tag, report_ids] : content.report_ids_by_tag) {
    acknowledged.push_back(Json{{"entitlement_tag", tag}, {"report_ids", report_ids}});
  }
  return WriteJson(payload);
}

std::string PolicyPayload(const AcknowledgementContent& content) {
  const policy::ReportingPolicy& policy = content.policy;
  Json classes = Json::array();
  for (size_t i = 0; i < policy.days.size(); ++i) {
    const policy::ReportingDays& days = policy.days[i];
    classes.push_back(
        Json{{"class", std::string(policy::LicenseClassWord(static_cast<policy::LicenseClass>(i)))},
             {"first_report_days", days.first_report},
             {"ongoing_days", days.ongoing},
             {"on_change_days", days.on_change}});
  }
  Json payload = Head(content);
  payload["policy"] = Json{{"name", policy.name},
                           {"type", std::string(policy::PolicyTypeWord(policy.type))},
                           {"acknowledgement_required", policy.acknowledgement_required},
                           {"push_interval_days", policy.push_interval_days},
                           {"classes", std::move(classes)}};
  payload["next_report_due"] = absl::ToUnixSeconds(content.next_report_due);
  payload["next_acknowledgement_due"] = content.next_acknowledgement_due.has_value()
                                            ? Json(absl::ToUnixSeconds(*content.next_acknowledgement_due))
                                            : Json(nullptr);
  return WriteJson(payload);
}

absl::StatusOr<std::string> PolicyElement(const AcknowledgementContent& content, const SigningKeys& keys) {
  ASSIGN_OR_RETURN(
      const std::string policy,
      SignedEnvelope(PolicyPayload(content), KeyPurpose::kAcknowledgement, crypto::kPolicyDomain, keys));
  return absl::StrCat("<smartLicensePolicy><data>", policy, "</data></smartLicensePolicy>");
}

}  // namespace

absl::StatusOr<std::string> ComposeAcknowledgementFile(const AcknowledgementContent& content,
                                                       const SigningKeys& keys) {
  ASSIGN_OR_RETURN(const std::string acknowledgement,
                   SignedEnvelope(AcknowledgementPayload(content), KeyPurpose::kAcknowledgement,
                                  crypto::kAcknowledgementDomain, keys));
  ASSIGN_OR_RETURN(const std::string policy, PolicyElement(content, keys));
  return absl::StrCat("<smartLicense><smartLicenseRumAck><data>", acknowledgement,
                      "</data></smartLicenseRumAck>", policy, "</smartLicense>");
}

absl::StatusOr<std::string> ComposePolicyFile(const AcknowledgementContent& content,
                                              const SigningKeys& keys) {
  return PolicyElement(content, keys);
}

}  // namespace quartermaster::authority
