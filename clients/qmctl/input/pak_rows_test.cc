#include "clients/qmctl/input/pak_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/common/errors/error.h"

namespace quartermaster::qmctl {
namespace {

constexpr int64_t k2026S = 1767225600;

std::vector<std::string> Problems(const ImportRows<ledger::v1::Entitlement>& rows) {
  std::vector<std::string> problems;
  for (const RowProblem& problem : rows.problems) problems.push_back(problem.place + ": " + problem.message);
  return problems;
}

TEST(PakRowsTest, AListBecomesOneRightForEachPakAndSku) {
  const auto rows = ReadPaks(
      "PAK #,License SKU,Product Family,Quantity Purchased,Issue Date,Expiration Date,Order Number,Status\n"
      "3001J00001,L-FL-29-HSEC-K9,ISR,5,2026-01-01,,90001,Fulfilled\n"
      "3001J00001,L-SL-29-SEC-K9,ISR,7,2026-01-01,2026-12-31,,Unfulfilled\n",
      {.tags = {{"L-FL-29-HSEC-K9", "hsec"}, {"L-SL-29-SEC-K9", "sec"}},
       .start = std::nullopt,
       .virtual_account = "Old"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(Problems(*rows), std::vector<std::string>());
  ASSERT_EQ(rows->rows.size(), 2u);
  const auto& first = rows->rows[0];
  EXPECT_EQ(first.entitlement_id(), "PAK 3001J00001 L-FL-29-HSEC-K9");
  EXPECT_EQ(first.tag(), "hsec");
  EXPECT_EQ(first.quantity(), 5);
  EXPECT_EQ(first.order_id(), "90001");
  EXPECT_EQ(first.virtual_account(), "Old");
  EXPECT_EQ(first.start_time().seconds(), k2026S);
  EXPECT_EQ(first.term(), ledger::v1::TERM_PERPETUAL);
  EXPECT_FALSE(first.has_end_time());
  const auto& second = rows->rows[1];
  EXPECT_EQ(second.order_id(), "3001J00001") << "the PAK stands for the order";
  EXPECT_EQ(second.term(), ledger::v1::TERM_SUBSCRIPTION);
  EXPECT_EQ(second.end_time().seconds(), k2026S + 365 * 86400);
}

TEST(PakRowsTest, WhatIsMissingOrDoubledIsNamedAndTheOthersGoOn) {
  const auto rows = ReadPaks(
      "pak,pak number,sku,qty,start,tag\n"
      "A,,S1,1,2026-01-01,t\n"
      "B,B,S1,1,2026-01-01,t\n"
      "C,,S9,1,2026-01-01,\n"
      "D,,S1,1,,\n"
      "E,,S1,many,2026-01-01,\n"
      ",,S1,1,2026-01-01,\n",
      {.tags = {{"S1", "one"}}, .start = std::nullopt, .virtual_account = ""});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(Problems(*rows),
            (std::vector<std::string>{"line 3: pak: got the columns pak and pak number, want one of them",
                                      "line 4: sku: got 'S9', want one that --tags names, or a column tag",
                                      "line 5: start: got nothing, want a date in the list, or --start",
                                      "line 6: quantity: got \"many\", want a whole number",
                                      "line 7: pak: got nothing, want a string"}));
  ASSERT_EQ(rows->rows.size(), 1u);
  EXPECT_EQ(rows->rows[0].tag(), "t") << "a column goes before --tags";
  EXPECT_EQ(rows->places, std::vector<std::string>{"line 2"});
}

TEST(PakRowsTest, ADateForAllStandsWhereTheListHasNone) {
  const auto rows = ReadPaks("pak,sku,quantity,tag\nA,S1,1,t\n",
                             {.tags = {}, .start = absl::FromUnixSeconds(k2026S), .virtual_account = ""});
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->rows.size(), 1u);
  EXPECT_EQ(rows->rows[0].start_time().seconds(), k2026S);
}

TEST(PakRowsTest, TheTagsOfSkusMustAgree) {
  const auto tags = ReadSkuTags("sku,tag\nS1,one\nS2,two\nS1,one\n");
  ASSERT_TRUE(tags.ok()) << tags.status();
  EXPECT_EQ(*tags, (std::map<std::string, std::string>{{"S1", "one"}, {"S2", "two"}}));
  for (const char* wrong : {"sku,tag\nS1,one\nS1,two\n", "sku,tag\nS1,\n", "sku,tag,x\nS1,one,1\n", "[1]"}) {
    EXPECT_EQ(errors::ErrorId(ReadSkuTags(wrong).status()), "client.input_malformed") << wrong;
  }
}

}  // namespace
}  // namespace quartermaster::qmctl
