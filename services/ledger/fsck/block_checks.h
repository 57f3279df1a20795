// Recomputes every sealed block from the rows that it covers, with code of its own.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_CHECKS_H_

#include <pqxx/pqxx>
#include <string_view>

#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// False when `progress` said stop. Throws what libpqxx throws.
bool CheckBlocks(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress,
                 Totals& totals);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_CHECKS_H_
