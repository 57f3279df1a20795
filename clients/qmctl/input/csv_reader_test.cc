#include "clients/qmctl/input/csv_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace quartermaster::qmctl {
namespace {

std::string ErrorOf(std::string_view text) {
  const auto table = ReadCsv(text);
  return table.ok() ? "no error" : std::string(table.status().message());
}

TEST(CsvReaderTest, ReadsPlainAndQuotedFieldsWithBothLineEnds) {
  const auto table = ReadCsv("tag,name\r\na,\"b, \"\"c\"\"\"\n\"two\nlines\",\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->header, (std::vector<std::string>{"tag", "name"}));
  ASSERT_EQ(table->records.size(), 2u);
  EXPECT_EQ(table->records[0].fields, (std::vector<std::string>{"a", "b, \"c\""}));
  EXPECT_EQ(table->records[0].line, 2);
  EXPECT_EQ(table->records[1].fields, (std::vector<std::string>{"two\nlines", ""}));
}

TEST(CsvReaderTest, TheLastLineNeedsNoLineEnd) {
  EXPECT_EQ(ReadCsv("a,b\n1,2")->records[0].fields, (std::vector<std::string>{"1", "2"}));
}

TEST(CsvReaderTest, LinesCountThroughQuotedLineBreaksAndEmptyLines) {
  const auto table = ReadCsv(
      "\xEF\xBB\xBF"
      "a,b\n\n\"x\ny\",1\nz,2\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->header[0], "a");
  EXPECT_EQ(table->records[0].line, 3);
  EXPECT_EQ(table->records[1].line, 5);
}

TEST(CsvReaderTest, WhatCanBeReadInTwoWaysIsRefusedWithItsLine) {
  EXPECT_EQ(ErrorOf(""), "line 1: got no header");
  EXPECT_EQ(ErrorOf("a,b\n1\n"), "line 2: got 1 fields, want 2 as in the header");
  EXPECT_EQ(ErrorOf("a,b\n1,2,3\n"), "line 2: got 3 fields, want 2 as in the header");
  EXPECT_EQ(ErrorOf("a,a\n"), "line 1: got column 'a' twice");
  EXPECT_EQ(ErrorOf("a,\n"), "line 1: got a column without a name");
  EXPECT_EQ(ErrorOf("a\nx\"y\n"), "line 2: got a quote inside a field that is not quoted");
  EXPECT_EQ(ErrorOf("a\n\"x\ny\n"), "line 2: got a quoted field that never ends");
  EXPECT_EQ(ErrorOf("a\n\"x\"y\n"),
            "line 2: after a quoted field: got 'y', want a comma or the end of the line");
  EXPECT_EQ(ErrorOf("a\nx\ry\n"), "line 2: got a carriage return without a line feed");
}

std::string Quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) {
    text += c;
    if (c == '"') text += c;
  }
  return text + "\"";
}

RC_GTEST_PROP(CsvReaderTest, AnyFieldsSurviveQuoting, ()) {
  const auto fields = *rc::gen::nonEmpty<std::vector<std::string>>();
  std::string text;
  for (size_t i = 0; i < fields.size(); ++i) text += (i ? ",c" : "c") + std::to_string(i);
  text += "\n";
  for (size_t i = 0; i < fields.size(); ++i) text += (i ? "," : "") + Quoted(fields[i]);
  const auto table = ReadCsv(text);
  RC_ASSERT(table.ok());
  RC_ASSERT(table->records.size() == 1u);
  RC_ASSERT(table->records[0].fields == fields);
}

RC_GTEST_PROP(CsvReaderTest, AnyBytesEndInATableOrAnError, (const std::string& text)) {
  const auto table = ReadCsv(text);
  if (table.ok()) {
    for (const CsvRecord& record : table->records) {
      RC_ASSERT(record.fields.size() == table->header.size());
    }
  }
}

}  // namespace
}  // namespace quartermaster::qmctl
