#include "clients/output/output.h"

#include <gtest/gtest.h>

#include <sstream>

namespace quartermaster::output {
namespace {

struct Pool {
  std::string name;
  int64_t balance;
};

const RowSpec<Pool>& Spec() {
  static const auto* spec = new RowSpec<Pool>{
      {"name", "Name", CellKind::kText, [](const Pool& p) { return Json(p.name); }},
      {"balance", "Balance", CellKind::kCount, [](const Pool& p) { return Json(p.balance); }},
      {"", "Remark", CellKind::kText, [](const Pool& p) { return Json(p.balance < 0 ? "short" : ""); }},
      {"nested", "", CellKind::kNested, [](const Pool&) { return Json::array({1}); }},
  };
  return *spec;
}

std::string Print(OutputFormat format, const std::vector<Pool>& pools, int width = 0) {
  std::ostringstream out;
  Output output(format, out, width);
  output.Begin();
  output.Field("smart_account", "corp");
  output.BeginRows({"pools", "Pools"}, Spec());
  for (const Pool& pool : pools) output.AddRow(Spec(), pool);
  output.EndRows();
  output.Note("done");
  output.End();
  return out.str();
}

TEST(OutputTest, OneSpecificationMakesTableJsonAndCsv) {
  const std::vector<Pool> pools = {{"Essentials", -12345}, {"a,b", 7}};
  EXPECT_EQ(Print(OutputFormat::kTable, pools),
            "Pools\n"
            "NAME        BALANCE  REMARK\n"
            "Essentials  -12,345  short\n"
            "a,b               7\n"
            "done\n");
  EXPECT_EQ(Print(OutputFormat::kJson, pools),
            "{\n"
            "  \"smart_account\": \"corp\",\n"
            "  \"pools\": [\n"
            "    {\"name\":\"Essentials\",\"balance\":-12345,\"nested\":[1]},\n"
            "    {\"name\":\"a,b\",\"balance\":7,\"nested\":[1]}\n"
            "  ]\n"
            "}\n");
  EXPECT_EQ(Print(OutputFormat::kCsv, pools),
            "smart_account,name,balance\r\n"
            "corp,Essentials,-12345\r\n"
            "corp,\"a,b\",7\r\n");
}

TEST(OutputTest, EmptyListsAreStillThere) {
  EXPECT_EQ(Print(OutputFormat::kJson, {}), "{\n  \"smart_account\": \"corp\",\n  \"pools\": []\n}\n");
  EXPECT_EQ(Print(OutputFormat::kCsv, {}), "smart_account,name,balance\r\n");
  EXPECT_EQ(Print(OutputFormat::kTable, {}), "Pools\nNAME  BALANCE  REMARK\ndone\n");
}

TEST(OutputTest, NarrowTerminalsCutTextButNeverNumbers) {
  EXPECT_EQ(Print(OutputFormat::kTable, {{"A very long license name", 123456789}}, 34),
            "Pools\n"
            "NAME               BALANCE  REMARK\n"
            "A very long \xE2\x80\xA6  123,456,789\n"
            "done\n");
}

TEST(OutputTest, BytesThatAreNotUtf8DoNotBreakTheJson) {
  const std::string text = Print(OutputFormat::kJson, {{"a\xff", 1}});
  EXPECT_EQ(Json::parse(text)["pools"][0]["name"], "a\xEF\xBF\xBD");
}

TEST(OutputTest, LongTablesPrintTheirHeadingOnce) {
  std::vector<Pool> pools(Table::kPageRows * 2 + 5, Pool{"n", 1});
  const std::string text = Print(OutputFormat::kTable, pools);
  EXPECT_EQ(text.find("NAME", text.find("NAME") + 1), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<int64_t>(pools.size()) + 3);
}

TEST(OutputTest, RecordsShowOneFieldALine) {
  std::ostringstream out;
  Output output(OutputFormat::kTable, out, 0);
  output.Record(Spec(), Pool{"Essentials", -5});
  EXPECT_EQ(out.str(), "Name     Essentials\nBalance  -5\nRemark   short\n");
}

struct Whole {
  int64_t pools;
  std::string balance;
};

const RowSpec<Whole>& WholeSpec() {
  static const auto* spec = new RowSpec<Whole>{
      {"pools", "", CellKind::kCount, [](const Whole& w) { return Json(w.pools); }},
      {"balance", "", CellKind::kText, [](const Whole& w) { return Json(w.balance); }},
  };
  return *spec;
}

std::string PrintWithFigures(OutputFormat format) {
  std::ostringstream out;
  Output output(format, out, 0);
  output.Begin();
  output.Field("name", "the rows have a column of this name themselves");
  output.Field("nested", Json::array({1}));
  output.BeginRows({"list", ""}, Spec(), WholeSpec());
  output.AddRow(Spec(), {"Essentials", 5});
  output.EndRows();
  output.Figures(WholeSpec(), {1, "sum"});
  output.End();
  return out.str();
}

TEST(OutputTest, FiguresAreFieldsInJsonAndTheLastLineInCsv) {
  EXPECT_EQ(PrintWithFigures(OutputFormat::kCsv),
            "name,balance,pools\r\n"
            "Essentials,5,\r\n"
            "the rows have a column of this name themselves,sum,1\r\n");
  const Json json = Json::parse(PrintWithFigures(OutputFormat::kJson));
  EXPECT_EQ(json["pools"], 1);
  EXPECT_EQ(json["balance"], "sum");
  EXPECT_EQ(PrintWithFigures(OutputFormat::kTable), "NAME        BALANCE  REMARK\nEssentials        5\n");
}

TEST(OutputTest, FiguresWithoutRowsAreOneLine) {
  std::ostringstream out;
  Output output(OutputFormat::kCsv, out, 0);
  output.Begin();
  output.Figures(WholeSpec(), {3, ""});
  output.End();
  EXPECT_EQ(out.str(), "pools,balance\r\n3,\r\n");
}

TEST(OutputTest, DocumentsNestInOneJsonArray) {
  std::ostringstream out;
  Output output(OutputFormat::kJson, out, 0);
  output.BeginDocuments("files");
  for (const char* file : {"a", "b"}) {
    output.Begin();
    output.Field("file", file);
    output.BeginRows({"pools", ""}, Spec());
    output.EndRows();
    output.End();
  }
  output.EndDocuments();
  const Json json = Json::parse(out.str());
  ASSERT_EQ(json["files"].size(), 2u);
  EXPECT_EQ(json["files"][1]["file"], "b");
}

}  // namespace
}  // namespace quartermaster::output
