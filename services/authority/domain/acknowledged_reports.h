// Which reports an acknowledgement covers, packed: column acknowledgements.reports. A million reports
// cost about two bytes each.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_ACKNOWLEDGED_REPORTS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_ACKNOWLEDGED_REPORTS_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::authority {

struct AcknowledgedReport {
  int64_t source_id = 0;
  int64_t report_id = 0;
  auto operator<=>(const AcknowledgedReport&) const = default;
};

// Format, stored for ever: 1 byte version (1); then for each source in ascending order: varint
// difference of the source id to the one before (the first to 0), varint number of its reports,
// zigzag varint of the smallest report id, varint differences (at least 1) of the others.
// Sorts `reports` and drops repetitions.
std::string PackAcknowledgedReports(std::vector<AcknowledgedReport>& reports);

// `authority.stored_row_damaged` for bytes that PackAcknowledgedReports cannot have written.
absl::StatusOr<std::vector<AcknowledgedReport>> UnpackAcknowledgedReports(std::string_view packed);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_ACKNOWLEDGED_REPORTS_H_
