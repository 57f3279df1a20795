// Recomputes the chain of openings from their rows, with code of its own.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENING_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENING_CHECKS_H_

#include <pqxx/pqxx>

#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// False when `progress` said stop. Throws what libpqxx throws.
bool CheckOpenings(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENING_CHECKS_H_
