// Rows of set_aside_reports: reports that could not be booked, and wait to be tried again. Under the
// lock of the usage books (usage_lock.h), but for Next.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_SET_ASIDE_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_SET_ASIDE_STORE_H_

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

// A report's place in ingest's feed.
struct ReportName {
  int64_t smart_account_id = 0;
  int64_t change_id = 0;
  int32_t place = 0;
  auto operator<=>(const ReportName&) const = default;
};

struct SetAsideReport {
  ReportName name;
  // Of its finding; 0 where it could not be said.
  int64_t product_instance_id = 0;
  int32_t tag_id = 0;
  std::string reason;
};
// Keeps the newest reason, and the first time.
absl::Status InsertSetAside(pg::RawConnection& connection, std::span<const SetAsideReport> reports,
                            absl::Time now);

// With the time of its change, by which its row is found.
struct SetAsideName {
  ReportName name;
  absl::Time received_at;
  // Of all digests of its change.
  int64_t digest_bytes = 0;
};
// In the order of their names, after `after`. A change that is no longer there is left out.
absl::StatusOr<std::vector<SetAsideName>> NextSetAside(pg::RawConnection& connection, const ReportName& after,
                                                       int32_t limit);

// Reports that were booked: their rows go, and findings that no other row is behind are resolved.
absl::Status DeleteSetAside(pg::RawConnection& connection, std::span<const ReportName> names, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_SET_ASIDE_STORE_H_
