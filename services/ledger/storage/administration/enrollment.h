// How product instances came to trust, before anything else is known of them.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ENROLLMENT_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ENROLLMENT_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>

#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

// Whether it redeemed an ID token of this Smart Account, or has a trust code of it that is not revoked.
bool IsEnrolled(pqxx::transaction_base& transaction, int64_t smart_account_id, const UdiText& udi);

// The Virtual Account of the ID token that it redeemed last; none without one, or where it is closed.
std::optional<int64_t> HomeByIdToken(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     const UdiText& udi);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ENROLLMENT_H_
