#include "services/common/metrics/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartermaster::metrics {
namespace {

TEST(MetricsReference, HasOneRowAMetric) {
  EXPECT_THAT(MetricsReference({{"quartermaster_a_total", Type::kCounter, "Answers.", {"x", "y"}, {}},
                                {"quartermaster_b_bytes", Type::kGauge, "Bytes.", {}, {}}}),
              testing::EndsWith("| metric | type | labels | meaning |\n"
                                "|---|---|---|---|\n"
                                "| `quartermaster_a_total` | counter | x, y | Answers. |\n"
                                "| `quartermaster_b_bytes` | gauge |  | Bytes. |\n"));
}

}  // namespace
}  // namespace quartermaster::metrics
