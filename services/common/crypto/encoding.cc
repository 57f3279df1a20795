#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 0xff;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  values.fill(kInvalid);
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<uint8_t>(kAlphabet[i])] = i;
  return values;
}
constexpr std::array<uint8_t, 256> kValues = MakeValues();

uint8_t ValueOf(char c) { return kValues[static_cast<uint8_t>(c)]; }

absl::Status BadCharacter(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && ValueOf(text[at]) != kInvalid) ++at;
  return absl::InvalidArgumentError(absl::StrCat("base64: got a byte outside of the alphabet at ", at));
}

}  // namespace

std::string HexEncode(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t byte = static_cast<uint8_t>(bytes[i]);
    text[2 * i] = kDigits[byte >> 4];
    text[2 * i + 1] = kDigits[byte & 15];
  }
  return text;
}

std::string Base64Encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  size_t out = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    uint32_t group = static_cast<uint8_t>(bytes[i]) << 16;
    if (left > 1) group |= static_cast<uint8_t>(bytes[i + 1]) << 8;
    if (left > 2) group |= static_cast<uint8_t>(bytes[i + 2]);
    text[out] = kAlphabet[group >> 18];
    text[out + 1] = kAlphabet[(group >> 12) & 63];
    if (left > 1) text[out + 2] = kAlphabet[(group >> 6) & 63];
    if (left > 2) text[out + 3] = kAlphabet[group & 63];
    out += 4;
  }
  return text;
}

absl::StatusOr<std::string> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("base64: got ", text.size(), " characters, want a multiple of 4"));
  }
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::string_view digits = text.substr(0, text.size() - padding);

  std::string bytes(text.size() / 4 * 3 - padding, '\0');
  char* out = bytes.data();
  const size_t whole = digits.size() / 4 * 4;
  // Looked at once at the end: a branch for each digit costs more than reading on.
  uint8_t seen = 0;
  for (size_t i = 0; i < whole; i += 4) {
    const uint8_t a = ValueOf(digits[i]), b = ValueOf(digits[i + 1]);
    const uint8_t c = ValueOf(digits[i + 2]), d = ValueOf(digits[i + 3]);
    seen |= a | b | c | d;
    *out++ = static_cast<char>(a << 2 | b >> 4);
    *out++ = static_cast<char>(b << 4 | c >> 2);
    *out++ = static_cast<char>(c << 6 | d);
  }
  uint32_t last = 0;
  for (char c : digits.substr(whole)) {
    seen |= ValueOf(c);
    last = last << 6 | ValueOf(c);
  }
  if (seen > 63) return BadCharacter(digits);
  // The last group has 2 or 3 digits: 4 or 2 bits of it are no part of a byte.
  if (padding != 0) {
    const int unused_bits = padding == 2 ? 4 : 2;
    if ((last & ((1u << unused_bits) - 1)) != 0) {
      return absl::InvalidArgumentError("base64: got unused bits that are not zero");
    }
    last >>= unused_bits;
    if (padding == 1) *out++ = static_cast<char>(last >> 8);
    *out++ = static_cast<char>(last);
  }
  return bytes;
}

}  // namespace quartermaster::crypto
