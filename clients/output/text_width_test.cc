#include "clients/output/text_width.h"

#include <gtest/gtest.h>

namespace quartermaster::output {
namespace {

TEST(TextWidthTest, CountsColumnsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("Zürich"), 6);
  EXPECT_EQ(DisplayWidth("東京"), 4);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);
}

TEST(TextWidthTest, ShortensAtCodePointsAndSaysSo) {
  EXPECT_EQ(Shortened("Zürich", 6), "Zürich");
  EXPECT_EQ(Shortened("Zürich", 4), "Zür…");
  EXPECT_EQ(Shortened("東京都", 4), "東…");
}

TEST(TextWidthTest, WhatDevicesSendCannotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\xEF\xBF\xBD[31mb");
  EXPECT_EQ(Printable("a\nb"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Printable("a\xff"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Printable("\xE2\x80\xAE"
                      "abc"),
            "\xEF\xBF\xBD"
            "abc");
  EXPECT_EQ(Printable("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(Printable("Zürich 東京"), "Zürich 東京");
}

}  // namespace
}  // namespace quartermaster::output
