#include "services/ledger/api/field_checks.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kYear10000S = 253402300800;

}  // namespace

absl::Status CheckText(std::string_view field, std::string_view value, size_t bytes_max, bool may_be_empty) {
  if (value.empty()) {
    return may_be_empty ? absl::OkStatus() : FieldMissing(field, absl::StrCat("1 to ", bytes_max, " bytes"));
  }
  if (value.size() > bytes_max) {
    return FieldInvalid(field, absl::StrCat(value.size(), " bytes"), absl::StrCat("at most ", bytes_max));
  }
  for (unsigned char c : value) {
    if (c < 0x20 || c == 0x7f) {
      return FieldInvalid(field, absl::StrCat("control character ", static_cast<int>(c)), "text without any");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> TimeOf(std::string_view field, const google::protobuf::Timestamp& value) {
  if (value.seconds() < 0 || value.seconds() >= kYear10000S || value.nanos() < 0 ||
      value.nanos() >= 1'000'000'000) {
    return FieldInvalid(field, absl::StrCat(value.seconds(), " s"), "a time from 1970 to 9999");
  }
  return absl::FromUnixSeconds(value.seconds()) + absl::Microseconds(value.nanos() / 1000);
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  out->set_seconds(micros / 1'000'000);
  out->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
}

absl::StatusOr<int64_t> AfterId(const std::string& page_token, uint64_t filter) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, ids::ParsePageToken(page_token, filter));
  int64_t id = 0;
  if (!keys.empty() && !absl::SimpleAtoi(keys[0], &id)) {
    return FieldInvalid("page_token", page_token, "one of this list");
  }
  return id;
}

}  // namespace quartermaster::ledger
