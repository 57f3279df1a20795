// The statements of one round of issuing, on the issuer's own connection.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ACKNOWLEDGEMENT_ROUND_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ACKNOWLEDGEMENT_ROUND_H_

#include <compare>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::authority {

// A report that was accepted and verified.
struct VerifiedReport {
  int64_t smart_account_id = 0;
  int64_t source_id = 0;
  int64_t report_id = 0;
  // Of its change in the span that was asked for.
  int32_t change_index = 0;
  int32_t place = 0;
};

// A verified report that waits for ledger to book it.
struct WithheldReport {
  int64_t smart_account_id = 0;
  int64_t change_id = 0;
  int32_t place = 0;
  int64_t sender_id = 0;
  int64_t source_id = 0;
  int64_t report_id = 0;
  // What an acknowledgement of it covers: the later one, in feed order, of its own change and of what
  // was acknowledged of this sender before.
  int64_t through_change_id = 0;
};

// A report's place in ingest's feed.
struct ReportName {
  int64_t smart_account_id = 0;
  int64_t change_id = 0;
  int32_t place = 0;
  auto operator<=>(const ReportName&) const = default;
};

// A row of acknowledgements; its sequence is given by the database.
struct NewAcknowledgement {
  int64_t smart_account_id = 0;
  int64_t sender_id = 0;
  int32_t report_count = 0;
  int64_t through_change_id = 0;
  std::string packed_reports;
  // The reporting policy that goes out with it; 0 = the default.
  int64_t policy_id = 0;
};

// Without a lock; the start of the feed when there is no row yet.
absl::StatusOr<pg::FeedPosition> ReadIssuedPosition(pg::RawConnection& connection);
// How far ledger has applied ingest's feed.
absl::StatusOr<pg::FeedPosition> ReadAppliedPosition(pg::RawConnection& connection);

// Of these changes, in no particular order.
absl::StatusOr<std::vector<VerifiedReport>> ReadVerifiedReports(pg::RawConnection& connection,
                                                                std::span<const pg::Change> changes);

// Which reports of these changes ledger has set aside, now. Read it after the position up to which
// ledger has applied them.
absl::StatusOr<std::set<ReportName>> ReadSetAside(pg::RawConnection& connection,
                                                  std::span<const pg::Change> changes);
// Withheld reports that ledger no longer sets aside, at most `limit`.
absl::StatusOr<std::vector<WithheldReport>> ReadReleased(pg::RawConnection& connection, int64_t limit);

// Gives each row the policy that is in force at the product instance's home. One cheap look where no
// account of the rows has a policy.
absl::Status ReadPolicies(pg::RawConnection& connection, std::span<NewAcknowledgement> rows);

// Within the transaction that holds the cursor's lock.
absl::Status InsertWithheld(pg::RawConnection& connection, std::span<const WithheldReport> reports);
// False when not all of them were there: another replica was faster.
absl::StatusOr<bool> DeleteWithheld(pg::RawConnection& connection, std::span<const WithheldReport> reports);

// Within the transaction that holds the cursor's lock: that lock makes the sequences unique.
absl::Status InsertAcknowledgements(pg::RawConnection& connection, std::span<const NewAcknowledgement> rows,
                                    absl::Time now);
// A change of authority's feed names at most so many senders: who follows takes each whole.
inline constexpr size_t kSendersPerChangeMax = 2000;
// The changes of authority's feed for each Smart Account in `rows`.
absl::Status InsertChanges(pg::RawConnection& connection, std::span<const NewAcknowledgement> rows,
                           absl::Time now);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ACKNOWLEDGEMENT_ROUND_H_
