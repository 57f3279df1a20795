#include "services/ingest/domain/json_fault.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/common/text/hex_digit.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Walks the text once; the first fault stops it.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  std::optional<JsonFault> Run() {
    if (Value()) {
      SkipSpace();
      if (!AtEnd()) Fail("bytes after the value", "the end");
    }
    return fault_;
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }

  bool Fail(const char* got, const char* want) {
    const bool early = AtEnd();
    fault_ = JsonFault{at_, early ? "the end of the text" : got, want};
    return false;
  }

  void SkipSpace() {
    while (!AtEnd() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r')) ++at_;
  }

  bool Word(std::string_view word) {
    for (char c : word) {
      if (AtEnd() || Peek() != c) return Fail("an unknown word", "a JSON value");
      ++at_;
    }
    return true;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return Fail("a broken number", "a digit");
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number() {
    const size_t start = at_;
    if (Peek() == '-') ++at_;
    if (Peek() == '0') {
      ++at_;
    } else if (!Digits()) {
      return false;
    }
    bool whole = true;
    if (Peek() == '.') {
      whole = false;
      ++at_;
      if (!Digits()) return false;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      whole = false;
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!Digits()) return false;
    }
    if (IsDigit(Peek())) return Fail("a number with a leading zero", "a JSON value");
    return whole ? FitsIn64Bits(start) : FitsInDouble(start);
  }

  bool FitsInDouble(size_t start) {
    const std::string number(text_.substr(start, at_ - start));
    if (std::isfinite(std::strtod(number.c_str(), nullptr))) return true;
    at_ = start;
    return Fail("a number that does not fit in a double", "a smaller number");
  }

  // Larger numbers are legal JSON, but no reader of reports could keep them exactly.
  bool FitsIn64Bits(size_t start) {
    const bool negative = text_[start] == '-';
    const size_t end = at_;
    const uint64_t most = negative ? uint64_t{1} << 63 : UINT64_MAX;
    uint64_t value = 0;
    for (at_ = start + (negative ? 1 : 0); at_ < end; ++at_) {
      const uint64_t digit = static_cast<uint64_t>(text_[at_] - '0');
      if (value > (most - digit) / 10) {
        at_ = start;
        return Fail("a number that does not fit in 64 bits", "a smaller number");
      }
      value = value * 10 + digit;
    }
    return true;
  }

  bool Unicode(uint32_t& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = AtEnd() ? -1 : quartermaster::text::HexDigitValue(Peek());
      if (digit < 0) return Fail("a broken \\u escape", "4 hexadecimal digits");
      unit = unit << 4 | static_cast<uint32_t>(digit);
      ++at_;
    }
    return true;
  }

  bool Escape() {
    ++at_;
    const char c = Peek();
    if (c != 'u') {
      if (AtEnd() || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
        return Fail("an unknown escape", "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
      }
      ++at_;
      return true;
    }
    ++at_;
    uint32_t unit = 0;
    if (!Unicode(unit)) return false;
    if (unit < 0xd800 || unit > 0xdfff) return true;
    if (unit > 0xdbff || !text_.substr(at_).starts_with("\\u")) {
      return Fail("half of a surrogate pair", "both halves");
    }
    at_ += 2;
    if (!Unicode(unit)) return false;
    if (unit < 0xdc00 || unit > 0xdfff) return Fail("half of a surrogate pair", "both halves");
    return true;
  }

  // One well-formed UTF-8 sequence of two or more bytes.
  bool Utf8() {
    const uint8_t lead = static_cast<uint8_t>(Peek());
    const int size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t point = lead & (0x7fu >> size);
    bool good = lead >= 0xc2 && lead <= 0xf4 && at_ + static_cast<size_t>(size) <= text_.size();
    for (int i = 1; good && i < size; ++i) {
      const uint8_t next = static_cast<uint8_t>(text_[at_ + static_cast<size_t>(i)]);
      good = (next & 0xc0) == 0x80;
      point = point << 6 | (next & 0x3f);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    good = good && point >= kLeast[size] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    if (!good) return Fail("a byte that is no UTF-8", "UTF-8");
    at_ += static_cast<size_t>(size);
    return true;
  }

  bool String() {
    ++at_;
    while (!AtEnd()) {
      const char c = Peek();
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!Escape()) return false;
      } else if (static_cast<uint8_t>(c) < 0x20) {
        return Fail("a control character in a string", "an escape");
      } else if (static_cast<uint8_t>(c) >= 0x80) {
        if (!Utf8()) return false;
      } else {
        ++at_;
      }
    }
    return Fail("", "the end of the string");
  }

  bool Scalar() {
    switch (Peek()) {
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        if (Peek() == '-' || IsDigit(Peek())) return Number();
        return Fail("a byte that starts no value", "a JSON value");
    }
  }

  bool Key() {
    SkipSpace();
    if (Peek() != '"') return Fail("a byte that starts no name", "a name in double quotes");
    if (!String()) return false;
    SkipSpace();
    if (Peek() != ':') return Fail("a name without a value", "a colon");
    ++at_;
    return true;
  }

  bool Open(bool is_object) {
    if (depth_ == kNestingDepthMax) {
      fault_ = JsonFault{at_, "one level more", "at most 32 levels", /*too_deep=*/true};
      return false;
    }
    ++at_;
    objects_ = (objects_ << 1) | (is_object ? 1 : 0);
    ++depth_;
    return true;
  }

  void Close() {
    ++at_;
    objects_ >>= 1;
    --depth_;
  }

  bool InObject() const { return (objects_ & 1) != 0; }

  // After a value inside something: closes what ends here, and stands before the next value when
  // there is one. `depth_` is 0 when everything is closed.
  bool Next() {
    while (depth_ > 0) {
      SkipSpace();
      if (Peek() == ',') {
        ++at_;
        return !InObject() || Key();
      }
      if (Peek() != (InObject() ? '}' : ']')) {
        return Fail("another byte", InObject() ? "a comma or }" : "a comma or ]");
      }
      Close();
    }
    return true;
  }

  bool Value() {
    do {
      SkipSpace();
      if (Peek() == '{' || Peek() == '[') {
        const bool is_object = Peek() == '{';
        if (!Open(is_object)) return false;
        SkipSpace();
        if (Peek() == (is_object ? '}' : ']')) {
          Close();
        } else if (is_object && !Key()) {
          return false;
        } else {
          continue;
        }
      } else if (!Scalar()) {
        return false;
      }
      if (!Next()) return false;
    } while (depth_ > 0);
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  // One bit a level, the lowest for the innermost: 1 = object, 0 = array.
  uint64_t objects_ = 0;
  std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> FindJsonFault(std::string_view text) { return Walk(text).Run(); }

}  // namespace quartermaster::ingest
