#include "services/authority/domain/authorization_document.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/authority/domain/signed_json.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/xml_texts.h"

namespace quartermaster::authority {
namespace {

using Json = nlohmann::ordered_json;
using text::XmlEscape;

constexpr char kVersion[] = "1.0";

Json LotJson(const AuthorizedLot& lot) {
  return Json{{"entitlement_tag", lot.entitlement_tag},
              {"count", lot.count},
              {"start", absl::ToUnixSeconds(lot.start)},
              {"end", lot.end.has_value() ? Json(absl::ToUnixSeconds(*lot.end)) : Json(nullptr)},
              {"term", lot.subscription ? "subscription" : "perpetual"},
              {"display_name", lot.display_name},
              {"description", lot.description},
              {"subscription_id", lot.subscription_id}};
}

std::string Payload(const AuthorizationContent& content, const std::string& nonce) {
  const crypto::SubjectUdi& udi = content.name.udi;
  Json entitlements = Json::array();
  for (const AuthorizedLot& lot : content.lots) entitlements.push_back(LotJson(lot));
  return WriteJson(Json{{"version", kVersion},
                        {"udi", Json{{"udi_pid", udi.product_id}, {"udi_serial_number", udi.serial_number}}},
                        {"authorization_id", content.name.authorization_id},
                        {"sequence", content.name.sequence},
                        {"issued_at", absl::ToUnixSeconds(content.issued_at)},
                        {"nonce", crypto::HexEncode(nonce)},
                        {"entitlements", std::move(entitlements)}});
}

void AddElement(const char* name, const std::string& text, std::string& out) {
  absl::StrAppend(&out, "<", name, ">", XmlEscape(text), "</", name, ">");
}

std::string DateText(const std::optional<absl::Time>& time) {
  return time.has_value() ? absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *time, absl::UTCTimeZone()) : "";
}

std::string ReservationElement(const AuthorizationContent& content, const std::string& nonce) {
  std::string out = "<authorizationCode><flag>A</flag><version>C</version>";
  AddElement("piid", absl::StrCat(content.name.authorization_id, "-", crypto::HexEncode(nonce)), out);
  AddElement("timestamp", absl::StrCat(content.name.sequence * 1000), out);
  out += "<entitlements>";
  for (const AuthorizedLot& lot : content.lots) {
    out += "<entitlement>";
    AddElement("tag", lot.entitlement_tag, out);
    AddElement("count", absl::StrCat(lot.count), out);
    AddElement("startDate", DateText(lot.start), out);
    AddElement("endDate", DateText(lot.end), out);
    AddElement("licenseType", lot.subscription ? "TERM" : "PERPETUAL", out);
    AddElement("displayName", lot.display_name, out);
    AddElement("tagDescription", lot.description, out);
    AddElement("subscriptionID", lot.subscription_id, out);
    out += "</entitlement>";
  }
  return out + "</entitlements></authorizationCode>";
}

absl::StatusOr<std::string> ComposeReservation(const AuthorizationContent& content, const std::string& nonce,
                                               const SigningKeys& keys) {
  const crypto::SubjectUdi& name = content.name.udi;
  const std::string udi = XmlEscape(absl::StrCat("P:", name.product_id, ",S:", name.serial_number, ",U:"));
  const std::string element = ReservationElement(content, nonce);
  ASSIGN_OR_RETURN(
      const DocumentSignature signature,
      keys.Sign(KeyPurpose::kAuthorization, crypto::kReservationDomain, absl::StrCat(element, udi)));
  return absl::StrCat("<specificPLR>", element, "<signature>", crypto::Base64Encode(signature.value),
                      "</signature><udi>", udi, "</udi></specificPLR>");
}

// The shape of a reservation code has no escape for its separators.
bool CanName(const std::string& text, bool reservation) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return false;
  }
  return !reservation || text.find_first_of("<>&',") == std::string::npos;
}

}  // namespace

absl::Status CheckAuthorizationContent(const AuthorizationContent& content) {
  const crypto::SubjectUdi& udi = content.name.udi;
  if (!CanName(udi.product_id, content.reservation) || !CanName(udi.serial_number, content.reservation)) {
    return FieldInvalid("udi", absl::StrCat(udi.product_id, ":", udi.serial_number), "two plain texts");
  }
  if (content.name.authorization_id < 1 || content.name.sequence < 1) {
    return FieldInvalid("authorization_id, sequence",
                        absl::StrCat(content.name.authorization_id, ", ", content.name.sequence),
                        "at least 1");
  }
  if (content.lots.empty()) return FieldInvalid("entitlements", "none", "at least one");
  for (const AuthorizedLot& lot : content.lots) {
    if (lot.count < 1 || lot.entitlement_tag.empty()) {
      return FieldInvalid("entitlements", absl::StrCat(lot.count, " of ", lot.entitlement_tag),
                          "a tag and a count");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ComposeAuthorizationCode(const AuthorizationContent& content,
                                                     const std::string& nonce, const SigningKeys& keys) {
  if (content.reservation) return ComposeReservation(content, nonce, keys);
  ASSIGN_OR_RETURN(const std::string envelope,
                   SignedEnvelope(Payload(content, nonce), KeyPurpose::kAuthorization,
                                  crypto::kAuthorizationDomain, keys));
  return absl::StrCat("<smartLicense><smartLicenseAuthorizationCode><data>", envelope,
                      "</data></smartLicenseAuthorizationCode></smartLicense>");
}

}  // namespace quartermaster::authority
