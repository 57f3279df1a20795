#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "services/allinone/hosted_services.h"
#include "services/common/lifecycle/run_process.h"
#include "services/common/metrics/reference.h"

namespace quartermaster {
namespace {

TEST(MetricsReference, ListsExactlyTheMetricsOfAllServices) {
  // Naming the services and the process links them, and what they declare.
  ASSERT_EQ(AllServices().size(), 4u);
  auto* volatile const process = &RunProcess;
  ASSERT_TRUE(process != nullptr);
  std::ifstream file("docs/reference/metrics.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), metrics::MetricsReference(metrics::AllDeclarations()))
      << "bazel run //services/allinone:print_metrics > docs/reference/metrics.md";
}

}  // namespace
}  // namespace quartermaster
