#include "services/gateway/access/first_credentials.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/domain/secret_hash.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

constexpr mode_t kPrivate = 0600;

struct CredentialText {
  std::string client_id;
  std::string secret;
};

absl::StatusOr<std::string> FileContent(const CredentialText& credential, const NodeEndpoints& endpoints) {
  ASSIGN_OR_RETURN(const std::string ca, ReadWholeFile(endpoints.ca_certificate_file));
  nlohmann::ordered_json json;
  json["rest_endpoint"] = endpoints.rest;
  json["grpc_endpoint"] = endpoints.grpc;
  json["ca_certificate"] = ca;
  json["ca_certificate_file"] = endpoints.ca_certificate_file;
  json["client_id"] = credential.client_id;
  json["secret"] = credential.secret;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// None when there is no such file. The message of an error never quotes the file.
absl::StatusOr<std::optional<CredentialText>> Read(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  RETURN_IF_ERROR(text.status());
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("client_id") || !json["client_id"].is_string() ||
      !json.contains("secret") || !json["secret"].is_string()) {
    return FileUnusable(absl::StrCat(path,
                                     ": got no JSON object with client_id and secret; move it "
                                     "away and revoke its client if it is not yours"));
  }
  return CredentialText{json["client_id"], json["secret"]};
}

absl::Status Write(const std::string& path, const CredentialText& credential,
                   const NodeEndpoints& endpoints) {
  ASSIGN_OR_RETURN(const std::string content, FileContent(credential, endpoints));
  const absl::StatusOr<std::string> before = ReadWholeFile(path);
  if (before.ok() && *before == content) return absl::OkStatus();
  return ReplaceFile(path, content, kPrivate);
}

// The client as the database knows it now, after adding it if it was not there.
absl::StatusOr<ApiClient> AddIfAbsent(ApiClientStore& clients, const CredentialText& credential, Role role,
                                      absl::Time now) {
  return clients.AddIfAbsent({.client_id = credential.client_id,
                              .role = std::string(RoleName(role)),
                              .smart_account = "",
                              .secret_hash = HashSecret(credential.secret),
                              .revoked = false},
                             now);
}

// Whether the database knows the client by this secret now, after adding it if it was not there.
absl::StatusOr<bool> IsRegistered(ApiClientStore& clients, const CredentialText& credential, Role role,
                                  absl::Time now) {
  ASSIGN_OR_RETURN(const ApiClient stands, AddIfAbsent(clients, credential, role, now));
  return SecretMatches(stands.secret_hash, credential.secret);
}

absl::Status RegisterWithSecret(ApiClientStore& clients, const CredentialText& credential, absl::Time now) {
  // Ends: who comes second finds the hash of the node that was first, and every node writes once.
  for (;;) {
    ASSIGN_OR_RETURN(const ApiClient stands, AddIfAbsent(clients, credential, Role::kAdministrator, now));
    if (SecretMatches(stands.secret_hash, credential.secret)) {
      if (stands.revoked) {
        log::Warning("the configured secret was revoked; it is of no use until it is another one",
                     {{"client_id", credential.client_id}});
      }
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool replaced, clients.ReplaceSecret(stands, HashSecret(credential.secret), now));
    if (!replaced) continue;
    log::Info("credential replaced by the configured secret", {{"client_id", credential.client_id}});
    return absl::OkStatus();
  }
}

absl::Status KeepExisting(ApiClientStore& clients, const std::string& path, const CredentialText& credential,
                          Role role, const NodeEndpoints& endpoints, absl::Time now) {
  ASSIGN_OR_RETURN(const bool registered, IsRegistered(clients, credential, role, now));
  if (!registered) {
    log::Warning("credential file does not match the database; it is of no use",
                 {{"file", path}, {"client_id", credential.client_id}});
  }
  return Write(path, credential, endpoints);
}

}  // namespace

absl::Status EnsureFirstCredential(ApiClientStore& clients, const std::string& directory, Role role,
                                   const NodeEndpoints& endpoints, absl::Time now) {
  RETURN_IF_ERROR(MakePrivateDirectory(directory));
  ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(directory));
  const std::string client_id(RoleName(role));
  const std::string path = absl::StrCat(directory, "/", client_id, ".json");
  const std::string pending_path = path + ".pending";

  ASSIGN_OR_RETURN(const std::optional<CredentialText> existing, Read(path));
  if (existing.has_value()) {
    return KeepExisting(clients, path, *existing, role, endpoints, now);
  }
  // One that another node made, or that somebody renewed: no reason to make a secret.
  ASSIGN_OR_RETURN(std::optional<CredentialText> pending, Read(pending_path));
  if (!pending.has_value()) {
    ASSIGN_OR_RETURN(const std::vector<ApiClient> known, clients.Find({client_id}));
    if (!known.empty()) return absl::OkStatus();
    pending = CredentialText{client_id, NewSecret().Reveal()};
  }
  RETURN_IF_ERROR(Write(pending_path, *pending, endpoints));
  ASSIGN_OR_RETURN(const bool won, IsRegistered(clients, *pending, role, now));
  if (won) {
    log::Info("credential made", {{"file", path}, {"client_id", client_id}});
    return MoveFile(pending_path, path);
  }
  unlink(pending_path.c_str());
  return absl::OkStatus();
}

absl::Status EnsureAdministrator(ApiClientStore& clients, const std::string& directory,
                                 const log::Secret& secret, const NodeEndpoints& endpoints, absl::Time now) {
  RETURN_IF_ERROR(MakePrivateDirectory(directory));
  ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(directory));
  const std::string client_id(RoleName(Role::kAdministrator));
  const CredentialText credential{client_id, secret.Reveal()};
  RETURN_IF_ERROR(RegisterWithSecret(clients, credential, now));
  const std::string path = absl::StrCat(directory, "/", client_id, ".json");
  // Of a start without a configured secret that broke off.
  unlink((path + ".pending").c_str());
  return Write(path, credential, endpoints);
}

}  // namespace quartermaster::gateway
