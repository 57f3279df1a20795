// Judges the stored bodies that no position is recomputed from: of conflicts, of reports that a verified
// one has replaced, of those that were set aside, and of senders without a home.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_OTHER_BODIES_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_OTHER_BODIES_H_

#include <pqxx/pqxx>

#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// Adds to totals.reports. False when `progress` said stop. Throws what libpqxx throws.
bool CheckOtherBodies(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress,
                      Totals& totals);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_OTHER_BODIES_H_
