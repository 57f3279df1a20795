#include "services/ledger/domain/authorization_request_file.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/json_nesting.h"
#include "services/common/text/xml_texts.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 8;
constexpr char kData[] = "/smartLicense/smartLicenseAuthRequest/data";

absl::Status Wrong(const std::string& field, const char* want) {
  return AuthorizationFileMalformed(absl::StrCat(field, ": want ", want));
}

const Json& Field(const Json& object, const char* name) {
  static const Json kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

absl::StatusOr<std::string> TextOrNull(const Json& object, const char* name, const std::string& where) {
  const Json& value = Field(object, name);
  if (value.is_null()) return std::string();
  if (!value.is_string()) return Wrong(absl::StrCat(where, ".", name), "a string or null");
  return value.get<std::string>();
}

// Devices write it as a string.
absl::StatusOr<int64_t> Count(const Json& key, const std::string& where) {
  const Json& value = Field(key, "count");
  int64_t count = 0;
  if (value.is_number_integer() && value.is_number_unsigned() && value.get<uint64_t>() <= INT64_MAX) {
    return static_cast<int64_t>(value.get<uint64_t>());
  }
  if (!value.is_string() || !absl::SimpleAtoi(value.get_ref<const std::string&>(), &count)) {
    return Wrong(absl::StrCat(where, ".count"), "a whole number");
  }
  return count;
}

absl::StatusOr<AuthorizationFileRequest> RequestOf(const Json& entry, const std::string& where) {
  if (!entry.is_object()) return Wrong(where, "an object");
  AuthorizationFileRequest request;
  const Json& sudi = Field(entry, "sudi");
  if (!sudi.is_object()) return Wrong(absl::StrCat(where, ".sudi"), "an object");
  ASSIGN_OR_RETURN(request.product_id, TextOrNull(sudi, "udi_pid", absl::StrCat(where, ".sudi")));
  ASSIGN_OR_RETURN(request.serial_number,
                   TextOrNull(sudi, "udi_serial_number", absl::StrCat(where, ".sudi")));
  ASSIGN_OR_RETURN(request.confirmation_code, TextOrNull(entry, "confirm_code", where));
  ASSIGN_OR_RETURN(request.removal_code, TextOrNull(entry, "remove_code", where));
  const Json& keys = Field(entry, "keys");
  if (!keys.is_array()) return Wrong(absl::StrCat(where, ".keys"), "an array");
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string place = absl::StrCat(where, ".keys[", i, "]");
    if (!keys[i].is_object()) return Wrong(place, "an object");
    AuthorizationFileRequest::Key& key = request.keys.emplace_back();
    ASSIGN_OR_RETURN(key.tag, TextOrNull(keys[i], "entitlement", place));
    ASSIGN_OR_RETURN(key.count, Count(keys[i], place));
  }
  return request;
}

absl::Status ReadData(const std::string& text, std::vector<AuthorizationFileRequest>& requests) {
  if (text::IsNestedDeeper(text, kDepthMax)) return Wrong("data", "at most 8 levels");
  const Json data = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!data.is_array()) return Wrong("data", "a JSON array");
  for (const Json& entry : data) {
    if (requests.size() == kAuthorizationRequestsMax) return Wrong("data", "at most 1000 requests");
    ASSIGN_OR_RETURN(AuthorizationFileRequest request,
                     RequestOf(entry, absl::StrCat("data[", requests.size(), "]")));
    requests.push_back(std::move(request));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<AuthorizationFileRequest>> ReadAuthorizationRequestFile(std::string_view file) {
  const absl::StatusOr<std::vector<text::XmlText>> texts =
      text::ReadXmlTexts(file, {.bytes_max = kAuthorizationRequestFileBytesMax});
  if (!texts.ok()) return AuthorizationFileMalformed(std::string(texts.status().message()));
  std::vector<AuthorizationFileRequest> requests;
  for (const text::XmlText& one : *texts) {
    if (one.path == kData) RETURN_IF_ERROR(ReadData(one.text, requests));
  }
  if (requests.empty())
    return AuthorizationFileMalformed("want at least one request in <smartLicenseAuthRequest>");
  return requests;
}

}  // namespace quartermaster::ledger
