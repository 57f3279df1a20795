#include "clients/fleet/submit_load.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "clients/connection/file.h"
#include "clients/qmctl/toy_node.h"

namespace quartermaster::fleet {
namespace {

class SubmitLoadTest : public ::testing::Test {
 protected:
  absl::StatusOr<LoadResult> Run(const LoadOptions& options, int reports,
                                 const std::string& journal_path = "") {
    auto credential = client::LoadCredential(toy_.credentials());
    const auto node = client::NodeConnection::Open(*credential, absl::Seconds(5));
    const auto journal = Journal::Open(journal_path);
    int left = reports;
    return RunSubmitLoad(
        **node, options, [&]() -> std::string_view { return left-- > 0 ? "<RUMReport>x</RUMReport>" : ""; },
        **journal);
  }

  qmctl::ToyNode toy_;
};

TEST_F(SubmitLoadTest, EveryReportIsSentOnceAndAnswered) {
  LoadOptions options;
  options.concurrency = 16;
  const auto result = Run(options, 500);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->calls, 500);
  EXPECT_EQ(result->accepted, 500);
  EXPECT_EQ(result->retries, 0);
  EXPECT_EQ(result->latency.count(), 500);
  EXPECT_EQ(toy_.documents.size(), 500u);
  EXPECT_EQ(toy_.documents[0], "<RUMReport>x</RUMReport>");
  EXPECT_EQ(toy_.authorization, "Bearer admin.s3cret");
}

TEST_F(SubmitLoadTest, SeveralReportsTravelInOneDocument) {
  LoadOptions options;
  options.reports_per_call = 4;
  const auto result = Run(options, 10);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->calls, 3);
  EXPECT_EQ(result->accepted, 10);
}

TEST_F(SubmitLoadTest, WhatFailsForNowIsSentAgain) {
  toy_.calls_to_fail = 20;
  LoadOptions options;
  options.concurrency = 8;
  const auto result = Run(options, 50);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 50);
  EXPECT_EQ(result->retries, 20);
  EXPECT_TRUE(result->given_up.empty());
}

TEST_F(SubmitLoadTest, WhatNeverSucceedsIsGivenUpWithItsReason) {
  toy_.calls_to_fail = 1000000;
  LoadOptions options;
  options.patience = absl::Milliseconds(300);
  const auto result = Run(options, 3);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->given_up.at("toy.database_away"), 3);
  EXPECT_EQ(result->accepted, 0);
}

TEST_F(SubmitLoadTest, ARateIsKeptAndADurationEnds) {
  LoadOptions options;
  options.rate = 200;
  options.duration = absl::Milliseconds(500);
  const auto result = Run(options, 100000);
  ASSERT_TRUE(result.ok());
  EXPECT_GE(result->calls, 90);
  EXPECT_LE(result->calls, 101);
}

TEST_F(SubmitLoadTest, TheJournalHoldsEveryAnswer) {
  toy_.submit_outcome = ingest::v1::ReportResult::OUTCOME_DUPLICATE;
  const std::string path = ::testing::TempDir() + "/journal.jsonl";
  std::remove(path.c_str());
  const auto result = Run(LoadOptions(), 100, path);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->duplicate, 100);
  std::istringstream lines(*client::ReadFile(path));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["outcome"], "duplicate");
    EXPECT_EQ(json["product_id"], "C9300-24UX");
    ++count;
  }
  EXPECT_EQ(count, 100);
}

}  // namespace
}  // namespace quartermaster::fleet
