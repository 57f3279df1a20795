#include "services/ingest/storage/source_cache.h"

#include <gtest/gtest.h>

namespace quartermaster::ingest {
namespace {

TEST(SourceCacheTest, FindsWhatWasPut) {
  SourceCache cache(2);
  EXPECT_FALSE(cache.Find("a").has_value());
  cache.Put("a", {1, 10});
  ASSERT_TRUE(cache.Find("a").has_value());
  EXPECT_EQ(cache.Find("a")->sender_id, 1);
  EXPECT_EQ(cache.Find("a")->source_id, 10);
}

TEST(SourceCacheTest, KeysOfDistinctSourcesDiffer) {
  EXPECT_NE(SourceKey(1, {"AB", "C"}, "tag"), SourceKey(1, {"A", "BC"}, "tag"));
  EXPECT_NE(SourceKey(1, {"A", "B"}, "tag"), SourceKey(2, {"A", "B"}, "tag"));
  EXPECT_NE(SourceKey(1, {"A", "B"}, "tag"), SourceKey(1, {"A", "Bt"}, "ag"));
  EXPECT_EQ(SourceKey(1, {"A", "B"}, "tag"), SourceKey(1, {"A", "B"}, "tag"));
}

}  // namespace
}  // namespace quartermaster::ingest
