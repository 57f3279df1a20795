#include "services/gateway/proxy/wait_list.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace quartermaster::gateway {
namespace {

TEST(WaitList, TellsWhoIsLateInTheOrderOfTheirBeginning) {
  WaitList list(absl::Milliseconds(5));
  WaitList::Wait first, second, ended, gone_before;
  std::vector<int> late;
  list.Begin(first, [&] { late.push_back(1); });
  list.Begin(ended, [&] { late.push_back(0); });
  list.Begin(second, [&] { late.push_back(2); });
  ended.End();
  {
    WaitList::Wait destroyed;
    list.Begin(destroyed, [&] { late.push_back(0); });
  }
  list.EndLate();
  EXPECT_TRUE(late.empty());
  EXPECT_LT(list.NextLook(), WaitList::Clock::time_point::max());
  std::this_thread::sleep_until(list.NextLook() + std::chrono::milliseconds(5));
  list.EndLate();
  EXPECT_EQ(late, (std::vector<int>{1, 2}));
  EXPECT_EQ(list.NextLook(), WaitList::Clock::time_point::max());
}

TEST(WaitList, AWaitMayEndTwiceAndBeginAgain) {
  WaitList list(absl::ZeroDuration());
  WaitList::Wait wait;
  int late = 0;
  list.Begin(wait, [&] { ++late; });
  wait.End();
  wait.End();
  list.EndLate();
  EXPECT_EQ(late, 0);
  // One that is late may begin another at once.
  list.Begin(wait, [&] {
    if (++late < 3) list.Begin(wait, [&] { ++late; });
  });
  list.EndLate();
  EXPECT_EQ(late, 2);
}

}  // namespace
}  // namespace quartermaster::gateway
