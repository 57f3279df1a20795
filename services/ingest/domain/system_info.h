// The <data> of smartLicenseSystemInfo: what a device says about itself beside its reports.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_SYSTEM_INFO_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_SYSTEM_INFO_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/ingest/domain/report.h"

namespace quartermaster::ingest {

struct SystemInfo {
  Udi udi;
  std::string hostname;  // may be empty
};

// Reads the JSON text of <data>. It is kept as it came; only who sent it is read. Errors:
// ingest.payload_malformed, ingest.payload_field_missing, ingest.payload_field_invalid.
absl::StatusOr<SystemInfo> ReadSystemInfo(std::string_view data);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_SYSTEM_INFO_H_
