#include "services/common/ids/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "services/common/ids/ids_errors.h"

namespace quartermaster::ids {
namespace {

// Layout before base64url: version, filter hash (8), check (4), then per key: length (4), bytes.
constexpr char kVersion = 1;
constexpr size_t kHeaderBytes = 1 + 8 + 4;
constexpr size_t kTokenBytesMax = 4096;

// FNV-1a. Stable across builds and processes, which std::hash and absl::Hash are not; a page token
// must work on every replica. It is a guard against mistakes, not against forgery: a forged token
// only moves the page within what the caller may list anyway.
uint64_t Fnv1a(std::string_view bytes, uint64_t hash = 14695981039346656037u) {
  for (const char c : bytes) {
    hash ^= static_cast<uint8_t>(c);
    hash *= 1099511628211u;
  }
  return hash;
}

template <typename Unsigned>
void AppendFixed(std::string& out, Unsigned value) {
  for (size_t i = 0; i < sizeof(value); ++i) out += static_cast<char>(value >> (8 * i));
}

template <typename Unsigned>
Unsigned ReadFixed(std::string_view bytes) {
  Unsigned value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) {
    value |= static_cast<Unsigned>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return value;
}

std::string EncodeKeys(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) {
    AppendFixed(out, static_cast<uint32_t>(key.size()));
    out += key;
  }
  return out;
}

bool DecodeKeys(std::string_view bytes, std::vector<std::string>& keys) {
  while (!bytes.empty()) {
    if (bytes.size() < 4) return false;
    const auto length = ReadFixed<uint32_t>(bytes);
    bytes.remove_prefix(4);
    if (length > bytes.size()) return false;
    keys.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return !keys.empty();
}

}  // namespace

uint64_t FilterHash(std::initializer_list<std::string_view> parts) {
  uint64_t hash = Fnv1a("");
  for (const std::string_view part : parts) {
    // The length keeps ("ab", "c") apart from ("a", "bc").
    std::string length;
    AppendFixed(length, static_cast<uint64_t>(part.size()));
    hash = Fnv1a(part, Fnv1a(length, hash));
  }
  return hash;
}

std::string MakePageToken(const std::vector<std::string>& keys, uint64_t filter_hash) {
  const std::string body = EncodeKeys(keys);
  std::string token(1, kVersion);
  AppendFixed(token, filter_hash);
  AppendFixed(token, static_cast<uint32_t>(Fnv1a(body, filter_hash)));
  token += body;
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<std::vector<std::string>> ParsePageToken(std::string_view token, uint64_t filter_hash) {
  std::vector<std::string> keys;
  if (token.empty()) return keys;
  std::string bytes;
  if (token.size() > kTokenBytesMax ||
      !absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &bytes) ||
      bytes.size() < kHeaderBytes || bytes[0] != kVersion) {
    return PageTokenInvalid();
  }
  const auto made_for = ReadFixed<uint64_t>(std::string_view(bytes).substr(1));
  const auto check = ReadFixed<uint32_t>(std::string_view(bytes).substr(9));
  const std::string_view body = std::string_view(bytes).substr(kHeaderBytes);
  if (check != static_cast<uint32_t>(Fnv1a(body, made_for)) || !DecodeKeys(body, keys)) {
    return PageTokenInvalid();
  }
  if (made_for != filter_hash) return PageTokenOfOtherFilter();
  return keys;
}

absl::StatusOr<int> PageSize(int requested, int fallback, int max) {
  if (requested < 0) return PageSizeOutOfRange(requested, max);
  return requested == 0 ? fallback : std::min(requested, max);
}

}  // namespace quartermaster::ids
