#include "clients/qmctl/progress_bar.h"

#include <gtest/gtest.h>

#include <sstream>

namespace quartermaster::qmctl {
namespace {

TEST(ProgressBarTest, SaysShareSizeRateAndWhatIsLeft) {
  EXPECT_EQ(ProgressLine("usage.xml", 1'200'000'000, 2'400'000'000, 480'000, absl::Seconds(20)),
            "usage.xml  [##########          ]  50%  1.2 GB of 2.4 GB  24,000 reports/s  0:20 left");
}

TEST(ProgressBarTest, AnUnknownSizeShowsOnlyWhatIsDone) {
  EXPECT_EQ(ProgressLine("-", 5000, 0, 10, absl::Seconds(2)), "-  5.0 kB  5 reports/s");
}

TEST(ProgressBarTest, WritesNothingWhereThereIsNoTerminal) {
  std::ostringstream err;
  {
    ProgressBar bar(err, /*is_terminal=*/false, "f", 100);
    bar.Show(50, 1);
  }
  EXPECT_EQ(err.str(), "");
}

TEST(ProgressBarTest, TakesItsLineAwayAtTheEnd) {
  std::ostringstream err;
  {
    ProgressBar bar(err, /*is_terminal=*/true, "f", 100);
    bar.Show(50, 1);
  }
  EXPECT_TRUE(err.str().ends_with("\r\x1b[K")) << err.str();
}

}  // namespace
}  // namespace quartermaster::qmctl
