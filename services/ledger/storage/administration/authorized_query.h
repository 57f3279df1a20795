// What consumers were authorised to use beyond what they reported, at any time, from the authorizations and
// the entries of the usage book. Of the present it is kept: storage/authorized_usage.h.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZED_QUERY_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZED_QUERY_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>

#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/administration/figure_query.h"

namespace quartermaster::ledger {

// By the pool of the consumer's home then; without those that are 0. Runs in the caller's transaction and
// throws what libpqxx throws.
std::map<RightsPool, int64_t> ReadAuthorizedBeyondUse(pqxx::transaction_base& transaction,
                                                      int64_t smart_account_id, const FigureTimes& times);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZED_QUERY_H_
