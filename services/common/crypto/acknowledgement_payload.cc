#include "services/common/crypto/acknowledgement_payload.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/json_nesting.h"

namespace quartermaster::crypto {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 8;
constexpr size_t kCertificatesMax = 4;
constexpr char kVersion[] = "1.0";
constexpr int kDaysMax = 36500;

absl::Status Wrong(std::string_view field, std::string_view want) {
  return AcknowledgementFileMalformed(absl::StrCat(std::string(field), ": want ", std::string(want)));
}

absl::StatusOr<Json> ParseObject(std::string_view json, std::string_view name) {
  if (text::IsNestedDeeper(json, kDepthMax))
    return Wrong(name, absl::StrCat("at most ", kDepthMax, " levels"));
  Json value = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return Wrong(name, "a JSON object");
  return value;
}

// Null when the object has no such field.
const Json& Field(const Json& object, const char* name) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

absl::StatusOr<std::string> Text(const Json& object, const char* name) {
  const Json& value = Field(object, name);
  if (!value.is_string()) return Wrong(name, "a string");
  return value.get<std::string>();
}

absl::StatusOr<int64_t> Number(const Json& value, std::string_view name, int64_t min,
                               int64_t max = std::numeric_limits<int64_t>::max()) {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  if (!fits || value.get<int64_t>() < min || value.get<int64_t>() > max) {
    return Wrong(name, absl::StrCat("a whole number from ", min, " to ", max));
  }
  return value.get<int64_t>();
}

absl::StatusOr<absl::Time> UnixTime(const Json& object, const char* name) {
  // Until the year 9999.
  ASSIGN_OR_RETURN(const int64_t seconds, Number(Field(object, name), name, 0, 253402300799));
  return absl::FromUnixSeconds(seconds);
}

absl::StatusOr<SubjectUdi> Udi(const Json& payload) {
  const Json& udi = Field(payload, "udi");
  SubjectUdi result;
  ASSIGN_OR_RETURN(result.product_id, Text(udi, "udi_pid"));
  ASSIGN_OR_RETURN(result.serial_number, Text(udi, "udi_serial_number"));
  return result;
}

absl::Status CheckVersion(const Json& payload) {
  ASSIGN_OR_RETURN(const std::string version, Text(payload, "version"));
  return version == kVersion ? absl::OkStatus() : Wrong("version", absl::StrCat("\"", kVersion, "\""));
}

absl::StatusOr<AcknowledgedTag> Tag(const Json& entry) {
  AcknowledgedTag tag;
  ASSIGN_OR_RETURN(tag.entitlement_tag, Text(entry, "entitlement_tag"));
  const Json& ids = Field(entry, "report_ids");
  if (!ids.is_array()) return Wrong("report_ids", "an array");
  tag.report_ids.reserve(ids.size());
  for (const Json& id : ids) {
    ASSIGN_OR_RETURN(const int64_t value, Number(id, "report_ids", std::numeric_limits<int64_t>::min()));
    tag.report_ids.push_back(value);
  }
  return tag;
}

absl::Status Classes(const Json& classes, policy::DaysByClass& days_by_class) {
  if (!classes.is_array() || classes.size() != days_by_class.size()) {
    return Wrong("classes", "an array of four");
  }
  for (size_t i = 0; i < days_by_class.size(); ++i) {
    const Json& entry = classes[i];
    ASSIGN_OR_RETURN(const std::string name, Text(entry, "class"));
    const std::string want(policy::LicenseClassWord(static_cast<policy::LicenseClass>(i)));
    if (name != want) return Wrong("class", absl::StrCat("\"", want, "\""));
    const auto days = [&](const char* field) { return Number(Field(entry, field), field, 0, kDaysMax); };
    ASSIGN_OR_RETURN(const int64_t first_report, days("first_report_days"));
    ASSIGN_OR_RETURN(const int64_t ongoing, days("ongoing_days"));
    ASSIGN_OR_RETURN(const int64_t on_change, days("on_change_days"));
    days_by_class[i] = {static_cast<int>(first_report), static_cast<int>(ongoing),
                        static_cast<int>(on_change)};
  }
  return absl::OkStatus();
}

// A label; one that this reader does not know, or none, is as good as custom.
policy::PolicyType TypeOf(const Json& policy) {
  const Json& word = Field(policy, "type");
  for (int i = 1; word.is_string() && i <= static_cast<int>(policy::PolicyType::kMerged); ++i) {
    const auto type = static_cast<policy::PolicyType>(i);
    if (word.get_ref<const std::string&>() == policy::PolicyTypeWord(type)) return type;
  }
  return policy::PolicyType::kCustom;
}

// Everything of a policy payload but whom it is for.
absl::Status ParsePolicy(const Json& payload, PolicyInForce& result) {
  const Json& policy = Field(payload, "policy");
  ASSIGN_OR_RETURN(result.policy.name, Text(policy, "name"));
  result.policy.type = TypeOf(policy);
  const Json& required = Field(policy, "acknowledgement_required");
  if (!required.is_boolean()) return Wrong("acknowledgement_required", "true or false");
  result.policy.acknowledgement_required = required.get<bool>();
  ASSIGN_OR_RETURN(const int64_t push_interval_days,
                   Number(Field(policy, "push_interval_days"), "push_interval_days", 0, kDaysMax));
  result.policy.push_interval_days = static_cast<int>(push_interval_days);
  RETURN_IF_ERROR(Classes(Field(policy, "classes"), result.policy.days));
  ASSIGN_OR_RETURN(result.next_report_due, UnixTime(payload, "next_report_due"));
  if (payload.contains("next_acknowledgement_due") && !payload.at("next_acknowledgement_due").is_null()) {
    ASSIGN_OR_RETURN(result.next_acknowledgement_due, UnixTime(payload, "next_acknowledgement_due"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SignedEnvelope> ParseSignedEnvelope(std::string_view json) {
  ASSIGN_OR_RETURN(const Json object, ParseObject(json, "data"));
  const Json& signature = Field(object, "signature");
  SignedEnvelope envelope;
  ASSIGN_OR_RETURN(envelope.payload, Text(object, "payload"));
  ASSIGN_OR_RETURN(const std::string alg, Text(signature, "alg"));
  const absl::StatusOr<Algorithm> algorithm = ParseAlgorithm(alg);
  if (!algorithm.ok()) return Wrong("alg", "RSA-2048-SHA256 or ECDSA-P256-SHA256");
  envelope.algorithm = *algorithm;
  ASSIGN_OR_RETURN(envelope.key_id, Text(signature, "key_id"));
  ASSIGN_OR_RETURN(const std::string value, Text(signature, "value"));
  absl::StatusOr<std::string> bytes = Base64Decode(value);
  if (!bytes.ok()) return Wrong("value", "base64");
  envelope.signature = *std::move(bytes);

  const Json& certificates = Field(signature, "certificates");
  if (!certificates.is_array() || certificates.empty() || certificates.size() > kCertificatesMax) {
    return Wrong("certificates", absl::StrCat("an array of 1 to ", kCertificatesMax));
  }
  for (const Json& entry : certificates) {
    absl::StatusOr<std::string> der = entry.is_string() ? Base64Decode(entry.get_ref<const std::string&>())
                                                        : absl::InvalidArgumentError("no string");
    if (!der.ok()) return Wrong("certificates", "base64 strings");
    absl::StatusOr<Certificate> certificate = Certificate::FromDer(*der);
    if (!certificate.ok()) {
      return AcknowledgementFileMalformed(absl::StrCat("certificates: ", certificate.status().message()));
    }
    envelope.certificates.push_back(*std::move(certificate));
  }
  return envelope;
}

absl::Status ParseAcknowledgementPayload(std::string_view json, AcknowledgementFile& file) {
  ASSIGN_OR_RETURN(const Json payload, ParseObject(json, "acknowledgement payload"));
  RETURN_IF_ERROR(CheckVersion(payload));
  ASSIGN_OR_RETURN(file.udi, Udi(payload));
  ASSIGN_OR_RETURN(file.sequence, Number(Field(payload, "sequence"), "sequence", 1));
  ASSIGN_OR_RETURN(file.issued_at, UnixTime(payload, "issued_at"));
  ASSIGN_OR_RETURN(file.acknowledged_since, UnixTime(payload, "acknowledged_since"));
  const Json& tags = Field(payload, "acknowledged");
  if (!tags.is_array()) return Wrong("acknowledged", "an array");
  for (const Json& entry : tags) {
    ASSIGN_OR_RETURN(AcknowledgedTag tag, Tag(entry));
    file.acknowledged.push_back(std::move(tag));
  }
  return absl::OkStatus();
}

absl::Status ParsePolicyPayload(std::string_view json, AcknowledgementFile& file) {
  ASSIGN_OR_RETURN(const Json payload, ParseObject(json, "policy payload"));
  RETURN_IF_ERROR(CheckVersion(payload));
  ASSIGN_OR_RETURN(const SubjectUdi udi, Udi(payload));
  ASSIGN_OR_RETURN(const int64_t sequence, Number(Field(payload, "sequence"), "sequence", 1));
  if (udi != file.udi || sequence != file.sequence) {
    return Wrong("policy payload", "the product instance and sequence of the acknowledgement");
  }
  return ParsePolicy(payload, file.policy);
}

absl::Status ParsePolicyFilePayload(std::string_view json, PolicyFile& file) {
  ASSIGN_OR_RETURN(const Json payload, ParseObject(json, "policy payload"));
  RETURN_IF_ERROR(CheckVersion(payload));
  ASSIGN_OR_RETURN(file.udi, Udi(payload));
  ASSIGN_OR_RETURN(file.sequence, Number(Field(payload, "sequence"), "sequence", 0));
  ASSIGN_OR_RETURN(file.issued_at, UnixTime(payload, "issued_at"));
  return ParsePolicy(payload, file.policy);
}

}  // namespace quartermaster::crypto
