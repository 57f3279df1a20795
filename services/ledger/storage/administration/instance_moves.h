// Moves of product instances between the Virtual Accounts of one Smart Account: their homes, and what is in
// use, from now on. One transaction a call, under LockInstances.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_MOVES_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_MOVES_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

// Product instances that somebody chose, as consumers.
struct ChosenConsumers {
  // The leads of their HA sets, themselves where they stand alone; each once.
  std::vector<int64_t> leads;
  // Those of them that lead a set of several.
  std::set<int64_t> sets;
  // How many of the chosen are at home elsewhere than where they shall go, and were not removed.
  int64_t chosen_elsewhere = 0;
};
// Of these only those at home in `only_from`; 0 = anywhere.
ChosenConsumers ChooseConsumers(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                const std::vector<int64_t>& instance_ids, int64_t only_from,
                                int64_t to_virtual_account_id);

// What of these consumers is not at home in `to_virtual_account_id` yet; 0: all of them.
struct MovePlan {
  // Product instances that were not removed; members of HA sets count one by one.
  int64_t product_instances = 0;
  // In use now by (Virtual Account that gives, tag).
  std::map<std::pair<int64_t, int32_t>, int64_t> in_use;
};
MovePlan PlanMove(pqxx::transaction_base& transaction, int64_t smart_account_id,
                  const std::vector<int64_t>& leads, int64_t to_virtual_account_id);

// Moves these consumers with all members of their HA sets, from act.now on, and answers how many product
// instances had another home before; with none nothing is written. The open finding
// "wrong_virtual_account" of those that came through the door of their new home is resolved. Under LockRights
// too: the rights behind a code stay where they are, so who has an authorization or a reservation of rights
// that lie elsewhere does not move. `ledger.product_instance_authorized`, `ledger.position_unreadable`.
absl::StatusOr<int64_t> MoveInstances(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const std::vector<int64_t>& leads, int64_t to_virtual_account_id,
                                      const Act& act);

// Followers of HA sets that are at home in `virtual_account_id` while their lead is not go home to it. Their
// use is counted at the lead's home and moves nowhere. How many.
int64_t MoveFollowersHome(pqxx::transaction_base& transaction, int64_t smart_account_id,
                          int64_t virtual_account_id, const Act& act);

// What the apply job remembers of product instances is no longer true when this commits.
void CountHomeChange(pqxx::transaction_base& transaction, const Act& act);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_MOVES_H_
