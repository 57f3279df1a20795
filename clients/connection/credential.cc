#include "clients/connection/credential.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "services/common/config/addresses.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::client {
namespace {

constexpr int64_t kCredentialBytesMax = 1 << 20;
// Of the gateway's gRPC listener, unless it is configured otherwise.
constexpr int kDefaultPort = 8444;

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
  const bool is_socket = absl::StartsWith(endpoint, "unix:");
  while (!is_socket && !endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
  const bool bracketed = absl::StartsWith(endpoint, "[");
  const bool has_port =
      bracketed ? !absl::EndsWith(endpoint, "]") : absl::StrContains(endpoint, ":") || endpoint.empty();
  if (!is_socket && !has_port) absl::StrAppend(&endpoint, ":", kDefaultPort);
  return endpoint;
}

absl::Status CheckEndpointAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:") && address.size() > 5) return absl::OkStatus();
  const auto parsed = config::ParseHostPort(address);
  if (parsed.has_value() && parsed->port != 0) return absl::OkStatus();
  return Usage(absl::StrCat("endpoint: got ", address.empty() ? "nothing" : absl::StrCat("'", address, "'"),
                            ", want host:port with port 1 to 65535"));
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
