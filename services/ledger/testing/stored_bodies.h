// Bodies as ingest stores them, beside reports that a test wrote into the feed.
#ifndef QUARTERMASTER_SERVICES_LEDGER_TESTING_STORED_BODIES_H_
#define QUARTERMASTER_SERVICES_LEDGER_TESTING_STORED_BODIES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {

// The payload of a report, in the JSON form of devices.
std::string PayloadOf(const FeedReport& report);

// A bytea literal.
std::string BytesLiteral(std::string_view bytes);

// What is stored of a payload: wrapped, signed by nobody, and compressed.
std::string CompressedBody(const std::string& payload);

// As ingest stores a report: its bytes, and its identity unless another has it.
std::string StoreSql(const FeedReport& report, const std::string& payload, int64_t change_id, size_t place);

// LedgerDatabase::Submit, with bodies and identities.
int64_t SubmitWithBodies(LedgerDatabase& database, std::span<const FeedReport> reports,
                         absl::Time received_at, int64_t smart_account_id);
inline int64_t SubmitWithBodies(LedgerDatabase& database, std::span<const FeedReport> reports,
                                absl::Time received_at) {
  return SubmitWithBodies(database, reports, received_at, database.account());
}

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_TESTING_STORED_BODIES_H_
