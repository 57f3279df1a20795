// Erasure of a product instance's details.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ERASURE_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ERASURE_BOOK_H_

#include <cstdint>
#include <pqxx/pqxx>

#include "absl/time/time.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {

// Forgets its hostname, and says that what was received until `now` is not to be taken over any more;
// ingest erases its own rows by ledger_v1_instance_erasures. False when there is no such instance.
// Takes the lock of the usage books, under which hostnames are written.
bool EraseDetails(pqxx::transaction_base& transaction, int64_t smart_account_id, const UdiText& udi,
                  absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ERASURE_BOOK_H_
