// Rights of product instances that had authorizations or reservations when they joined an HA set. Their use
// is counted at the lead's home from then on; the apply job, which made the set, may not move rights, so they
// follow in a transaction of their own.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_JOINED_RIGHTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_JOINED_RIGHTS_H_

#include <cstdint>
#include <pqxx/pqxx>
#include <vector>

#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

struct JoinedInstance {
  int64_t smart_account_id = 0;
  int64_t product_instance_id = 0;
};
// Those in whose sets rights have not followed yet, at most so many.
std::vector<JoinedInstance> FindJoinedInstances(pqxx::transaction_base& transaction, int limit);

// What is held or reserved for any member of its set, lots, dates and states kept, comes to the home of the
// lead; their authorizations are there from then on. Under LockRights and LockInstances.
void MoveJoinedRights(pqxx::transaction_base& transaction, const JoinedInstance& joined, const Act& act);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_JOINED_RIGHTS_H_
