#include "clients/output/cell.h"

#include <gtest/gtest.h>

namespace quartermaster::output {
namespace {

TEST(CellTest, TablesShowHumanUnits) {
  EXPECT_EQ(TableText(CellKind::kCount, 1234567), "1,234,567");
  EXPECT_EQ(TableText(CellKind::kCount, -1234), "-1,234");
  EXPECT_EQ(TableText(CellKind::kCount, -123), "-123");
  EXPECT_EQ(TableText(CellKind::kCount, 999), "999");
  EXPECT_EQ(TableText(CellKind::kNumber, 1671840750), "1671840750");
  EXPECT_EQ(TableText(CellKind::kBytes, 999), "999 B");
  EXPECT_EQ(TableText(CellKind::kBytes, 1740), "1.7 kB");
  EXPECT_EQ(TableText(CellKind::kBytes, 999'960), "1.0 MB");
  EXPECT_EQ(TableText(CellKind::kBytes, 3'000'000'000), "3.0 GB");
  EXPECT_EQ(TableText(CellKind::kTime, "2022-12-24T11:10:45Z"), "2022-12-24 11:10:45");
  EXPECT_EQ(TableText(CellKind::kTime, "2022-12-24T11:10:45.889309Z"), "2022-12-24 11:10:45");
  EXPECT_EQ(TableText(CellKind::kFlag, true), "yes");
  EXPECT_EQ(TableText(CellKind::kFlag, false), "");
  EXPECT_EQ(TableText(CellKind::kList, Json::array({"a", "b"})), "a, b");
  EXPECT_EQ(TableText(CellKind::kCount, nullptr), "");
}

TEST(CellTest, CsvKeepsTheExactValues) {
  EXPECT_EQ(CsvText(CellKind::kCount, 1234567), "1234567");
  EXPECT_EQ(CsvText(CellKind::kTime, "2022-12-24T11:10:45Z"), "2022-12-24T11:10:45Z");
  EXPECT_EQ(CsvText(CellKind::kFlag, false), "false");
  EXPECT_EQ(CsvText(CellKind::kList, Json::array({"a", "b"})), "a;b");
  EXPECT_EQ(CsvText(CellKind::kText, nullptr), "");
}

TEST(CellTest, CsvFieldsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(CsvField("plain"), "plain");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvField("two\nlines"), "\"two\nlines\"");
}

}  // namespace
}  // namespace quartermaster::output
