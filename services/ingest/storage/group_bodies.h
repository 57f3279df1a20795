// The bodies of a group's reports: rows of rum_reports. Part of the group's transaction.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_BODIES_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_BODIES_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "services/ingest/storage/commit_group.h"
#include "services/ingest/storage/group_statements.h"

namespace quartermaster::ingest {

// Stores all reports that have an outcome to store: many by COPY at once, few as a queued INSERT.
// Re-decides clock-suspect flags by the time of receipt, which a report only has now.
absl::Status StoreBodies(GroupStatements& statements, std::span<AccountShare> shares);

// The digest as it must be for this time of receipt (Unix seconds): each flag kClockSuspect decided
// by it.
absl::Status DecideClockSuspects(int64_t received_s, std::string& digest);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_BODIES_H_
