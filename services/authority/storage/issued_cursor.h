// Names of the cursors that issuing acknowledgements goes by.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ISSUED_CURSOR_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ISSUED_CURSOR_H_

namespace quartermaster::authority {

// Ours: how far ingest's feed is acknowledged.
inline constexpr char kCursorTable[] = "authority_cursors";
inline constexpr char kIssuedConsumer[] = "issue_acknowledgements";
// Ledger's, in view ledger_v1_cursors: how far ingest's feed is in the books.
inline constexpr char kAppliedConsumer[] = "apply_reports";

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ISSUED_CURSOR_H_
