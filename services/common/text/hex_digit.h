// The value of one hex digit.
#ifndef QUARTERMASTER_SERVICES_COMMON_TEXT_HEX_DIGIT_H_
#define QUARTERMASTER_SERVICES_COMMON_TEXT_HEX_DIGIT_H_

namespace quartermaster::text {

// 0 to 15, of either case; -1 for anything else.
constexpr int HexDigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace quartermaster::text

#endif  // QUARTERMASTER_SERVICES_COMMON_TEXT_HEX_DIGIT_H_
