#include "services/ledger/storage/generation_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace quartermaster::ledger {
namespace {

TEST(GenerationCache, FindsWhatWasPut) {
  GenerationCache<int, std::string> cache(10);
  cache.Put(1, "one");
  ASSERT_NE(cache.Find(1), nullptr);
  EXPECT_EQ(*cache.Find(1), "one");
  EXPECT_EQ(cache.Find(2), nullptr);
}

TEST(GenerationCache, ReplacesAnEntryOfEitherGeneration) {
  GenerationCache<int, int> cache(4);
  for (int key = 0; key < 3; ++key) cache.Put(key, key);  // 0 and 1 are old now
  cache.Put(0, 7);
  EXPECT_EQ(*cache.Find(0), 7);
  EXPECT_EQ(cache.size(), 3u);
}

TEST(GenerationCache, NeverHoldsMoreThanItsBound) {
  GenerationCache<int, int> cache(100);
  for (int key = 0; key < 1000; ++key) {
    cache.Put(key, key);
    ASSERT_LE(cache.size(), 100u);
  }
}

TEST(GenerationCache, KeepsWhatIsUsedAndForgetsTheRest) {
  GenerationCache<int, int> cache(100);
  cache.Put(-1, 42);
  for (int key = 0; key < 1000; ++key) {
    cache.Put(key, key);
    ASSERT_NE(cache.Find(-1), nullptr);
  }
  EXPECT_EQ(cache.Find(0), nullptr);
}

TEST(GenerationCache, ForgetsWhatIsErased) {
  GenerationCache<int, int> cache(4);
  for (int key = 0; key < 3; ++key) cache.Put(key, key);
  cache.Erase(0);
  cache.Erase(2);
  EXPECT_EQ(cache.Find(0), nullptr);
  EXPECT_EQ(cache.Find(2), nullptr);
  EXPECT_NE(cache.Find(1), nullptr);
}

}  // namespace
}  // namespace quartermaster::ledger
