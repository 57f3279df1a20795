#include "clients/agent/authorize.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "clients/agent/report_writer.h"
#include "clients/agent/usage_file.h"
#include "services/common/crypto/authorization_file.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

std::string JsonText(std::string_view text) {
  std::string json;
  AppendJsonString(text, json);
  return json;
}

std::string CodeOrNull(const std::string& code) { return code.empty() ? "null" : JsonText(code); }

// JSON as the text of an element.
std::string InXml(const std::string& json) {
  std::string escaped;
  for (const char c : json) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

UnitAuthorization& AuthorizationOf(AgentState& state) { return state.authorizations[state.udi]; }

absl::Status InstallAuthorization(std::string_view file, const std::vector<crypto::Certificate>& pinned,
                                  AgentState& state) {
  if (pinned.empty()) return AuthorityUnknown();
  ASSIGN_OR_RETURN(const auto verifier, crypto::AuthorizationVerifier::Create(pinned));
  ASSIGN_OR_RETURN(const crypto::AuthorizationFile code,
                   verifier.Verify(file, {.udi = {state.udi.product_id, state.udi.serial_number},
                                          .now = absl::FromUnixSeconds(state.clock_s)}));
  UnitAuthorization& installed = AuthorizationOf(state);
  const bool again = code.name.sequence == installed.sequence && !installed.tags.empty();
  if (code.name.sequence <= installed.sequence && !again) {
    return crypto::AuthorizationOutdated(
        absl::StrCat("sequence: got ", code.name.sequence, ", want more than ", installed.sequence));
  }
  if (again) return absl::OkStatus();
  installed = {.sequence = code.name.sequence,
               .tags = {},
               .confirmation_code = code.proofs.confirmation_code,
               .reservation = code.reservation,
               .confirmed = false,
               .removal_code = {},
               .removal_code_when_removed = code.proofs.removal_code};
  for (const crypto::AuthorizedEntitlement& entitlement : code.entitlements) {
    AuthorizedTag& tag = installed.tags.emplace_back();
    tag.tag = entitlement.entitlement_tag;
    tag.count = entitlement.count;
    tag.start_s = absl::ToUnixSeconds(entitlement.start);
    if (entitlement.end.has_value()) tag.end_s = absl::ToUnixSeconds(*entitlement.end);
  }
  return absl::OkStatus();
}

absl::Status RemoveAuthorization(AgentState& state) {
  UnitAuthorization& installed = AuthorizationOf(state);
  if (installed.tags.empty()) return NothingInstalled();
  for (const AuthorizedTag& tag : installed.tags) {
    const auto meter = state.meters.find(tag.tag);
    if (!state.enforced_tags.contains(tag.tag) || meter == state.meters.end()) continue;
    if (meter->second.count() > 0) {
      return NotAuthorized(absl::StrCat(tag.tag, ": got ", meter->second.count(),
                                        " in use, want 0 before its authorization is removed"));
    }
  }
  installed.tags.clear();
  installed.confirmation_code.clear();
  installed.removal_code = std::exchange(installed.removal_code_when_removed, {});
  return absl::OkStatus();
}

std::string AuthorizationRequestFile(const AgentState& state, const WantedTags& wanted) {
  UnitAuthorization known;
  if (const auto found = state.authorizations.find(state.udi); found != state.authorizations.end()) {
    known = found->second;
  }
  std::string keys;
  for (const auto& [tag, count] : wanted) {
    absl::StrAppend(&keys, keys.empty() ? "" : ",", "{\"entitlement\":", JsonText(tag), ",\"count\":\"",
                    count, "\"}");
  }
  const std::string data =
      absl::StrCat("[{\"keys\":[", keys, "],\"sudi\":{\"udi_pid\":", JsonText(state.udi.product_id),
                   ",\"udi_serial_number\":", JsonText(state.udi.serial_number),
                   "},\"confirm_code\":", CodeOrNull(known.confirmation_code),
                   ",\"remove_code\":", CodeOrNull(known.removal_code), "}]");
  return absl::StrCat("<smartLicense>", SystemInfoElement(state), "<smartLicenseAuthRequest><data>",
                      InXml(data), "</data></smartLicenseAuthRequest></smartLicense>\n");
}

}  // namespace quartermaster::agent
