#include "clients/qmctl/commands/pem_batches.h"

#include <gtest/gtest.h>

namespace quartermaster::qmctl {
namespace {

constexpr char kBlock[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

std::string Blocks(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += kBlock;
  return text;
}

TEST(PemBatchesTest, CutsBehindWholeBlocksAndCountsPlaces) {
  const std::string text = Blocks(5);
  const auto batches = CutPem(text, 2 * sizeof(kBlock) - 2);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].pem, Blocks(2));
  EXPECT_EQ(batches[0].first_place, 0);
  EXPECT_EQ(batches[1].first_place, 2);
  EXPECT_EQ(batches[2].pem, Blocks(1));
  EXPECT_EQ(batches[2].first_place, 4);
}

TEST(PemBatchesTest, NothingIsLost) {
  const std::string text = "remark\n" + Blocks(7) + "end of file";
  std::string joined;
  for (const PemBatch& batch : CutPem(text, 100)) joined += batch.pem;
  EXPECT_EQ(joined, text);
}

TEST(PemBatchesTest, ATextWithoutABlockIsOneBatchForTheNodeToRefuse) {
  EXPECT_EQ(CutPem("<html>").size(), 1u);
  EXPECT_EQ(CutPem("").size(), 1u);
}

}  // namespace
}  // namespace quartermaster::qmctl
