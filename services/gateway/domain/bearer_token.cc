#include "services/gateway/domain/bearer_token.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace quartermaster::gateway {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr size_t kClientIdBytesMax = 64;
constexpr size_t kSecretBytesMax = 256;

bool IsClientIdCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}
bool IsSecretCharacter(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

std::optional<BearerToken> ParseBearerToken(std::string_view header_value) {
  if (header_value.size() < kScheme.size()) return std::nullopt;
  const std::string_view scheme = header_value.substr(0, kScheme.size());
  if (!absl::EqualsIgnoreCase({scheme.data(), scheme.size()}, {kScheme.data(), kScheme.size()})) {
    return std::nullopt;
  }
  const std::string_view whole = header_value.substr(kScheme.size());
  const size_t dot = whole.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view client_id = whole.substr(0, dot);
  const std::string_view secret = whole.substr(dot + 1);
  if (client_id.empty() || client_id.size() > kClientIdBytesMax || secret.empty() ||
      secret.size() > kSecretBytesMax) {
    return std::nullopt;
  }
  if (!std::all_of(client_id.begin(), client_id.end(), IsClientIdCharacter) ||
      !std::all_of(secret.begin(), secret.end(), IsSecretCharacter)) {
    return std::nullopt;
  }
  return BearerToken{client_id, secret, whole};
}

}  // namespace quartermaster::gateway
