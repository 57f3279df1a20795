#include "services/ledger/domain/id_token.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

constexpr std::string_view kPrefix = "qmt1_";
constexpr char kDigestDomain[] = "quartermaster.id_token.v1\n";
constexpr size_t kRandomBytes = 32;
constexpr size_t kEncodedBytes = 43;

bool IsBase64Url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

IdTokenState StateOf(const IdToken& token, absl::Time now) {
  if (token.revoked_at.has_value()) return IdTokenState::kRevoked;
  if (now >= token.expires_at) return IdTokenState::kExpired;
  if (token.uses_max.has_value() && token.uses >= *token.uses_max) return IdTokenState::kUsedUp;
  return IdTokenState::kActive;
}

std::string NewIdTokenValue() {
  std::array<unsigned char, kRandomBytes> random;
  // A secret that could be guessed is worse than a process that ends.
  if (RAND_bytes(random.data(), random.size()) != 1) abort();
  const std::string encoded =
      absl::WebSafeBase64Escape({reinterpret_cast<const char*>(random.data()), random.size()});
  return absl::StrCat(std::string(kPrefix), encoded.substr(0, kEncodedBytes));
}

bool IsIdTokenValue(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kEncodedBytes) return false;
  text.remove_prefix(kPrefix.size());
  return std::all_of(text.begin(), text.end(), IsBase64Url);
}

std::string IdTokenDigest(std::string_view value) {
  const crypto::Sha256Digest digest = crypto::Sha256(absl::StrCat(kDigestDomain, std::string(value)));
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

absl::Status CheckRedemption(const IdToken& token, const RedemptionRequest& request) {
  if (token.revoked_at.has_value()) return IdTokenRevoked();
  if (request.now >= token.expires_at) return IdTokenExpired(token.expires_at);
  if (request.export_controlled && !token.export_controlled) return IdTokenExportNotAllowed();
  if (!token.uses_max.has_value()) return absl::OkStatus();
  const int32_t left = std::max(0, *token.uses_max - token.uses);
  return request.new_members <= left ? absl::OkStatus() : IdTokenUsedUp(request.new_members, left);
}

}  // namespace quartermaster::ledger
