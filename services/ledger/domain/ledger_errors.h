// The errors of ledger, one function each. Messages say field, got, want.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LEDGER_ERRORS_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LEDGER_ERRORS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

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
absl::Status SmartAccountClosed(std::string_view domain);
absl::Status SmartAccountIsDefault(std::string_view domain);
absl::Status SmartAccountNotEmpty(std::string_view domain, std::string_view content);
absl::Status VirtualAccountClosed(std::string_view name);
absl::Status VirtualAccountIsDefault(std::string_view name);
// `content` counts what is in it; `want` says what to do.
absl::Status VirtualAccountNotEmpty(std::string_view name, std::string_view content, std::string_view want);

absl::Status HoldUnknown(std::string_view name);
// In force under that name, for another reason.
absl::Status HoldExists(std::string_view name, std::string_view reason);

// Catalogue and entitlements.
absl::Status SubstitutionCycle(std::string_view tag);
absl::Status TagUnknown(std::string_view field, std::string_view got);
absl::Status TagRepeated(std::string_view tag, int64_t first_row);
absl::Status QuantityOutOfRange(std::string_view field, int64_t got, int64_t min, int64_t max);
absl::Status TermEndsBeforeStart(std::string_view got_end, std::string_view start);
absl::Status EntitlementConflict(std::string_view entitlement_id, std::string_view field,
                                 std::string_view got, std::string_view booked);
absl::Status EntitlementUnknown(std::string_view field, std::string_view got);
// It ended, and what has ended is not corrected.
absl::Status EntitlementEnded(std::string_view field, std::string_view ended_at);
absl::Status LandingRuleUnknown(std::string_view order_id, std::string_view tag);
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
// Its authorization or reservation holds rights of the Virtual Account that it would leave.
absl::Status ProductInstanceAuthorized(std::string_view product_id, std::string_view serial_number);
// The one that should be replaced reported after the one that should replace it had begun to.
absl::Status ProductInstancesBothReport(std::string_view old_udi, std::string_view new_udi);
absl::Status ProductInstanceElsewhere(std::string_view product_id, std::string_view serial_number);

// ID tokens. None of them repeats the token's value.
absl::Status IdTokenUnknown();
absl::Status IdTokenExpired(absl::Time expires_at);
absl::Status IdTokenUsedUp(int64_t wanted, int64_t left);
absl::Status IdTokenRevoked();
// The product instance asks for export-controlled functionality, which this token does not allow.
absl::Status IdTokenExportNotAllowed();
// This UDI got trust by the token for another key.
absl::Status IdTokenRedeemed(std::string_view product_id, std::string_view serial_number);
// Authorizations and reservations.
absl::Status AuthorizationUnknown(std::string_view field, int64_t got);
// The license runs without asking.
absl::Status AuthorizationNotNeeded(std::string_view field, std::string_view tag);
// The product instance has one on its way, for something else.
absl::Status AuthorizationOpen(int64_t authorization_id, std::string_view state);
// What is installed must be named by its confirmation code before it can be replaced.
absl::Status ConfirmationCodeRequired(int64_t authorization_id);
// Not the code of this product instance's authorization.
absl::Status ProofInvalid(std::string_view field);
absl::Status AuthorizationStateInvalid(int64_t authorization_id, std::string_view got, std::string_view want);
// Who asked cannot decide.
absl::Status DecisionDenied(int64_t authorization_id);
// `why` goes on after "got 7, ".
absl::Status AuthorizationNotGranted(int64_t authorization_id, std::string_view why);
// Somebody asked for the release already, for another reason.
absl::Status ReleaseOpen(int64_t authorization_id, std::string_view requested_by);
absl::Status ReleaseUnknown(int64_t authorization_id);
absl::Status ExportNotAllowed(std::string_view got);
absl::Status AuthorizationFileMalformed(std::string_view why);

// The feed.
// A stored report that cannot be booked; it is set aside with a finding.
absl::Status ReportUnbookable(std::string_view why);
// Not enough memory just now. Retryable.
absl::Status OutOfMemory();
// Stored bytes of ledger that cannot be read: damage.
absl::Status PositionUnreadable(int64_t product_instance_id, int32_t tag_id);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LEDGER_ERRORS_H_
