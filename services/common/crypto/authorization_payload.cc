#include "services/common/crypto/authorization_payload.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/hex_digit.h"
#include "services/common/text/json_nesting.h"
#include "services/common/text/xml_texts.h"

namespace quartermaster::crypto {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 8;
constexpr int64_t kCountMax = 2'147'483'647;
// Until the year 9999.
constexpr int64_t kTimeMaxS = 253402300799;

absl::Status Wrong(std::string_view field, std::string_view want) {
  return AuthorizationCodeMalformed(absl::StrCat(std::string(field), ": want ", std::string(want)));
}

// The nonce of a code: 32 bytes as lower-case hex.
absl::StatusOr<std::string> Nonce(std::string_view hex) {
  bool is_hex = hex.size() == 2 * kAuthorizationNonceBytes;
  for (const char c : hex) is_hex = is_hex && text::HexDigitValue(c) >= 0;
  if (!is_hex) return Wrong("nonce", absl::StrCat(2 * kAuthorizationNonceBytes, " hex digits"));
  return absl::HexStringToBytes(std::string(hex));
}

absl::Status Finish(std::string_view nonce_hex, AuthorizationFile& file) {
  ASSIGN_OR_RETURN(const std::string nonce, Nonce(nonce_hex));
  if (file.entitlements.empty()) return Wrong("entitlements", "at least one");
  file.proofs = ProofsOf(nonce, file.name);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Text(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object.at(name).is_string()) {
    return Wrong(name, "a string");
  }
  return object.at(name).get<std::string>();
}

absl::StatusOr<int64_t> Number(const Json& object, const char* name, int64_t min, int64_t max) {
  if (object.is_object() && object.contains(name) && object.at(name).is_number_unsigned()) {
    const auto value = object.at(name).get<uint64_t>();
    if (value >= static_cast<uint64_t>(min) && value <= static_cast<uint64_t>(max)) {
      return static_cast<int64_t>(value);
    }
  }
  return Wrong(name, absl::StrCat("a whole number from ", min, " to ", max));
}

absl::StatusOr<AuthorizedEntitlement> Entitlement(const Json& entry) {
  AuthorizedEntitlement entitlement;
  ASSIGN_OR_RETURN(entitlement.entitlement_tag, Text(entry, "entitlement_tag"));
  ASSIGN_OR_RETURN(entitlement.count, Number(entry, "count", 1, kCountMax));
  ASSIGN_OR_RETURN(const int64_t start_s, Number(entry, "start", 0, kTimeMaxS));
  entitlement.start = absl::FromUnixSeconds(start_s);
  if (!entry.contains("end") || !entry.at("end").is_null()) {
    ASSIGN_OR_RETURN(const int64_t end_s, Number(entry, "end", 1, kTimeMaxS));
    entitlement.end = absl::FromUnixSeconds(end_s);
  }
  ASSIGN_OR_RETURN(entitlement.display_name, Text(entry, "display_name"));
  return entitlement;
}

absl::StatusOr<int64_t> XmlNumber(const text::XmlText& element, int64_t max) {
  int64_t value = -1;
  if (!absl::SimpleAtoi(element.text, &value) || value < 0 || value > max) {
    return Wrong(element.path, absl::StrCat("a whole number from 0 to ", max));
  }
  return value;
}

// "P:<pid>,S:<serial number>,U:", the serial number from the last "S:" on, as neither holds a blank.
absl::StatusOr<SubjectUdi> ReservationUdi(std::string_view text) {
  constexpr std::string_view kBegin = "P:", kMiddle = ",S:", kEnd = ",U:";
  const size_t middle = text.rfind(kMiddle);
  if (!text.starts_with(kBegin) || middle == std::string_view::npos || !text.ends_with(kEnd) ||
      text.size() < middle + kMiddle.size() + kEnd.size()) {
    return Wrong("udi", "P:<product id>,S:<serial number>,U:");
  }
  text.remove_suffix(kEnd.size());
  return SubjectUdi{std::string(text.substr(kBegin.size(), middle - kBegin.size())),
                    std::string(text.substr(middle + kMiddle.size()))};
}

// One element of an <entitlement>; a <tag> begins the next one.
absl::Status TakeEntitlementText(const text::XmlText& element, std::string_view name,
                                 std::vector<AuthorizedEntitlement>& entitlements) {
  if (name == "tag") entitlements.push_back({.entitlement_tag = element.text});
  if (entitlements.empty()) return Wrong(element.path, "a <tag> first");
  AuthorizedEntitlement& entitlement = entitlements.back();
  if (name == "count") {
    ASSIGN_OR_RETURN(entitlement.count, XmlNumber(element, kCountMax));
  } else if (name == "displayName") {
    entitlement.display_name = element.text;
  } else if ((name == "startDate" || name == "endDate") && !element.text.empty()) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime("%Y-%m-%dT%H:%M:%SZ", element.text, &time, &error))
      return Wrong(element.path, "a time");
    if (name == "startDate") entitlement.start = time;
    if (name == "endDate") entitlement.end = time;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AuthorizationFile> ParseAuthorizationPayload(std::string_view json) {
  if (text::IsNestedDeeper(json, kDepthMax))
    return Wrong("payload", absl::StrCat("at most ", kDepthMax, " levels"));
  const Json payload = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!payload.is_object()) return Wrong("payload", "a JSON object");
  ASSIGN_OR_RETURN(const std::string version, Text(payload, "version"));
  if (version != "1.0") return Wrong("version", "\"1.0\"");
  AuthorizationFile file;
  const Json udi = payload.value("udi", Json());
  ASSIGN_OR_RETURN(file.name.udi.product_id, Text(udi, "udi_pid"));
  ASSIGN_OR_RETURN(file.name.udi.serial_number, Text(udi, "udi_serial_number"));
  ASSIGN_OR_RETURN(file.name.authorization_id,
                   Number(payload, "authorization_id", 1, std::numeric_limits<int64_t>::max()));
  ASSIGN_OR_RETURN(file.name.sequence, Number(payload, "sequence", 1, std::numeric_limits<int64_t>::max()));
  const Json entitlements = payload.value("entitlements", Json());
  if (!entitlements.is_array()) return Wrong("entitlements", "an array");
  for (const Json& entry : entitlements) {
    ASSIGN_OR_RETURN(AuthorizedEntitlement entitlement, Entitlement(entry));
    file.entitlements.push_back(std::move(entitlement));
  }
  ASSIGN_OR_RETURN(const std::string nonce, Text(payload, "nonce"));
  RETURN_IF_ERROR(Finish(nonce, file));
  return file;
}

absl::StatusOr<AuthorizationFile> ParseReservation(std::string_view element, std::string_view udi) {
  absl::StatusOr<std::vector<text::XmlText>> texts = text::ReadXmlTexts(element);
  if (!texts.ok()) return AuthorizationCodeMalformed(std::string(texts.status().message()));
  AuthorizationFile file;
  file.reservation = true;
  ASSIGN_OR_RETURN(file.name.udi, ReservationUdi(udi));
  std::string nonce;
  constexpr std::string_view kTimestamp = "/authorizationCode/timestamp";
  constexpr std::string_view kPiid = "/authorizationCode/piid";
  constexpr std::string_view kEntitlement = "/authorizationCode/entitlements/entitlement/";
  for (const text::XmlText& one : *texts) {
    const std::string_view path = one.path;
    if (path.starts_with(kEntitlement)) {
      RETURN_IF_ERROR(TakeEntitlementText(one, path.substr(kEntitlement.size()), file.entitlements));
    } else if (path == kTimestamp) {
      // The sequence, as milliseconds.
      ASSIGN_OR_RETURN(const int64_t timestamp, XmlNumber(one, std::numeric_limits<int64_t>::max()));
      file.name.sequence = timestamp / 1000;
    } else if (path == kPiid) {
      const std::pair<std::string, std::string> parts = absl::StrSplit(one.text, absl::MaxSplits('-', 1));
      if (!absl::SimpleAtoi(parts.first, &file.name.authorization_id))
        return Wrong(one.path, "<number>-<hex digits>");
      nonce = parts.second;
    }
  }
  for (const AuthorizedEntitlement& entitlement : file.entitlements) {
    if (entitlement.count < 1) return Wrong("count", absl::StrCat("a whole number from 1 to ", kCountMax));
  }
  RETURN_IF_ERROR(Finish(nonce, file));
  return file;
}

}  // namespace quartermaster::crypto
