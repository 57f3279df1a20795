// The rows that a group leaves behind beside identities and bodies: change rows, poll tickets, system
// infos. Part of the group's transaction.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_ROWS_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_ROWS_H_

#include <cstdint>
#include <span>

#include "absl/time/time.h"
#include "services/ingest/storage/commit_group.h"
#include "services/ingest/storage/group_statements.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

// One change row for each share that stores something.
void QueueChanges(GroupStatements& statements, int32_t incarnation, absl::Time received_at,
                  std::span<const AccountShare> shares);

// Tickets for those submissions that want one and have something to wait for. Answers whether there
// is any.
bool QueueTickets(GroupStatements& statements, absl::Time received_at, std::span<const AccountShare> shares,
                  std::span<Submission* const> submissions);

// The newest system info of each sender that is known. Answers whether there is any.
bool QueueSystemInfos(GroupStatements& statements, absl::Time received_at,
                      std::span<Submission* const> submissions);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_GROUP_ROWS_H_
