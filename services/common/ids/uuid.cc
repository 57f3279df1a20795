#include "services/common/ids/uuid.h"

#include <algorithm>

#include "services/common/ids/random.h"
#include "services/common/text/hex_digit.h"

namespace quartermaster::ids {
namespace {

// Positions of the hyphens in the text form.
constexpr bool IsHyphenAt(size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

Uuid NewUuidV7(absl::Time now) {
  const uint64_t milliseconds = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMillis(now)));
  const uint64_t high = RandomBits();
  const uint64_t low = RandomBits();
  Uuid uuid;
  for (int i = 0; i < 6; ++i) uuid[i] = static_cast<uint8_t>(milliseconds >> (40 - 8 * i));
  uuid[6] = static_cast<uint8_t>(0x70 | (high & 0x0F));  // version 7
  uuid[7] = static_cast<uint8_t>(high >> 8);
  for (int i = 0; i < 8; ++i) uuid[8 + i] = static_cast<uint8_t>(low >> (8 * i));
  uuid[8] = static_cast<uint8_t>(0x80 | (uuid[8] & 0x3F));  // variant of RFC 9562
  return uuid;
}

std::string UuidToString(const Uuid& uuid) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const uint8_t byte : uuid) {
    if (IsHyphenAt(text.size())) text += '-';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::optional<Uuid> ParseUuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid{};
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsHyphenAt(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = quartermaster::text::HexDigitValue(text[i]);
    if (digit < 0) return std::nullopt;
    uuid[digits / 2] = static_cast<uint8_t>(uuid[digits / 2] << 4 | digit);
    ++digits;
  }
  return uuid;
}

absl::Time UuidV7Time(const Uuid& uuid) {
  int64_t milliseconds = 0;
  for (int i = 0; i < 6; ++i) milliseconds = milliseconds << 8 | uuid[i];
  return absl::FromUnixMillis(milliseconds);
}

}  // namespace quartermaster::ids
