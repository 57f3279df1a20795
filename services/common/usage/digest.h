// The stored form of what ingest extracts from a report (ReportDigest in
// proto/quartermaster/ingest/v1/digest.proto): written by ingest, read by ledger.
#ifndef QUARTERMASTER_SERVICES_COMMON_USAGE_DIGEST_H_
#define QUARTERMASTER_SERVICES_COMMON_USAGE_DIGEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/common/usage/measurement.h"

namespace quartermaster::usage {

// A unit of the HA set beside the sender.
struct DigestHaMember {
  std::string product_id;
  std::string serial_number;
  std::string role;  // as the device writes it: "Active", "Standby", "Member"
  bool operator==(const DigestHaMember&) const = default;
};

struct Digest {
  // In the order of the report: the index is the measurement's place.
  std::vector<Measurement> measurements;
  std::string software_version;
  std::vector<DigestHaMember> ha_members;
  int64_t previous_report_id = 0;  // 0 = none
};

// Compact: about 10 bytes a measurement. Times are from 0 to the end of the year 9999. Both
// functions are thread-safe.
std::string EncodeDigest(const Digest& digest);

// Fills `digest`, reusing its memory. `usage.digest_malformed` (DATA_LOSS) when the bytes are no
// digest: they were stored by us, so that is damage.
absl::Status DecodeDigest(std::string_view bytes, Digest& digest);

}  // namespace quartermaster::usage

#endif  // QUARTERMASTER_SERVICES_COMMON_USAGE_DIGEST_H_
