#include "services/authority/domain/acknowledgement_document.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// Keeps the order of the documented example.
using Json = nlohmann::ordered_json;

constexpr char kVersion[] = "1.0";
constexpr char kPolicyName[] = "Default";
// In the order of policy::LicenseClass.
constexpr const char* kClassNames[policy::kLicenseClassCount] = {
    "unenforced_perpetual", "unenforced_subscription", "enforced", "export_controlled"};

// ASCII, and without what XML or a shell gives a meaning to; only strings hold such characters.
std::string Write(const Json& json) {
  const std::string text = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      case '\'':
        safe += "\\u0027";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

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
  return Write(payload);
}

std::string PolicyPayload(const AcknowledgementContent& content) {
  Json classes = Json::array();
  for (int i = 0; i < policy::kLicenseClassCount; ++i) {
    const policy::ReportingDays& days = policy::kDefaultReportingDays[static_cast<size_t>(i)];
    classes.push_back(Json{{"class", kClassNames[i]},
                           {"first_report_days", days.first_report},
                           {"ongoing_days", days.ongoing},
                           {"on_change_days", days.on_change}});
  }
  Json payload = Head(content);
  payload["policy"] = Json{{"name", kPolicyName},
                           {"acknowledgement_required", policy::kDefaultAcknowledgementRequired},
                           {"push_interval_days", policy::kDefaultPushIntervalDays},
                           {"classes", std::move(classes)}};
  payload["next_report_due"] = absl::ToUnixSeconds(content.next_report_due);
  payload["next_acknowledgement_due"] = content.next_acknowledgement_due.has_value()
                                            ? Json(absl::ToUnixSeconds(*content.next_acknowledgement_due))
                                            : Json(nullptr);
  return Write(payload);
}

absl::StatusOr<std::string> Envelope(const std::string& payload, const char* domain,
                                     const SigningKeys& keys) {
  ASSIGN_OR_RETURN(const DocumentSignature signature,
                   keys.Sign(KeyPurpose::kAcknowledgement, domain, payload));
  Json certificates = Json::array();
  for (const crypto::Certificate& certificate : signature.certificates) {
    certificates.push_back(crypto::Base64Encode(certificate.der()));
  }
  return Write(Json{{"payload", payload},
                    {"signature", Json{{"alg", std::string(crypto::AlgorithmName(signature.algorithm))},
                                       {"key_id", signature.key_id},
                                       {"value", crypto::Base64Encode(signature.value)},
                                       {"certificates", std::move(certificates)}}}});
}

}  // namespace

absl::StatusOr<std::string> ComposeAcknowledgementFile(const AcknowledgementContent& content,
                                                       const SigningKeys& keys) {
  ASSIGN_OR_RETURN(const std::string acknowledgement,
                   Envelope(AcknowledgementPayload(content), crypto::kAcknowledgementDomain, keys));
  ASSIGN_OR_RETURN(const std::string policy, Envelope(PolicyPayload(content), crypto::kPolicyDomain, keys));
  return absl::StrCat("<smartLicense><smartLicenseRumAck><data>", acknowledgement,
                      "</data></smartLicenseRumAck><smartLicensePolicy><data>", policy,
                      "</data></smartLicensePolicy></smartLicense>");
}

}  // namespace quartermaster::authority
