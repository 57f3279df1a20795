// Variable-length integers of the packed columns: seven bits a byte, lowest first; signed values in
// zigzag. Differences are taken modulo 2^64, so every value survives.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_VARINT_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_VARINT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace quartermaster::ledger {

inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}
// a - b and a + b without overflow being undefined.
inline int64_t WrappingSubtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t WrappingAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

inline void PutVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
inline void PutSignedVarint(int64_t value, std::string& out) { PutVarint(ZigZag(value), out); }

// Reads from the front of `bytes`. After the first short read every further value is 0 and ok()
// is false.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return position_ >= bytes_.size(); }
  std::string_view Rest() const { return bytes_.substr(position_); }

  uint8_t Byte() {
    if (AtEnd()) return Fail();
    return static_cast<uint8_t>(bytes_[position_++]);
  }
  uint64_t Unsigned() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (AtEnd()) return Fail();
      const uint8_t byte = static_cast<uint8_t>(bytes_[position_++]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Fail();
  }
  int64_t Signed() { return UnZigZag(Unsigned()); }

 private:
  uint8_t Fail() {
    ok_ = false;
    position_ = bytes_.size();
    return 0;
  }

  std::string_view bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_VARINT_H_
