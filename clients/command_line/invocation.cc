#include "clients/command_line/invocation.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/credential.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::command_line {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string ProfilePath(const std::string& profile) {
  std::string folder = Environment("XDG_CONFIG_HOME");
  if (folder.empty()) folder = absl::StrCat(Environment("HOME"), "/.config");
  return absl::StrCat(folder, "/quartermaster/", profile, ".json");
}

}  // namespace

Output& Invocation::output() {
  if (!output_.has_value()) output_.emplace(options.format, streams_.out, streams_.out_width);
  return *output_;
}

absl::StatusOr<std::string> Invocation::CredentialPath() const {
  if (!options.credentials.empty()) return options.credentials;
  if (!options.profile.empty()) {
    if (absl::StrContains(options.profile, "/")) {
      return client::Usage(absl::StrCat("profile: got '", options.profile, "', want a name"));
    }
    return ProfilePath(options.profile);
  }
  if (const std::string path = Environment("QMCTL_CREDENTIALS"); !path.empty()) return path;
  return client::Usage("credentials: got none, want --credentials FILE, --profile NAME or QMCTL_CREDENTIALS");
}

absl::StatusOr<const client::NodeConnection*> Invocation::Node() {
  if (node_ != nullptr) return node_.get();
  if (!(options.timeout_s > 0)) {
    return client::Usage(absl::StrCat("timeout: got ", options.timeout_s, ", want more than 0"));
  }
  ASSIGN_OR_RETURN(const std::string path, CredentialPath());
  auto credential = client::LoadCredential(path);
  if (!credential.ok()) {
    return client::Usage(absl::StrCat("credentials: ", std::string(credential.status().message())));
  }
  if (!options.endpoint.empty()) {
    credential->grpc_endpoint = client::EndpointAddress(options.endpoint);
  }
  ASSIGN_OR_RETURN(node_,
                   client::NodeConnection::Open(*std::move(credential), absl::Seconds(options.timeout_s)));
  return node_.get();
}

}  // namespace quartermaster::command_line
