// Rows of authorization_releases: what two administrators say of a product instance that cannot prove the
// removal of its code any more.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZATION_RELEASE_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZATION_RELEASE_BOOK_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "absl/time/time.h"

namespace quartermaster::ledger {

struct AuthorizationRelease {
  int64_t authorization_id = 0;
  std::string reason;
  std::string requested_by;
  absl::Time requested_at;
  // When the request lapses.
  absl::Time expires_at;
  // Empty until another administrator approved.
  std::string decided_by;
  std::optional<absl::Time> decided_at;

  bool AwaitsApproval(absl::Time now) const { return !decided_at.has_value() && now < expires_at; }
};

// All functions run in the caller's transaction and throw what libpqxx throws. Rows change under LockRights.

std::optional<AuthorizationRelease> FindRelease(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                int64_t authorization_id);
// In the place of one that lapsed.
void PutRelease(pqxx::transaction_base& transaction, int64_t smart_account_id,
                const AuthorizationRelease& release);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZATION_RELEASE_BOOK_H_
