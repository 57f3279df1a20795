// Rows of landing_rules.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_LANDING_RULE_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_LANDING_RULE_BOOK_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/landing_rules.h"

namespace quartermaster::ledger {

struct LandingRuleRow {
  std::string order_id;
  std::string tag;
  int64_t virtual_account_id = 0;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

// The Virtual Account that the rule named before, if it was there.
std::optional<int64_t> SetLandingRule(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const LandingRuleRow& rule, absl::Time now);
// The rule that is gone; nothing when there was none.
std::optional<LandingRuleRow> DeleteLandingRule(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                const std::string& order_id, const std::string& tag);
// By order id and tag, bytewise, after `after`.
std::vector<LandingRuleRow> ListLandingRules(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                             const LandingRuleRow& after, int limit);

// Those that can apply to purchases of these orders and tags.
LandingRules ReadLandingRules(pqxx::transaction_base& transaction, int64_t smart_account_id,
                              const std::vector<std::string>& order_ids,
                              const std::vector<std::string>& tags);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_LANDING_RULE_BOOK_H_
