#include "clients/usage_import/answered_reports.h"

#include <gtest/gtest.h>

namespace quartermaster::client {
namespace {

TEST(AnsweredReportsTest, EachReportIsFirstOnce) {
  AnsweredReports answered;
  EXPECT_TRUE(answered.First(0));
  EXPECT_TRUE(answered.First(500));
  EXPECT_FALSE(answered.First(0));
  EXPECT_FALSE(answered.First(500));
}

TEST(AnsweredReportsTest, WhatLiesBelowTheDoneBytesIsAnswered) {
  AnsweredReports answered;
  answered.First(900);
  answered.DoneUpTo(800);
  EXPECT_FALSE(answered.First(0));
  EXPECT_FALSE(answered.First(799));
  EXPECT_FALSE(answered.First(900));
  EXPECT_TRUE(answered.First(800));
  answered.DoneUpTo(100);
  EXPECT_FALSE(answered.First(150));
}

}  // namespace
}  // namespace quartermaster::client
