// Errors of ingest's storage, one function each.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_STORAGE_ERRORS_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_STORAGE_ERRORS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::ingest {

// This process takes no more work; another replica, or this one after its restart, does. Retryable.
absl::Status Stopping();
// The database refused this one report, for a reason that no retry cures.
absl::Status ReportNotStorable(const absl::Status& cause);
// No stored report has this name in this Smart Account.
absl::Status ReportUnknown(std::string_view name);
// It was stored once; retention has taken its body.
absl::Status ReportBodyRetired(std::string_view name);
// A stored body that cannot be read back: damage.
absl::Status BodyUnreadable(std::string_view what);
// The node stores another dictionary under this id than the one built in.
absl::Status DictionaryMismatch(int32_t dictionary_id);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_STORAGE_ERRORS_H_
