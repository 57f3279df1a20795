#include "clients/qmctl/input/import_rows.h"

#include <gtest/gtest.h>

namespace quartermaster::qmctl {
namespace {

TEST(ImportRowsTest, ReadsEntitlementsFromCsv) {
  const auto rows = ReadEntitlements(
      "entitlement_id,virtual_account,tag,quantity,start,end,order_id\n"
      "E1,Branches,tag-a,500,2026-01-01,2026-12-31,O-77\n"
      "E2,Branches,tag-b,10,2026-01-01T06:00:00+02:00,,\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->rows.size(), 2u);
  EXPECT_TRUE(rows->problems.empty());
  EXPECT_EQ(rows->rows[0].quantity(), 500);
  EXPECT_EQ(rows->rows[0].term(), ledger::v1::TERM_SUBSCRIPTION);
  EXPECT_EQ(rows->rows[0].start_time().seconds(), 1767225600);
  EXPECT_EQ(rows->rows[1].start_time().seconds(), 1767225600 + 4 * 3600);
  EXPECT_EQ(rows->rows[1].term(), ledger::v1::TERM_PERPETUAL);
  EXPECT_FALSE(rows->rows[1].has_end_time());
}

TEST(ImportRowsTest, AnEndThatIsADateMeansTheEndOfThatDay) {
  const auto rows = ReadEntitlements("entitlement_id,tag,quantity,end\nE1,a,1,2026-12-31\n");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->rows[0].end_time().seconds(), 1798761600);  // 2027-01-01T00:00:00Z
  const auto exact = ReadEntitlements("entitlement_id,tag,quantity,end\nE1,a,1,2026-12-31T00:00:00Z\n");
  EXPECT_EQ(exact->rows[0].end_time().seconds(), 1798761600 - 86400);
}

TEST(ImportRowsTest, EveryWrongFieldIsNamedWithItsLine) {
  const auto rows = ReadEntitlements(
      "entitlement_id,tag,quantity,end,colour\n"
      "E1,a,5,,\n"
      "E2,a,five,31.12.2026,red\n"
      ",a,1,,\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::vector<std::string> problems;
  for (const RowProblem& problem : rows->problems) {
    problems.push_back(problem.place + ": " + problem.message);
  }
  const std::string want_colour =
      "colour: got a field of this name, want one of end, entitlement_id, order_id, "
      "overage_quantity, quantity, start, subscription_id, tag, term, virtual_account";
  EXPECT_EQ(problems, (std::vector<std::string>{
                          "line 2: " + want_colour, "line 3: quantity: got \"five\", want a whole number",
                          "line 3: end: got \"31.12.2026\", want a date (2026-01-31) or an RFC 3339 time "
                          "(2026-01-31T12:00:00Z)",
                          "line 3: " + want_colour, "line 4: entitlement_id: got nothing, want a string",
                          "line 4: " + want_colour}));
  EXPECT_TRUE(rows->rows.empty());
}

TEST(ImportRowsTest, GoodRowsBesideBadOnesKeepTheirPlaces) {
  const auto rows = ReadEntitlements("entitlement_id,tag,quantity\nE1,a,1\nE2,a,x\nE3,a,3\n");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->places, (std::vector<std::string>{"line 2", "line 4"}));
}

TEST(ImportRowsTest, ReadsTheSameRowsFromJson) {
  for (const char* text : {R"([{"entitlement_id":"E1","tag":"a","quantity":5}])",
                           R"({"entitlements":[{"entitlement_id":"E1","tag":"a","quantity":"5"}]})"}) {
    const auto rows = ReadEntitlements(text);
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ(rows->rows.size(), 1u);
    EXPECT_EQ(rows->rows[0].quantity(), 5);
  }
  EXPECT_FALSE(ReadEntitlements(R"({"something":[]})").ok());
  EXPECT_FALSE(ReadEntitlements("[1]").ok());
  EXPECT_FALSE(ReadEntitlements("[{]").ok());
}

TEST(ImportRowsTest, HostileValuesAreNamedAndNeverReadAsOthers) {
  const auto bytes = ReadEntitlements("entitlement_id,tag,quantity\nE1,a,\xff\n");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->problems[0].message, "quantity: got \"\xEF\xBF\xBD\", want a whole number");
  const auto large =
      ReadEntitlements(R"([{"entitlement_id":"E1","tag":"a","quantity":18446744073709551615}])");
  ASSERT_TRUE(large.ok()) << large.status();
  EXPECT_EQ(large->problems[0].message, "quantity: got 18446744073709551615, want a whole number");
  const auto text = ReadEntitlements("entitlement_id,tag,quantity\nE1,a," + std::string(1 << 20, 'x') + "\n");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_LT(text->problems[0].message.size(), 300u);
  const auto endless = ReadEntitlements(R"([{"entitlement_id":"E1","tag":"a","quantity":1e400}])");
  EXPECT_NE(endless.status().message().find("1e400"), std::string::npos) << endless.status();
  const auto deep = ReadEntitlements(std::string(1 << 20, '['));
  EXPECT_EQ(deep.status().message(), "got JSON nested deeper than 32");
}

TEST(ImportRowsTest, ReadsTheCatalogWithItsSubstitutions) {
  const auto rows = ReadCatalog(
      "tag,display_name,enforcement,term,substitutes_for\n"
      "top,Premier,unenforced,subscription,middle; base\n"
      "hsec,High security,export_controlled,perpetual,\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->rows.size(), 2u);
  EXPECT_EQ(rows->rows[0].substitutes_for_size(), 2);
  EXPECT_EQ(rows->rows[0].substitutes_for(1), "base");
  EXPECT_EQ(rows->rows[0].term(), ledger::v1::TERM_SUBSCRIPTION);
  EXPECT_EQ(rows->rows[1].enforcement(), ledger::v1::ENFORCEMENT_EXPORT_CONTROLLED);
  EXPECT_EQ(rows->rows[1].term(), ledger::v1::TERM_PERPETUAL);
}

TEST(ImportRowsTest, ReadsKnownInventory) {
  const auto rows =
      ReadProductInstances("product_id,serial_number,virtual_account,hostname\nC9300,SN1,Branches,edge-1\n");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->rows[0].udi().serial_number(), "SN1");
  EXPECT_EQ(rows->rows[0].hostname(), "edge-1");
}

}  // namespace
}  // namespace quartermaster::qmctl
