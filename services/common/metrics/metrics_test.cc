#include "services/common/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace quartermaster::metrics {
namespace {

using ::testing::HasSubstr;

const CounterSpec kApples =
    DeclareCounter("quartermaster_test_apples_total", "Apples eaten.", {"colour", "taste"});
const GaugeSpec kDepth = DeclareGauge("quartermaster_test_depth", "How deep it is.");
const HistogramSpec kWait =
    DeclareHistogram("quartermaster_test_wait_seconds", "Waiting.", {0.1, 1}, {"queue"});

TEST(Metrics, ASeriesIsTheSameAtEveryCall) {
  Registry registry;
  registry.Get(kApples, {"red", "sweet"}).Increment();
  registry.Get(kApples, {"red", "sweet"}).Increment(2);
  registry.Get(kApples, {"green", "sour"}).Increment();
  const std::string text = registry.Exposition();
  EXPECT_THAT(text, HasSubstr("# HELP quartermaster_test_apples_total Apples eaten.\n"
                              "# TYPE quartermaster_test_apples_total counter\n"));
  EXPECT_THAT(text, HasSubstr("quartermaster_test_apples_total{colour=\"red\",taste=\"sweet\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("quartermaster_test_apples_total{colour=\"green\",taste=\"sour\"} 1\n"));
}

TEST(Metrics, AHistogramHasTheBucketsOfItsDeclaration) {
  Registry registry;
  registry.Get(kWait, {"main"}).Observe(0.5);
  const std::string text = registry.Exposition();
  EXPECT_THAT(text, HasSubstr("{queue=\"main\",le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("{queue=\"main\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("quartermaster_test_wait_seconds_sum{queue=\"main\"} 0.5\n"));
}

TEST(Metrics, AHookRunsBeforeEveryExpositionUntilItIsTakenBack) {
  Registry registry;
  int depth = 1;
  {
    const CollectHook hook = registry.OnCollect([&] { registry.Get(kDepth).Set(depth); });
    depth = 7;
    EXPECT_THAT(registry.Exposition(), HasSubstr("quartermaster_test_depth 7\n"));
  }
  depth = 9;
  EXPECT_THAT(registry.Exposition(), HasSubstr("quartermaster_test_depth 7\n"));
}

TEST(Metrics, AHookMayOutliveTheRegistry) {
  CollectHook hook;
  {
    Registry registry;
    hook = registry.OnCollect([] {});
  }
  hook = CollectHook();
}

TEST(Metrics, DeclarationsAreListedByName) {
  std::vector<std::string> names;
  for (const Declaration& declaration : AllDeclarations()) names.push_back(declaration.name);
  EXPECT_THAT(names, testing::ElementsAre("quartermaster_test_apples_total", "quartermaster_test_depth",
                                          "quartermaster_test_wait_seconds"));
}

TEST(MetricsDeathTest, BadDeclarationsEndTheProcess) {
  EXPECT_DEATH(DeclareGauge("quartermaster_test_depth", "Again."), "declared twice");
  EXPECT_DEATH(DeclareCounter("quartermaster_test_pears", "Pears."), "end in _total");
  EXPECT_DEATH(DeclareGauge("pears", "Pears."), "quartermaster_");
  EXPECT_DEATH(DeclareHistogram("quartermaster_test_x_seconds", "X.", {2, 1}), "rising");
  Registry registry;
  EXPECT_DEATH(registry.Get(kApples, {"red"}), "another number of labels");
}

TEST(Metrics, ThreadsCountTogether) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) registry.Get(kApples, {"red", "sweet"}).Increment();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.Get(kApples, {"red", "sweet"}).Value(), 4000);
}

}  // namespace
}  // namespace quartermaster::metrics
