#include "services/ingest/storage/recent_map.h"

#include <gtest/gtest.h>

namespace quartermaster::ingest {
namespace {

TEST(RecentMapTest, FindsAndReplaces) {
  RecentMap<int> map(2);
  EXPECT_EQ(map.Find("a"), nullptr);
  map.Put("a", 1);
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(*map.Find("a"), 1);
  map.Put("a", 2);
  EXPECT_EQ(*map.Find("a"), 2);
  EXPECT_EQ(map.size(), 1u);
}

TEST(RecentMapTest, ForgetsTheLeastRecentlyUsed) {
  RecentMap<int> map(2);
  map.Put("a", 1);
  map.Put("b", 2);
  EXPECT_NE(map.Find("a"), nullptr);
  map.Put("c", 3);
  EXPECT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(map.Find("b"), nullptr);
  EXPECT_NE(map.Find("c"), nullptr);
  EXPECT_EQ(map.size(), 2u);
}

}  // namespace
}  // namespace quartermaster::ingest
