// The rule of deadlines stands twice: in C++ for one instance, in SQL for all of an account. They
// must agree, under whatever policies are in force.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/policy/deadlines.h"
#include "services/ledger/storage/administration/instance_policies.h"
#include "services/ledger/storage/administration/pool_query.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int64_t kNow = 1'700'000'000;

std::string TimeSql(int64_t unix_s) {
  return unix_s == 0 ? "NULL" : absl::StrCat("to_timestamp(", unix_s, ")");
}

class CountInstancesTest : public ::testing::TestWithParam<int> {
 protected:
  int64_t Below(int64_t bound) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound)); }
  // Within two years before now; 0 = never, now and then.
  int64_t SomeTime() { return Below(4) == 0 ? 0 : kNow - Below(730) * kDay - Below(2); }
  int SomeDays() { return Below(3) == 0 ? 0 : static_cast<int>(1 + Below(500)); }

  // Policy `id` of the account or, with one, of a Virtual Account.
  void AddPolicy(int64_t id, const std::string& virtual_account_id, bool ended) {
    policy::DaysByClass days;
    for (policy::ReportingDays& one : days) one = {SomeDays(), SomeDays(), SomeDays()};
    database_.Run(absl::StrCat("INSERT INTO reporting_policies OVERRIDING SYSTEM VALUE VALUES (",
                               database_.account(), ", ", id, ", ", virtual_account_id, ", 4, 'P', ",
                               Below(3) > 0 ? "true" : "false", ", 30, '", policy::DaysToArray(days),
                               "', '2020-01-01', ", ended ? "'2020-02-01'" : "NULL", ", '')"));
  }

  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
  LedgerDatabase database_;
};

TEST_P(CountInstancesTest, AgreesWithTheRuleForOneInstance) {
  const int64_t other = database_.AddVirtualAccount(database_.account(), "Other");
  struct Tag {
    int enforcement, term;
    bool known;
  };
  std::vector<Tag> tags;
  for (int i = 0; i < 8; ++i) {
    tags.push_back({static_cast<int>(1 + Below(3)), static_cast<int>(1 + Below(2)), Below(4) > 0});
    database_.Run(absl::StrCat(
        "INSERT INTO license_tags (tag, enforcement, term, known, first_seen_at) VALUES ('tag", i, "', ",
        tags[i].enforcement, ", ", tags[i].term, ", ", tags[i].known ? "true" : "false", ", now())"));
  }
  // Of every second seed the default policy is the only one.
  const bool with_policies = GetParam() % 2 == 0;
  if (with_policies) {
    AddPolicy(1, "NULL", /*ended=*/true);
    AddPolicy(2, absl::StrCat(other), /*ended=*/true);
    AddPolicy(3, absl::StrCat(other), /*ended=*/false);
    AddPolicy(4, "NULL", /*ended=*/GetParam() % 4 == 0);
  }
  pg::Pool pool(database_.options());
  std::map<int64_t, InstanceCounts> want;
  std::vector<policy::ReportedUse> uses;
  std::string rows;
  // Of one HA set: where its members that have contact are at home, the policy of each, and the latest
  // times of any.
  std::vector<int64_t> homes;
  std::vector<PolicyFacts> policies;
  policy::ReportingTimes times;
  const auto close_set = [&] {
    if (policies.empty()) return;
    const auto in_force =
        pool.Read("policies", [&](pqxx::transaction_base& tx) -> absl::StatusOr<policy::ReportingPolicy> {
          return InstancePolicies::Read(tx, database_.account(), policies).InForceFor(policies);
        });
    const auto deadline = policy::NextDeadlinesOf(*in_force, uses, times).report_s;
    for (const int64_t home : homes) {
      want[home].reporting_overdue += deadline.has_value() && *deadline < kNow ? 1 : 0;
    }
    uses.clear();
    homes.clear();
    policies.clear();
    times = {};
  };
  for (int64_t id = 1; id <= 300; ++id) {
    // Every third instance follows the one before in an HA set and shares its use.
    const int64_t lead = id % 3 == 0 ? id - 1 : id;
    const int64_t home = Below(2) == 0 ? database_.virtual_account() : other;
    const int64_t acked = SomeTime();
    const int64_t contacted = SomeTime();
    PolicyFacts facts{.virtual_account_id = home, .acknowledged = acked != 0, .delivered_policy_id = {}};
    if (with_policies && acked != 0 && Below(3) > 0) facts.delivered_policy_id = 1 + Below(4);
    if (lead == id) close_set();
    policies.push_back(facts);
    if (acked != 0) times.last_acknowledged_s = std::max(times.last_acknowledged_s, std::optional(acked));
    if (contacted != 0) times.last_report_s = std::max(times.last_report_s, std::optional(contacted));
    if (contacted != 0) homes.push_back(home);
    want[home].product_instances += 1;
    absl::StrAppend(&rows,
                    "INSERT INTO product_instances (product_instance_id, smart_account_id, udi_pid, udi_sn,"
                    " virtual_account_id, ha_lead_id, created_at, first_contact_at, last_contact_at,"
                    " last_acknowledged_at, delivered_policy_id) "
                    "OVERRIDING SYSTEM VALUE VALUES (",
                    id, ", ", database_.account(), ", 'P', 'S", id, "', ", home, ", ", lead, ", now(), ",
                    TimeSql(contacted), ", ", TimeSql(contacted), ", ", TimeSql(acked), ", ",
                    facts.delivered_policy_id ? absl::StrCat(*facts.delivered_policy_id) : "NULL", ");");
    for (int64_t position = lead == id ? Below(4) : 0; position > 0; --position) {
      const Tag& tag = tags[static_cast<size_t>(2 * position + Below(2))];
      policy::ReportedUse use{policy::ClassOf(tag.enforcement, tag.known ? tag.term : 2),
                              Below(3) == 0 ? 0 : 2, SomeTime(), SomeTime()};
      use.open_change_s = Below(2) == 0 ? use.last_change_s : std::min(use.last_change_s, SomeTime());
      absl::StrAppend(&rows, "INSERT INTO usage_positions VALUES (", database_.account(), ", ", id, ", ",
                      &tag - tags.data() + 1, ", ", home, ", ", use.in_use, ", 1, 1, 0, ", id, ", 0, ",
                      use.first_use_s, ", ", use.last_change_s, ", ", use.open_change_s, ", 0, '', '');");
      uses.push_back(use);
    }
  }
  close_set();
  database_.Run(rows);
  const auto got = pool.Read(
      "count", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::map<int64_t, InstanceCounts>> {
        return CountInstances(transaction, database_.account(), absl::FromUnixSeconds(kNow));
      });
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->size(), want.size());
  int64_t overdue = 0;
  for (const auto& [home, counts] : want) {
    EXPECT_EQ(got->at(home).product_instances, counts.product_instances);
    EXPECT_EQ(got->at(home).reporting_overdue, counts.reporting_overdue) << "seed " << GetParam();
    overdue += counts.reporting_overdue;
  }
  EXPECT_GT(overdue, 5);
  EXPECT_LT(overdue, 280);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CountInstancesTest, ::testing::Range(1, 9));

}  // namespace
}  // namespace quartermaster::ledger
