#include "services/common/ids/request_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace quartermaster::ids {
namespace {

TEST(RequestId, IsValidAndNew) {
  std::set<std::string> made;
  for (int i = 0; i < 1000; ++i) {
    const RequestId id = NewRequestId();
    EXPECT_TRUE(IsValidRequestId({id.data(), id.size()}));
    made.insert(std::string(id.data(), id.size()));
  }
  EXPECT_EQ(made.size(), 1000u);
}

TEST(RequestId, OfACallerIsTakenOnlyWhenItIsPrintable) {
  EXPECT_TRUE(IsValidRequestId("job-7/step:2"));
  EXPECT_FALSE(IsValidRequestId(""));
  EXPECT_FALSE(IsValidRequestId("a b"));
  EXPECT_FALSE(IsValidRequestId("a\nb"));
  EXPECT_FALSE(IsValidRequestId("\xc3\xa9"));
  EXPECT_FALSE(IsValidRequestId(std::string(129, 'a')));
}

}  // namespace
}  // namespace quartermaster::ids
