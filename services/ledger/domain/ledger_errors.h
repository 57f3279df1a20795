// The errors of ledger, one function each. Messages say field, got, want.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LEDGER_ERRORS_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LEDGER_ERRORS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::ledger {

// Requests.
absl::Status FieldMissing(std::string_view field, std::string_view want);
absl::Status FieldInvalid(std::string_view field, std::string_view got, std::string_view want);
// The request id was used before, for a request with other content.
absl::Status RequestIdReused(std::string_view request_id);
absl::Status TooManyRows(std::string_view field, int64_t got, int64_t max);
// Something else holds what this call needs, for now. Retryable.
absl::Status Busy(std::string_view what);

// Accounts.
absl::Status SmartAccountUnknown(std::string_view got);
absl::Status SmartAccountExists(std::string_view domain, std::string_view display_name);
absl::Status VirtualAccountUnknown(std::string_view field, std::string_view got);
absl::Status VirtualAccountExists(std::string_view name);

// Catalogue and entitlements.
absl::Status SubstitutionCycle(std::string_view tag);
absl::Status TagUnknown(std::string_view field, std::string_view got);
absl::Status TagRepeated(std::string_view tag, int64_t first_row);
absl::Status QuantityOutOfRange(std::string_view field, int64_t got, int64_t min, int64_t max);
absl::Status TermEndsBeforeStart(std::string_view got_end, std::string_view start);
absl::Status EntitlementConflict(std::string_view entitlement_id, std::string_view field,
                                 std::string_view got, std::string_view booked);
absl::Status EntitlementUnknown(std::string_view field, std::string_view got);
// Fewer than wanted may move; `what` says of what, and where.
absl::Status QuantityNotAvailable(std::string_view field, int64_t got, int64_t available,
                                  std::string_view what);
absl::Status MovementUnknown(int64_t movement_id);
absl::Status MovementNotReversible(int64_t movement_id);
absl::Status TooManyMovements(int64_t waiting_lines, int64_t want_max);
absl::Status DeadlinePassed();
absl::Status MovementReversed(int64_t movement_id, int64_t reversed_by);

// Product instances.
absl::Status ProductInstanceUnknown(std::string_view product_id, std::string_view serial_number);
absl::Status ProductInstanceElsewhere(std::string_view product_id, std::string_view serial_number);

// The feed.
// A stored report that cannot be booked; it is set aside with a finding.
absl::Status ReportUnbookable(std::string_view why);
// Not enough memory just now. Retryable.
absl::Status OutOfMemory();
// Stored bytes of ledger that cannot be read: damage.
absl::Status PositionUnreadable(int64_t product_instance_id, int32_t tag_id);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LEDGER_ERRORS_H_
