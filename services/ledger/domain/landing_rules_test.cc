#include "services/ledger/domain/landing_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quartermaster::ledger {
namespace {

TEST(LandingRulesTest, TheMostSpecificRuleWins) {
  LandingRules rules;
  rules.Add("PO-1", "switch", 1);
  rules.Add("PO-1", "", 2);
  rules.Add("", "switch", 3);
  struct Row {
    std::string order_id, tag;
    std::optional<int64_t> lands;
  };
  const std::vector<Row> table = {
      {"PO-1", "switch", 1},  {"PO-1", "router", 2}, {"PO-2", "switch", 3},  {"", "switch", 3},
      {"PO-2", "router", {}}, {"", "", {}},          {"po-1", "router", {}},
  };
  for (const Row& row : table) {
    EXPECT_EQ(rules.VirtualAccountFor(row.order_id, row.tag), row.lands) << row.order_id << " " << row.tag;
  }
}

TEST(LandingRulesTest, WithoutRulesNothingIsSaid) {
  EXPECT_EQ(LandingRules().VirtualAccountFor("PO-1", "switch"), std::nullopt);
}

}  // namespace
}  // namespace quartermaster::ledger
