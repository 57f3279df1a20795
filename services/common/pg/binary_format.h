// PostgreSQL's binary wire format of the types that we use. All integers are big-endian; times are
// microseconds since 2000-01-01 UTC.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_BINARY_FORMAT_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_BINARY_FORMAT_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "absl/time/time.h"

namespace quartermaster::pg {

// Object ids of built-in types (pg_type.dat); they never change.
inline constexpr unsigned kBoolOid = 16;
inline constexpr unsigned kByteaOid = 17;
inline constexpr unsigned kInt8Oid = 20;
inline constexpr unsigned kInt2Oid = 21;
inline constexpr unsigned kInt4Oid = 23;
inline constexpr unsigned kTextOid = 25;
inline constexpr unsigned kByteaArrayOid = 1001;
inline constexpr unsigned kInt2ArrayOid = 1005;
inline constexpr unsigned kInt4ArrayOid = 1007;
inline constexpr unsigned kTextArrayOid = 1009;
inline constexpr unsigned kInt8ArrayOid = 1016;
inline constexpr unsigned kTimestamptzOid = 1184;
inline constexpr unsigned kTimestamptzArrayOid = 1185;
inline constexpr unsigned kUuidOid = 2950;
inline constexpr unsigned kUuidArrayOid = 2951;
inline constexpr unsigned kXid8Oid = 5069;

template <typename Int>
Int SwapBigEndian(Int value) {
  static_assert(std::is_integral_v<Int>);
  if constexpr (sizeof(Int) == 1 || std::endian::native == std::endian::big) {
    return value;
  } else if constexpr (sizeof(Int) == 2) {
    return static_cast<Int>(__builtin_bswap16(static_cast<uint16_t>(value)));
  } else if constexpr (sizeof(Int) == 4) {
    return static_cast<Int>(__builtin_bswap32(static_cast<uint32_t>(value)));
  } else {
    return static_cast<Int>(__builtin_bswap64(static_cast<uint64_t>(value)));
  }
}

template <typename Int>
void AppendInt(std::string& out, Int value) {
  const Int swapped = SwapBigEndian(value);
  out.append(reinterpret_cast<const char*>(&swapped), sizeof(swapped));
}

template <typename Int>
Int ReadInt(const char* bytes) {
  Int value;
  std::memcpy(&value, bytes, sizeof(value));
  return SwapBigEndian(value);
}

inline constexpr int64_t kPostgresEpochUnixUs = 946684800ll * 1000000;

inline int64_t ToPostgresTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::numeric_limits<int64_t>::max();
  if (time == absl::InfinitePast()) return std::numeric_limits<int64_t>::min();
  return absl::ToUnixMicros(time) - kPostgresEpochUnixUs;
}

inline absl::Time FromPostgresTime(int64_t us) {
  if (us == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  if (us == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  return absl::FromUnixMicros(us + kPostgresEpochUnixUs);
}

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_BINARY_FORMAT_H_
