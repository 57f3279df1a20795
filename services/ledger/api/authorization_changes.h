// The changes of one product instance's authorizations within one transaction: who holds what, and the steps
// that end one and begin another. Part of authorization_flow.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_CHANGES_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_CHANGES_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ledger/storage/administration/authorization_store.h"
#include "services/ledger/storage/administration/authorized_rights.h"

namespace quartermaster::ledger {

class AuthorizationChanges {
 public:
  // Locks the rights of the account for the rest of the transaction.
  AuthorizationChanges(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act)
      : transaction_(transaction),
        smart_account_id_(smart_account_id),
        act_(act),
        rights_(transaction, smart_account_id, act) {}

  AuthorizedRights& rights() { return rights_; }

  // The product instance has installed it. What it replaces is replaced, and what is left of that is free.
  absl::Status Confirm(Authorization& authorization);
  // The product instance has removed it: everything is free. One that was to replace it takes over what it
  // lacks; one that it replaced was replaced when it was installed. `kind` says by whose word: the product
  // instance's proof, or two administrators', who leave the one that it was to replace alone.
  absl::Status Return(Authorization& authorization, ChangeKind kind = ChangeKind::kReturn);
  // What of it lies in lots that have ended is let go: its code says until when it was good. Its consumer is
  // authorised for that much less.
  absl::Status LetGoOfEnded(const Authorization& authorization);
  // Denied or timed out: the hold ends.
  absl::Status EndHold(Authorization& authorization, AuthorizationEvent event);
  // Moves it to the state that follows, and writes it. `ledger.authorization_state_invalid`.
  absl::Status Step(Authorization& authorization, AuthorizationEvent event, const char* want);

 private:
  std::optional<Authorization> LivePredecessor(const Authorization& authorization);
  absl::Status Supersede(Authorization& predecessor, const Authorization& successor, ChangeKind kind);
  absl::Status HandOver(const Authorization& predecessor, Authorization successor, ChangeKind kind);
  absl::Status Damaged(const Authorization& authorization, const Shortage& shortage) const;

  pqxx::transaction_base& transaction_;
  const int64_t smart_account_id_;
  const Act& act_;
  AuthorizedRights rights_;
};

// What a code is for, as the rules count it.
std::vector<WantedTag> WantedOf(const Authorization& authorization);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_CHANGES_H_
