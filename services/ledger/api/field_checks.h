// Checks of request fields. Messages say field, got, want.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_FIELD_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_FIELD_CHECKS_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace quartermaster::ledger {

// Of names and ids that customers give.
inline constexpr size_t kIdBytesMax = 128;
inline constexpr size_t kTagBytesMax = 255;
// Of a product id or a serial number.
inline constexpr size_t kUdiBytesMax = 64;
// Counts of reports have the same bound.
inline constexpr int64_t kQuantityMax = 2'147'483'647;

// 1 (0 with `may_be_empty`) to bytes_max bytes of UTF-8 without control characters.
absl::Status CheckText(std::string_view field, std::string_view value, size_t bytes_max,
                       bool may_be_empty = false);

// Years 1970 to 9999; whole microseconds, as the database keeps them.
absl::StatusOr<absl::Time> TimeOf(std::string_view field, const google::protobuf::Timestamp& value);
void SetTime(absl::Time time, google::protobuf::Timestamp* out);

// Of a list whose keyset is the id of its last row: the id after which a page begins, 0 = the first page.
absl::StatusOr<int64_t> AfterId(const std::string& page_token, uint64_t filter);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_FIELD_CHECKS_H_
