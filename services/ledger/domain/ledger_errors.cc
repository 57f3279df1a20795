#include "services/ledger/domain/ledger_errors.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster::ledger {
namespace {

using absl::StatusCode;
using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

constexpr size_t kQuotedBytesMax = 96;

// What a caller sent, as a message may show it: short, printable, in quotes.
std::string Quoted(std::string_view text) {
  const bool cut = text.size() > kQuotedBytesMax;
  const std::string shown(text.substr(0, kQuotedBytesMax));
  return absl::StrCat("\"", absl::Utf8SafeCEscape(shown), cut ? "…" : "", "\"");
}
std::string Text(std::string_view text) { return std::string(text); }

const ErrorKind kFieldMissing =
    RegisterErrorKind({"ledger.field_missing", StatusCode::kInvalidArgument, false});
const ErrorKind kFieldInvalid =
    RegisterErrorKind({"ledger.field_invalid", StatusCode::kInvalidArgument, false});
const ErrorKind kRequestIdReused =
    RegisterErrorKind({"ledger.request_id_reused", StatusCode::kAlreadyExists, false});
const ErrorKind kTooManyRows =
    RegisterErrorKind({"ledger.too_many_rows", StatusCode::kInvalidArgument, false});
const ErrorKind kBusy = RegisterErrorKind({"ledger.busy", StatusCode::kUnavailable, true});
const ErrorKind kSmartAccountUnknown =
    RegisterErrorKind({"ledger.smart_account_unknown", StatusCode::kNotFound, false});
const ErrorKind kSmartAccountExists =
    RegisterErrorKind({"ledger.smart_account_exists", StatusCode::kAlreadyExists, false});
const ErrorKind kVirtualAccountUnknown =
    RegisterErrorKind({"ledger.virtual_account_unknown", StatusCode::kNotFound, false});
const ErrorKind kVirtualAccountExists =
    RegisterErrorKind({"ledger.virtual_account_exists", StatusCode::kAlreadyExists, false});
const ErrorKind kHoldUnknown = RegisterErrorKind({"ledger.hold_unknown", StatusCode::kNotFound, false});
const ErrorKind kHoldExists = RegisterErrorKind({"ledger.hold_exists", StatusCode::kAlreadyExists, false});
const ErrorKind kSmartAccountClosed =
    RegisterErrorKind({"ledger.smart_account_closed", StatusCode::kFailedPrecondition, false});
const ErrorKind kSmartAccountIsDefault =
    RegisterErrorKind({"ledger.smart_account_is_default", StatusCode::kFailedPrecondition, false});
const ErrorKind kSmartAccountNotEmpty =
    RegisterErrorKind({"ledger.smart_account_not_empty", StatusCode::kFailedPrecondition, false});
const ErrorKind kVirtualAccountClosed =
    RegisterErrorKind({"ledger.virtual_account_closed", StatusCode::kFailedPrecondition, false});
const ErrorKind kVirtualAccountIsDefault =
    RegisterErrorKind({"ledger.virtual_account_is_default", StatusCode::kFailedPrecondition, false});
const ErrorKind kVirtualAccountNotEmpty =
    RegisterErrorKind({"ledger.virtual_account_not_empty", StatusCode::kFailedPrecondition, false});
const ErrorKind kSubstitutionCycle =
    RegisterErrorKind({"ledger.substitution_cycle", StatusCode::kInvalidArgument, false});
const ErrorKind kTagUnknown = RegisterErrorKind({"ledger.tag_unknown", StatusCode::kInvalidArgument, false});
const ErrorKind kTagRepeated =
    RegisterErrorKind({"ledger.tag_repeated", StatusCode::kInvalidArgument, false});
const ErrorKind kQuantityOutOfRange =
    RegisterErrorKind({"ledger.quantity_out_of_range", StatusCode::kInvalidArgument, false});
const ErrorKind kTermEndsBeforeStart =
    RegisterErrorKind({"ledger.term_ends_before_start", StatusCode::kInvalidArgument, false});
const ErrorKind kEntitlementConflict =
    RegisterErrorKind({"ledger.entitlement_conflict", StatusCode::kAlreadyExists, false});
const ErrorKind kProductInstanceUnknown =
    RegisterErrorKind({"ledger.product_instance_unknown", StatusCode::kNotFound, false});
const ErrorKind kProductInstanceElsewhere =
    RegisterErrorKind({"ledger.product_instance_elsewhere", StatusCode::kFailedPrecondition, false});
const ErrorKind kProductInstanceAuthorized =
    RegisterErrorKind({"ledger.product_instance_authorized", StatusCode::kFailedPrecondition, false});
const ErrorKind kProductInstancesBothReport =
    RegisterErrorKind({"ledger.product_instances_both_report", StatusCode::kFailedPrecondition, false});
const ErrorKind kReportUnbookable =
    RegisterErrorKind({"ledger.report_unbookable", StatusCode::kFailedPrecondition, false});
const ErrorKind kEntitlementUnknown =
    RegisterErrorKind({"ledger.entitlement_unknown", StatusCode::kNotFound, false});
const ErrorKind kEntitlementEnded =
    RegisterErrorKind({"ledger.entitlement_ended", StatusCode::kFailedPrecondition, false});
const ErrorKind kLandingRuleUnknown =
    RegisterErrorKind({"ledger.landing_rule_unknown", StatusCode::kNotFound, false});
const ErrorKind kQuantityNotAvailable =
    RegisterErrorKind({"ledger.quantity_not_available", StatusCode::kFailedPrecondition, false});
const ErrorKind kMovementUnknown =
    RegisterErrorKind({"ledger.movement_unknown", StatusCode::kNotFound, false});
const ErrorKind kMovementNotReversible =
    RegisterErrorKind({"ledger.movement_not_reversible", StatusCode::kFailedPrecondition, false});
const ErrorKind kMovementReversed =
    RegisterErrorKind({"ledger.movement_reversed", StatusCode::kFailedPrecondition, false});
const ErrorKind kTooManyMovements =
    RegisterErrorKind({"ledger.too_many_movements", StatusCode::kResourceExhausted, true});
const ErrorKind kDeadlinePassed =
    RegisterErrorKind({"ledger.deadline_passed", StatusCode::kDeadlineExceeded, true});
const ErrorKind kIdTokenUnknown =
    RegisterErrorKind({"ledger.id_token_unknown", StatusCode::kNotFound, false});
const ErrorKind kIdTokenExpired =
    RegisterErrorKind({"ledger.id_token_expired", StatusCode::kFailedPrecondition, false});
const ErrorKind kIdTokenUsedUp =
    RegisterErrorKind({"ledger.id_token_used_up", StatusCode::kFailedPrecondition, false});
const ErrorKind kIdTokenRevoked =
    RegisterErrorKind({"ledger.id_token_revoked", StatusCode::kFailedPrecondition, false});
const ErrorKind kIdTokenExportNotAllowed =
    RegisterErrorKind({"ledger.id_token_export_not_allowed", StatusCode::kPermissionDenied, false});
const ErrorKind kIdTokenRedeemed =
    RegisterErrorKind({"ledger.id_token_redeemed", StatusCode::kFailedPrecondition, false});
const ErrorKind kAuthorizationUnknown =
    RegisterErrorKind({"ledger.authorization_unknown", StatusCode::kNotFound, false});
const ErrorKind kAuthorizationNotNeeded =
    RegisterErrorKind({"ledger.authorization_not_needed", StatusCode::kFailedPrecondition, false});
const ErrorKind kAuthorizationOpen =
    RegisterErrorKind({"ledger.authorization_open", StatusCode::kFailedPrecondition, false});
const ErrorKind kConfirmationCodeRequired =
    RegisterErrorKind({"ledger.confirmation_code_required", StatusCode::kFailedPrecondition, false});
const ErrorKind kProofInvalid =
    RegisterErrorKind({"ledger.proof_invalid", StatusCode::kPermissionDenied, false});
const ErrorKind kAuthorizationStateInvalid =
    RegisterErrorKind({"ledger.authorization_state_invalid", StatusCode::kFailedPrecondition, false});
const ErrorKind kAuthorizationNotGranted =
    RegisterErrorKind({"ledger.authorization_not_granted", StatusCode::kFailedPrecondition, false});
const ErrorKind kReleaseOpen =
    RegisterErrorKind({"ledger.release_open", StatusCode::kFailedPrecondition, false});
const ErrorKind kReleaseUnknown = RegisterErrorKind({"ledger.release_unknown", StatusCode::kNotFound, false});
const ErrorKind kDecisionDenied =
    RegisterErrorKind({"ledger.decision_denied", StatusCode::kPermissionDenied, false});
const ErrorKind kExportNotAllowed =
    RegisterErrorKind({"ledger.export_not_allowed", StatusCode::kPermissionDenied, false});
const ErrorKind kAuthorizationFileMalformed =
    RegisterErrorKind({"ledger.authorization_file_malformed", StatusCode::kInvalidArgument, false});
const ErrorKind kOutOfMemory =
    RegisterErrorKind({"ledger.out_of_memory", StatusCode::kResourceExhausted, true});
const ErrorKind kPositionUnreadable =
    RegisterErrorKind({"ledger.position_unreadable", StatusCode::kDataLoss, false});

}  // namespace

absl::Status FieldMissing(std::string_view field, std::string_view want) {
  return MakeError(kFieldMissing, absl::StrCat(Text(field), ": got nothing, want ", Text(want)));
}
absl::Status FieldInvalid(std::string_view field, std::string_view got, std::string_view want) {
  return MakeError(kFieldInvalid, absl::StrCat(Text(field), ": got ", Quoted(got), ", want ", Text(want)));
}
absl::Status RequestIdReused(std::string_view request_id) {
  return MakeError(kRequestIdReused, absl::StrCat("request_id: got ", Quoted(request_id),
                                                  " with other content than before, want a new id"));
}
absl::Status TooManyRows(std::string_view field, int64_t got, int64_t max) {
  return MakeError(kTooManyRows, absl::StrCat(Text(field), ": got ", got, " rows, want at most ", max));
}
absl::Status Busy(std::string_view what) {
  return MakeError(kBusy, absl::StrCat(Text(what), ": got a lock held too long, want a retry"));
}
absl::Status SmartAccountUnknown(std::string_view got) {
  return MakeError(kSmartAccountUnknown, absl::StrCat("smart_account: got ", Quoted(got),
                                                      ", want the domain or name of a Smart Account"));
}
absl::Status SmartAccountExists(std::string_view domain, std::string_view display_name) {
  return MakeError(kSmartAccountExists,
                   absl::StrCat("domain: got ", Quoted(domain), ", which is named ", Quoted(display_name),
                                ", want another domain or that name"));
}
absl::Status VirtualAccountUnknown(std::string_view field, std::string_view got) {
  return MakeError(kVirtualAccountUnknown,
                   absl::StrCat(Text(field), ": got ", Quoted(got),
                                ", want the name of a Virtual Account of this Smart Account"));
}
absl::Status VirtualAccountExists(std::string_view name) {
  return MakeError(
      kVirtualAccountExists,
      absl::StrCat("name: got ", Quoted(name), ", which another Virtual Account has, want another name"));
}
absl::Status SmartAccountClosed(std::string_view domain) {
  return MakeError(kSmartAccountClosed, absl::StrCat("smart_account: got ", Quoted(domain),
                                                     ", which is closed, want an open one"));
}
absl::Status SmartAccountIsDefault(std::string_view domain) {
  return MakeError(kSmartAccountIsDefault, absl::StrCat("smart_account: got ", Quoted(domain),
                                                        ", the default of this node, want another one"));
}
absl::Status SmartAccountNotEmpty(std::string_view domain, std::string_view content) {
  return MakeError(kSmartAccountNotEmpty,
                   absl::StrCat("smart_account: got ", Quoted(domain), ", which holds ", Text(content),
                                ", want an empty one"));
}
absl::Status VirtualAccountClosed(std::string_view name) {
  return MakeError(kVirtualAccountClosed, absl::StrCat("virtual_account: got ", Quoted(name),
                                                       ", which is closed, want an open one"));
}
absl::Status VirtualAccountIsDefault(std::string_view name) {
  return MakeError(
      kVirtualAccountIsDefault,
      absl::StrCat("virtual_account: got ", Quoted(name),
                   ", the default of its Smart Account, want another one to be the default first"));
}
absl::Status VirtualAccountNotEmpty(std::string_view name, std::string_view content, std::string_view want) {
  return MakeError(kVirtualAccountNotEmpty,
                   absl::StrCat("virtual_account: got ", Quoted(name), ", which holds ", Text(content),
                                ", want ", Text(want)));
}
absl::Status HoldUnknown(std::string_view name) {
  return MakeError(kHoldUnknown,
                   absl::StrCat("name: got ", Quoted(name), ", want a hold of this Smart Account"));
}
absl::Status HoldExists(std::string_view name, std::string_view reason) {
  return MakeError(kHoldExists, absl::StrCat("name: got ", Quoted(name), ", which is in force with reason ",
                                             Quoted(reason), ", want another name or that reason"));
}
absl::Status SubstitutionCycle(std::string_view tag) {
  return MakeError(kSubstitutionCycle, absl::StrCat("substitutes_for: got a chain that leads from ",
                                                    Quoted(tag), " back to it, want a hierarchy"));
}
absl::Status TagUnknown(std::string_view field, std::string_view got) {
  return MakeError(kTagUnknown, absl::StrCat(Text(field), ": got ", Quoted(got),
                                             ", want a tag of the catalogue or of this request"));
}
absl::Status TagRepeated(std::string_view tag, int64_t first_row) {
  return MakeError(kTagRepeated,
                   absl::StrCat("tag: got ", Quoted(tag), " as in row ", first_row, ", want each tag once"));
}
absl::Status QuantityOutOfRange(std::string_view field, int64_t got, int64_t min, int64_t max) {
  return MakeError(kQuantityOutOfRange,
                   absl::StrCat(Text(field), ": got ", got, ", want ", min, " to ", max));
}
absl::Status TermEndsBeforeStart(std::string_view got_end, std::string_view start) {
  return MakeError(kTermEndsBeforeStart, absl::StrCat("end_time: got ", Text(got_end),
                                                      ", want a time after start_time (", Text(start), ")"));
}
absl::Status EntitlementConflict(std::string_view entitlement_id, std::string_view field,
                                 std::string_view got, std::string_view booked) {
  return MakeError(kEntitlementConflict,
                   absl::StrCat(Text(field), ": got ", Quoted(got), " for entitlement ",
                                Quoted(entitlement_id), ", want ", Quoted(booked), " as it is booked"));
}
absl::Status EntitlementUnknown(std::string_view field, std::string_view got) {
  return MakeError(kEntitlementUnknown, absl::StrCat(Text(field), ": got ", Quoted(got),
                                                     ", want an entitlement of this Smart Account"));
}
absl::Status EntitlementEnded(std::string_view field, std::string_view ended_at) {
  return MakeError(kEntitlementEnded, absl::StrCat(Text(field), ": got one that ended at ", Text(ended_at),
                                                   ", want one whose term has not ended"));
}
absl::Status LandingRuleUnknown(std::string_view order_id, std::string_view tag) {
  return MakeError(kLandingRuleUnknown,
                   absl::StrCat("order_id, tag: got ", Quoted(order_id), ", ", Quoted(tag),
                                ", want those of a landing rule of this Smart Account"));
}
absl::Status QuantityNotAvailable(std::string_view field, int64_t got, int64_t available,
                                  std::string_view what) {
  return MakeError(kQuantityNotAvailable,
                   absl::StrCat(Text(field), ": got ", got, ", want at most ", available,
                                ", which is what may leave of ", Text(what)));
}
absl::Status MovementUnknown(int64_t movement_id) {
  return MakeError(kMovementUnknown,
                   absl::StrCat("movement_id: got ", movement_id, ", want a movement of this Smart Account"));
}
absl::Status MovementNotReversible(int64_t movement_id) {
  return MakeError(
      kMovementNotReversible,
      absl::StrCat("movement_id: got ", movement_id,
                   ", which is no movement that can be undone, want a transfer, a correction or a reversal"));
}
absl::Status TooManyMovements(int64_t waiting_lines, int64_t want_max) {
  return MakeError(kTooManyMovements,
                   absl::StrCat("transfers: got ", waiting_lines,
                                " lines that wait in this Smart Account, want at most ", want_max));
}
absl::Status DeadlinePassed() {
  return MakeError(kDeadlinePassed, "deadline: passed before the request was begun; nothing was changed");
}
absl::Status MovementReversed(int64_t movement_id, int64_t reversed_by) {
  return MakeError(kMovementReversed, absl::StrCat("movement_id: got ", movement_id, ", which ", reversed_by,
                                                   " has undone, want one that stands"));
}
absl::Status ProductInstanceUnknown(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kProductInstanceUnknown,
                   absl::StrCat("udi: got ", Quoted(product_id), " ", Quoted(serial_number),
                                ", want a product instance of this Smart Account"));
}
absl::Status IdTokenUnknown() {
  return MakeError(kIdTokenUnknown,
                   "id_token: got one that is not known here, want one of this Smart Account");
}

absl::Status IdTokenExpired(absl::Time expires_at) {
  return MakeError(kIdTokenExpired,
                   absl::StrCat("id_token: got one that ended at ",
                                absl::FormatTime(absl::RFC3339_sec, expires_at, absl::UTCTimeZone()),
                                ", want one that is valid"));
}

absl::Status IdTokenUsedUp(int64_t wanted, int64_t left) {
  return MakeError(kIdTokenUsedUp,
                   absl::StrCat("id_token: got ", wanted, " product instances that need a use, want at most ",
                                left, ", which are left"));
}

absl::Status IdTokenRevoked() {
  return MakeError(kIdTokenRevoked, "id_token: got one that was revoked, want one that is valid");
}

absl::Status IdTokenExportNotAllowed() {
  return MakeError(kIdTokenExportNotAllowed,
                   "export_controlled: got true, want false: this ID token does not allow export-controlled "
                   "functionality");
}

absl::Status IdTokenRedeemed(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kIdTokenRedeemed,
                   absl::StrCat("id_token: got one that ", Quoted(product_id), " ", Quoted(serial_number),
                                " redeemed for another key, want that key or another ID token"));
}

absl::Status ProductInstanceAuthorized(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kProductInstanceAuthorized,
                   absl::StrCat("product_instance: got ", Quoted(product_id), " ", Quoted(serial_number),
                                ", which has an authorization or a reservation, want one that returned it"));
}
absl::Status ProductInstancesBothReport(std::string_view old_udi, std::string_view new_udi) {
  return MakeError(kProductInstancesBothReport,
                   absl::StrCat("old_udi: got ", Quoted(old_udi), ", which reported after ", Quoted(new_udi),
                                " had begun to, want one that was replaced, or force"));
}
absl::Status ProductInstanceElsewhere(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kProductInstanceElsewhere,
                   absl::StrCat("udi: got ", Quoted(product_id), " ", Quoted(serial_number),
                                ", whose home is elsewhere, want one that is new or at home in "
                                "this Virtual Account"));
}
absl::Status AuthorizationUnknown(std::string_view field, int64_t got) {
  return MakeError(kAuthorizationUnknown,
                   absl::StrCat(Text(field), ": got ", got, ", want an authorization of this Smart Account"));
}
absl::Status AuthorizationNotNeeded(std::string_view field, std::string_view tag) {
  return MakeError(
      kAuthorizationNotNeeded,
      absl::StrCat(Text(field), ": got ", Quoted(tag),
                   ", which runs without asking, want an enforced or export-controlled license"));
}
absl::Status AuthorizationOpen(int64_t authorization_id, std::string_view state) {
  return MakeError(
      kAuthorizationOpen,
      absl::StrCat("lines: got others than those of authorization ", authorization_id, ", which is ",
                   Text(state), ", want the same, or that one confirmed or returned first"));
}
absl::Status ConfirmationCodeRequired(int64_t authorization_id) {
  return MakeError(kConfirmationCodeRequired,
                   absl::StrCat("confirmation_code: got nothing, want that of authorization ",
                                authorization_id, ", which is installed"));
}
absl::Status ProofInvalid(std::string_view field) {
  return MakeError(kProofInvalid,
                   absl::StrCat(Text(field),
                                ": got one that no code of this product instance gives, want the one "
                                "that the product instance shows"));
}
absl::Status AuthorizationStateInvalid(int64_t authorization_id, std::string_view got,
                                       std::string_view want) {
  return MakeError(kAuthorizationStateInvalid,
                   absl::StrCat("authorization_id: got ", authorization_id, ", which is ", Text(got),
                                ", want one that is ", Text(want)));
}
absl::Status DecisionDenied(int64_t authorization_id) {
  return MakeError(kDecisionDenied,
                   absl::StrCat("authorization_id: got ", authorization_id,
                                ", which the caller asked for, want another caller to decide"));
}
absl::Status AuthorizationNotGranted(int64_t authorization_id, std::string_view why) {
  return MakeError(
      kAuthorizationNotGranted,
      absl::StrCat("authorization_id: got ", authorization_id, ", ", Text(why),
                   ", want a new request: this one has ended, and its code is handed to nobody"));
}
absl::Status ReleaseOpen(int64_t authorization_id, std::string_view requested_by) {
  return MakeError(kReleaseOpen, absl::StrCat("reason: got another than ", Quoted(requested_by),
                                              " gave for the release of authorization ", authorization_id,
                                              ", want that one approved, or to wait until it lapses"));
}
absl::Status ReleaseUnknown(int64_t authorization_id) {
  return MakeError(
      kReleaseUnknown,
      absl::StrCat("authorization_id: got ", authorization_id,
                   ", whose release nobody asked for or whose request has lapsed, want one whose "
                   "release awaits approval"));
}
absl::Status ExportNotAllowed(std::string_view got) {
  return MakeError(kExportNotAllowed, absl::StrCat("smart_account: got ", Text(got),
                                                   ", want one that may have export-controlled licenses"));
}
absl::Status AuthorizationFileMalformed(std::string_view why) {
  return MakeError(kAuthorizationFileMalformed, absl::StrCat("file: ", Text(why)));
}
absl::Status ReportUnbookable(std::string_view why) {
  return MakeError(kReportUnbookable,
                   absl::StrCat("report: got ", Text(why), ", want one that can be booked"));
}
absl::Status OutOfMemory() {
  return MakeError(kOutOfMemory, "memory: got too little for a batch of reports, want more or a retry");
}
absl::Status PositionUnreadable(int64_t product_instance_id, int32_t tag_id) {
  return MakeError(kPositionUnreadable,
                   absl::StrCat("usage_positions: got bytes that are no timeline at product "
                                "instance ",
                                product_instance_id, ", tag ", tag_id, ", want what was stored"));
}

}  // namespace quartermaster::ledger
