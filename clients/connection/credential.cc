#include "clients/connection/credential.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::client {
namespace {

constexpr int64_t kCredentialBytesMax = 1 << 20;

absl::StatusOr<std::string> TextField(const nlohmann::json& json, const std::string& path,
                                      const char* field) {
  const auto found = json.find(field);
  if (found == json.end()) {
    return CredentialMalformed(path, absl::StrCat(field, ": got nothing, want a string"));
  }
  if (!found->is_string()) {
    return CredentialMalformed(path, absl::StrCat(field, ": got ", found->type_name(), ", want a string"));
  }
  return found->get<std::string>();
}

// What goes into a header: visible ASCII. The message never shows what the field holds.
absl::StatusOr<std::string> HeaderField(const nlohmann::json& json, const std::string& path,
                                        const char* field) {
  ASSIGN_OR_RETURN(std::string text, TextField(json, path, field));
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (text.empty() || !visible) {
    return CredentialMalformed(
        path, absl::StrCat(field, ": got blanks, control or other characters, want visible ASCII"));
  }
  return text;
}

absl::StatusOr<std::string> PemOrFile(const std::string& value, const std::string& credential_path) {
  if (value.empty() || absl::StrContains(value, "-----BEGIN")) return value;
  const std::filesystem::path folder = std::filesystem::path(credential_path).parent_path();
  return ReadFile((folder / value).string(), kCredentialBytesMax);
}

}  // namespace

std::string EndpointAddress(std::string endpoint) {
  for (const char* scheme : {"https://", "http://", "grpcs://", "grpc://"}) {
    if (absl::StartsWith(endpoint, scheme)) {
      endpoint.erase(0, std::char_traits<char>::length(scheme));
      break;
    }
  }
  while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
  return endpoint;
}

absl::StatusOr<Credential> LoadCredential(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kCredentialBytesMax));
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return CredentialMalformed(path, "got something else, want a JSON object");
  }
  Credential credential;
  ASSIGN_OR_RETURN(const std::string endpoint, TextField(json, path, "grpc_endpoint"));
  credential.grpc_endpoint = EndpointAddress(endpoint);
  ASSIGN_OR_RETURN(credential.client_id, HeaderField(json, path, "client_id"));
  ASSIGN_OR_RETURN(credential.secret, HeaderField(json, path, "secret"));
  if (json.contains("rest_endpoint")) {
    ASSIGN_OR_RETURN(credential.rest_endpoint, TextField(json, path, "rest_endpoint"));
  }
  ASSIGN_OR_RETURN(const std::string ca, TextField(json, path, "ca_certificate"));
  ASSIGN_OR_RETURN(credential.ca_certificate_pem, PemOrFile(ca, path));
  return credential;
}

}  // namespace quartermaster::client
