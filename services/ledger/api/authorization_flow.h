// What happens to authorizations and reservations, step by step, whatever door a request came through. Each
// step is a transaction, or part of the caller's; between holding and granting the authority signs the code.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_FLOW_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_FLOW_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ledger/api/idempotent_write.h"
#include "services/ledger/storage/administration/authorization_release_book.h"
#include "services/ledger/storage/administration/authorization_store.h"
#include "services/ledger/storage/administration/authorized_rights.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// How long a quantity is set aside.
struct AuthorizationTerms {
  // Until the code is signed.
  absl::Duration hold_timeout = absl::Minutes(15);
  // Until somebody approved.
  absl::Duration approval_timeout = absl::Hours(72);
};

// One lot in a code.
struct CodeEntitlement {
  std::string tag, display_name, description, subscription_id;
  int64_t count = 0;
  Term term = Term::kPerpetual;
  absl::Time start_at;
  std::optional<absl::Time> end_at;
};
struct CodeRequest {
  int64_t smart_account_id = 0;
  int64_t authorization_id = 0;
  UdiText udi;
  int64_t sequence = 0;
  absl::Time issued_at;
  bool reservation = false;
  std::vector<CodeEntitlement> entitlements;
};
struct SignedCode {
  std::string code;
  // 32 bytes each.
  std::string confirmation_hash, removal_hash;
};
// The authority. Signing the same again answers the same.
struct CodeSigner {
  std::function<absl::StatusOr<SignedCode>(const CodeRequest&)> sign;
  // Of one that is in force.
  std::function<absl::StatusOr<std::string>(int64_t smart_account_id, int64_t authorization_id)> find;
};

// A request as a product instance, an administrator or a file makes it.
struct AuthorizationAsk {
  int64_t smart_account_id = 0;
  AuthorizationKind kind = AuthorizationKind::kAuthorization;
  UdiText udi;
  // Home of one that nobody knows yet; empty = the default.
  std::string virtual_account;
  // With tag and quantity.
  std::vector<AuthorizationLine> lines;
  std::string confirmation_code, removal_code;
  // With the credential that product instances share: only for one that is known or enrolled here, at the
  // home that it has.
  bool from_device = false;
};

// Thread-safe.
class AuthorizationFlow {
 public:
  // `pool` outlives it.
  AuthorizationFlow(pg::Pool* pool, AuthorizationTerms terms, CodeSigner signer)
      : pool_(*pool), terms_(terms), signer_(std::move(signer)) {}

  // Takes the proofs, then holds what is asked for, unless it is there already. Within the caller's
  // transaction.
  absl::StatusOr<Authorization> Ask(pqxx::transaction_base& transaction, const Act& act,
                                    const AuthorizationAsk& ask) const;
  // Signs the code of one that is held; of one that is further on, answers how it is. In transactions of its
  // own, idempotent. `ledger.authorization_not_granted` when what was signed no longer is what is held, or is
  // not allowed any more: the hold ends.
  absl::StatusOr<Authorization> Grant(int64_t smart_account_id, int64_t authorization_id,
                                      const Act& act) const;

  absl::StatusOr<Authorization> Approve(pqxx::transaction_base& transaction, const Act& act,
                                        int64_t smart_account_id, int64_t authorization_id) const;
  absl::StatusOr<Authorization> Deny(pqxx::transaction_base& transaction, const Act& act,
                                     int64_t smart_account_id, int64_t authorization_id) const;
  // authorization_release.cc: one administrator asks that it be freed without a proof, another approves. Both
  // answer it, with its release; only the second frees anything.
  absl::StatusOr<AuthorizationRelease> AskRelease(pqxx::transaction_base& transaction, const Act& act,
                                                  int64_t smart_account_id, int64_t authorization_id,
                                                  const std::string& reason) const;
  absl::StatusOr<AuthorizationRelease> ApproveRelease(pqxx::transaction_base& transaction, const Act& act,
                                                      int64_t smart_account_id,
                                                      int64_t authorization_id) const;
  // An administrator wants it back; nothing is free yet.
  absl::StatusOr<Authorization> AskReturn(pqxx::transaction_base& transaction, const Act& act,
                                          int64_t smart_account_id, const UdiText& udi,
                                          AuthorizationKind kind) const;
  // Frees what was held too long; how many.
  absl::StatusOr<int> ExpireHolds(absl::Time now) const;

  // Its code; empty where none is in force.
  absl::StatusOr<std::string> CodeOf(int64_t smart_account_id, const Authorization& authorization) const;

 private:
  absl::StatusOr<CodeRequest> PrepareCode(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                          const Authorization& authorization) const;
  struct GrantOutcome {
    Authorization authorization;
    // Why nothing was granted; empty = it was.
    std::string refusal;
  };
  absl::StatusOr<GrantOutcome> CommitGrant(pqxx::transaction_base& transaction, const Act& act,
                                           const CodeRequest& signed_request, const SignedCode& code) const;
  absl::StatusOr<std::string> FindRefusal(pqxx::transaction_base& transaction,
                                          const Authorization& authorization,
                                          const CodeRequest& signed_request) const;

  pg::Pool& pool_;
  const AuthorizationTerms terms_;
  const CodeSigner signer_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_FLOW_H_
