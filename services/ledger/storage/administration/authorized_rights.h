// The rights behind authorizations in the database: the one place where they lock, are read and move.
//
// Lock order, everywhere: first the rights of the account (its row of smart_accounts), then the usage books
// (the row apply_reports of ledger_cursors). The apply job holds only the second and never asks for the
// first.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZED_RIGHTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZED_RIGHTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <vector>

#include "services/ledger/domain/authorization_life.h"
#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// Whose use is authorised: the product instance itself and the consumer that it is part of.
struct AuthorizedInstance {
  int64_t product_instance_id = 0;
  int64_t consumer_id = 0;
  // The home of the consumer: its pools give.
  int64_t virtual_account_id = 0;
};

// Of one Smart Account, within one transaction. The constructor locks its rights; Settle, which comes last,
// locks the usage books. Throws what libpqxx throws.
class AuthorizedRights {
 public:
  AuthorizedRights(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act);

  // Nothing when the account has no such product instance.
  std::optional<AuthorizedInstance> FindInstance(int64_t product_instance_id);

  // Holds so many of each tag for the instance; what is held, or why nothing is. `line` of the shortage is
  // the place in `wanted`.
  struct HoldResult {
    std::vector<LotShare> held;
    std::optional<Shortage> shortage;
  };
  HoldResult Hold(const AuthorizedInstance& instance, const std::vector<WantedTag>& wanted);

  // A hold becomes a reservation; what of it cannot because its lot has ended.
  std::optional<Shortage> Commit(const std::vector<LotShare>& shares);
  // What is held (reserved) for the instance is free again.
  std::optional<Shortage> CancelHold(int64_t product_instance_id, const std::vector<LotShare>& shares);
  std::optional<Shortage> Return(int64_t product_instance_id, const std::vector<LotShare>& shares,
                                 ChangeKind kind = ChangeKind::kReturn);

  // Brings what is authorised, and what of it is beyond the reported use, up to date. Once, at the end: it
  // waits for the apply job's transaction.
  void Settle();

 private:
  using Key = std::pair<int64_t, int32_t>;  // product instance, tag
  RightsBook Read(const std::vector<LotShare>& shares);
  void Book(ChangeKind kind, const std::vector<RightsMovement>& moved);
  std::optional<Shortage> Free(int64_t product_instance_id, const std::vector<LotShare>& shares,
                               ChangeKind kind);

  pqxx::transaction_base& transaction_;
  const int64_t smart_account_id_;
  const Act& act_;
  // How much more (or less) each instance is authorised to use.
  std::map<Key, int64_t> authorized_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_AUTHORIZED_RIGHTS_H_
