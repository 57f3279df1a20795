#include "services/ledger/storage/administration/landing_rule_book.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// A statement sees the rows as they were before it: `before` is the rule that is replaced.
constexpr char kSetRule[] = R"sql(
  WITH before AS (SELECT virtual_account_id FROM landing_rules
                  WHERE (smart_account_id, order_id, tag) = ($1, $2, $3)),
  written AS (
    INSERT INTO landing_rules (smart_account_id, order_id, tag, virtual_account_id, created_at)
    VALUES ($1, $2, $3, $4, $5::timestamptz)
    ON CONFLICT (smart_account_id, order_id, tag) DO UPDATE SET virtual_account_id = excluded.virtual_account_id)
  SELECT virtual_account_id FROM before)sql";

constexpr char kDeleteRule[] = R"sql(
  DELETE FROM landing_rules WHERE (smart_account_id, order_id, tag) = ($1, $2, $3)
  RETURNING order_id, tag, virtual_account_id)sql";

constexpr char kListRules[] = R"sql(
  SELECT order_id, tag, virtual_account_id FROM landing_rules
  WHERE smart_account_id = $1 AND (order_id, tag) > ($2, $3) ORDER BY order_id, tag LIMIT $4)sql";

// '' stands for any. What leads to a closed Virtual Account leads nowhere: the next best rule decides.
constexpr char kReadRules[] = R"sql(
  SELECT order_id, tag, virtual_account_id FROM landing_rules
  JOIN virtual_accounts v USING (smart_account_id, virtual_account_id)
  WHERE smart_account_id = $1 AND v.closed_at IS NULL AND (order_id = '' OR order_id = ANY ($2::text[]))
    AND (tag = '' OR tag = ANY ($3::text[])))sql";

LandingRuleRow RuleOf(const pqxx::row& row) {
  return {row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<int64_t>()};
}

}  // namespace

std::optional<int64_t> SetLandingRule(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const LandingRuleRow& rule, absl::Time now) {
  const pqxx::result before = transaction.exec_params(kSetRule, smart_account_id, rule.order_id, rule.tag,
                                                      rule.virtual_account_id, TimeText(now));
  if (before.empty()) return std::nullopt;
  return before[0][0].as<int64_t>();
}

std::optional<LandingRuleRow> DeleteLandingRule(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                const std::string& order_id, const std::string& tag) {
  const pqxx::result gone = transaction.exec_params(kDeleteRule, smart_account_id, order_id, tag);
  if (gone.empty()) return std::nullopt;
  return RuleOf(gone[0]);
}

std::vector<LandingRuleRow> ListLandingRules(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                             const LandingRuleRow& after, int limit) {
  std::vector<LandingRuleRow> rules;
  for (const auto& row :
       transaction.exec_params(kListRules, smart_account_id, after.order_id, after.tag, limit)) {
    rules.push_back(RuleOf(row));
  }
  return rules;
}

LandingRules ReadLandingRules(pqxx::transaction_base& transaction, int64_t smart_account_id,
                              const std::vector<std::string>& order_ids,
                              const std::vector<std::string>& tags) {
  LandingRules rules;
  for (const auto& row :
       transaction.exec_params(kReadRules, smart_account_id, TextArray(order_ids), TextArray(tags))) {
    const LandingRuleRow rule = RuleOf(row);
    rules.Add(rule.order_id, rule.tag, rule.virtual_account_id);
  }
  return rules;
}

}  // namespace quartermaster::ledger
