#include "services/common/ids/request_id.h"

#include <algorithm>
#include <cstdint>

#include "services/common/ids/random.h"

namespace quartermaster::ids {

RequestId NewRequestId() {
  constexpr char kHex[] = "0123456789abcdef";
  uint64_t bits = RandomBits();
  RequestId id;
  for (char& digit : id) {
    digit = kHex[bits & 15];
    bits >>= 4;
  }
  return id;
}

bool IsValidRequestId(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace quartermaster::ids
