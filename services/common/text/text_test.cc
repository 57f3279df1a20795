#include <gtest/gtest.h>

#include "services/common/text/hex_digit.h"
#include "services/common/text/json_nesting.h"

namespace quartermaster::text {
namespace {

TEST(HexDigitTest, DigitsOfEitherCaseAndNothingElse) {
  EXPECT_EQ(HexDigitValue('0'), 0);
  EXPECT_EQ(HexDigitValue('9'), 9);
  EXPECT_EQ(HexDigitValue('a'), 10);
  EXPECT_EQ(HexDigitValue('F'), 15);
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'}) EXPECT_EQ(HexDigitValue(c), -1) << c;
}

TEST(JsonNestingTest, CountsWhatIsOpenAtOnce) {
  EXPECT_FALSE(IsNestedDeeper("[[],[],{\"a\":[]}]", 3));
  EXPECT_TRUE(IsNestedDeeper("[[],[],{\"a\":[]}]", 2));
  EXPECT_FALSE(IsNestedDeeper("", 0));
}

TEST(JsonNestingTest, BracketsInStringsOpenNothing) {
  EXPECT_FALSE(IsNestedDeeper(R"(["[[[[", "\"[[", "\\"])", 1));
  EXPECT_TRUE(IsNestedDeeper(R"(["\\", [[]]])", 2));
}

}  // namespace
}  // namespace quartermaster::text
