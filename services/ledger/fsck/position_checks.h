// Recomputes every usage position and its whole history of one Smart Account from stored bytes.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_POSITION_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_POSITION_CHECKS_H_

#include <pqxx/pqxx>
#include <string_view>

#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// False when `progress` said stop. Throws what libpqxx throws.
bool CheckPositions(pqxx::transaction_base& transaction, int64_t smart_account_id, const FindingSink& sink,
                    const Progress& progress, Totals& totals);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_POSITION_CHECKS_H_
