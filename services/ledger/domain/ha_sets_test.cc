#include "services/ledger/domain/ha_sets.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger {
namespace {

HaInstance Alone(int64_t id, const std::string& serial) {
  return {.product_instance_id = id, .udi_pid = "C9500", .udi_sn = serial, .lead_id = id};
}

TEST(HaSets, LeadIsTheSmallestUdi) {
  HaSets sets;
  sets.Add(Alone(1, "ZZZ"));
  sets.Add(Alone(2, "AAA"));
  ASSERT_TRUE(sets.Join(1, 2));
  const auto changed = sets.Changed();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].lead_id, 2);
  EXPECT_EQ(changed[0].members, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(changed[0].leads_before, (std::vector<int64_t>{1, 2}));
}

TEST(HaSets, ConnectsThroughACommonMember) {
  HaSets sets;
  for (int64_t id : {1, 2, 3}) sets.Add(Alone(id, std::string(1, static_cast<char>('A' + id))));
  ASSERT_TRUE(sets.Join(1, 2));
  ASSERT_TRUE(sets.Join(3, 2));
  ASSERT_EQ(sets.Changed().size(), 1u);
  EXPECT_EQ(sets.Changed()[0].members, (std::vector<int64_t>{1, 2, 3}));
}

TEST(HaSets, StoredSetsThatAreNamedAgainDoNotChange) {
  HaSets sets;
  HaInstance follower = Alone(1, "ZZZ");
  follower.lead_id = 2;
  sets.Add(follower);
  sets.Add(Alone(2, "AAA"));
  ASSERT_TRUE(sets.Join(1, 2));
  EXPECT_TRUE(sets.Changed().empty());
}

TEST(HaSets, GrowsAStoredSetKeepingItsLead) {
  HaSets sets;
  HaInstance follower = Alone(1, "ZZZ");
  follower.lead_id = 2;
  sets.Add(Alone(2, "AAA"));
  sets.Add(follower);
  sets.Add(Alone(3, "MMM"));
  ASSERT_TRUE(sets.Join(3, 1));
  ASSERT_EQ(sets.Changed().size(), 1u);
  EXPECT_EQ(sets.Changed()[0].members, (std::vector<int64_t>{2, 3, 1}));
  EXPECT_EQ(sets.Changed()[0].leads_before, (std::vector<int64_t>{2, 3}));
}

TEST(HaSets, DoesNotBelieveASetBeyondTheLimit) {
  HaSets sets;
  for (int64_t id = 1; id <= static_cast<int64_t>(kHaSetMembersMax) + 1; ++id) {
    sets.Add(Alone(id, std::to_string(1000 + id)));
  }
  for (int64_t id = 2; id <= static_cast<int64_t>(kHaSetMembersMax); ++id) {
    ASSERT_TRUE(sets.Join(1, id));
  }
  EXPECT_FALSE(sets.Join(1, static_cast<int64_t>(kHaSetMembersMax) + 1));
  EXPECT_EQ(sets.Changed()[0].members.size(), kHaSetMembersMax);
}

}  // namespace
}  // namespace quartermaster::ledger
