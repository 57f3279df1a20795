// Terms of rights: lots that have ended, and what is needed to correct one.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_TERMS_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_TERMS_BOOK_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/consumption_order.h"
#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/administration/request_log.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

// A Smart Account in which something of a lot is still available although the lot has ended by `now`.
std::optional<int64_t> AccountToExpire(pqxx::transaction_base& transaction, absl::Time now);
// The movements available -> expired that these are, those that ended first first, at most `movements_max`:
// each is effective from its lot's end. Under LockRights.
std::vector<BookedMovement> EndedQuantities(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                            absl::Time now, int movements_max);

// A purchased right as a correction needs it.
struct PurchasedLot {
  Lot lot;
  std::string tag;
  // That bought it.
  int64_t virtual_account_id = 0;
  // What is a right of it now, wherever it lies: purchase and corrections.
  int64_t quantity = 0;
};
std::optional<PurchasedLot> FindLot(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    const std::string& entitlement_id);

// Under LockRights.
void SetConsumptionOrder(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         ConsumptionOrder order);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_TERMS_BOOK_H_
