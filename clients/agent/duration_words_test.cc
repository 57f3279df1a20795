#include "clients/agent/duration_words.h"

#include <gtest/gtest.h>

namespace quartermaster::agent {
namespace {

TEST(DurationWordsTest, ReadsDaysAndWhatIsBelow) {
  EXPECT_EQ(ParseSeconds("90d").value(), 90 * 86400);
  EXPECT_EQ(ParseSeconds("1d12h").value(), 36 * 3600);
  EXPECT_EQ(ParseSeconds("2w").value(), 14 * 86400);
  EXPECT_EQ(ParseSeconds("15m30s").value(), 930);
  EXPECT_EQ(ParseSeconds("0s").value(), 0);
}

TEST(DurationWordsTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "d", "5x", "-5d", "5 d", "1.5h", "99999999999999999999d"}) {
    EXPECT_FALSE(ParseSeconds(text).ok()) << text;
  }
}

TEST(DurationWordsTest, ReadsTimes) {
  EXPECT_EQ(ParseUnixSeconds("2026-01-01").value(), 1767225600);
  EXPECT_EQ(ParseUnixSeconds("2026-01-01T01:00:00+01:00").value(), 1767225600);
  EXPECT_GT(ParseUnixSeconds("now").value(), 1767225600 - 86400LL * 3650);
  EXPECT_FALSE(ParseUnixSeconds("yesterday").ok());
  EXPECT_FALSE(ParseUnixSeconds("infinite-future").ok());
}

}  // namespace
}  // namespace quartermaster::agent
