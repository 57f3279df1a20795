#include "services/ledger/domain/sealed_block.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger {
namespace {

std::string Hex(const crypto::Sha256Digest& digest) {
  return crypto::HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

MerkleTree TreeOf(std::initializer_list<std::string> leaves) {
  MerkleTree tree;
  for (const std::string& leaf : leaves) tree.Add(leaf);
  return tree;
}

// Vectors of RFC 6962's reference implementation (leaves "", 00, 10, 2021, 3031, …).
const std::string kLeaf0 = "";
const std::string kLeaf1("\x00", 1);
const std::string kLeaf2("\x10", 1);
const std::string kLeaf3("\x20\x21", 2);
const std::string kLeaf4("\x30\x31", 2);

TEST(MerkleTreeTest, AgreesWithTheVectorsOfCertificateTransparency) {
  EXPECT_EQ(Hex(TreeOf({}).Root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(TreeOf({kLeaf0}).Root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(Hex(TreeOf({kLeaf0, kLeaf1}).Root()),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
  EXPECT_EQ(Hex(TreeOf({kLeaf0, kLeaf1, kLeaf2}).Root()),
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
  EXPECT_EQ(Hex(TreeOf({kLeaf0, kLeaf1, kLeaf2, kLeaf3, kLeaf4}).Root()),
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4");
}

TEST(CanonicalBytesTest, AnAbsentFieldAndAZeroFieldDiffer) {
  EntryLeaf absent, zero;
  zero.lot_id = 0;
  EXPECT_NE(CanonicalBytes(absent), CanonicalBytes(zero));
}

TEST(CanonicalBytesTest, EveryFieldOfAnEntryIsCovered) {
  const EntryLeaf base;
  std::vector<EntryLeaf> changed(13, base);
  changed[0].place = 1;
  changed[1].book = 1;
  changed[2].tag_id = 1;
  changed[3].quantity = 1;
  changed[4].from_state = 1;
  changed[5].from_virtual_account_id = 1;
  changed[6].to_state = 1;
  changed[7].to_virtual_account_id = 1;
  changed[8].lot_id = 1;
  changed[9].product_instance_id = 1;
  changed[10].effective_at_us = 1;
  changed[11].cause_change_id = 1;
  changed[12].cause_place = 1;
  for (size_t i = 0; i < changed.size(); ++i) {
    EXPECT_NE(CanonicalBytes(changed[i]), CanonicalBytes(base)) << "field " << i;
  }
}

TEST(CanonicalBytesTest, EveryFieldOfAChangeIsCovered) {
  const ChangeLeaf base;
  std::vector<ChangeLeaf> changed(6, base);
  changed[0].smart_account_id = 1;
  changed[1].change_id = 1;
  changed[2].recorded_at_us = 1;
  changed[3].kind = 1;
  changed[4].entry_count = 1;
  changed[5].entries_root[0] = 1;
  for (size_t i = 0; i < changed.size(); ++i) {
    EXPECT_NE(CanonicalBytes(changed[i]), CanonicalBytes(base)) << "field " << i;
  }
}

TEST(BlockHashTest, EveryFieldOfTheHeadIsCovered) {
  const BlockHead base;
  std::vector<BlockHead> changed(9, base);
  changed[0].block_id = 1;
  changed[1].previous_hash[0] = 1;
  changed[2].merkle_root[0] = 1;
  changed[3].change_count = 1;
  changed[4].entry_count = 1;
  changed[5].through_incarnation = 1;
  changed[6].through_xid = 1;
  changed[7].through_change_id = 1;
  changed[8].sealed_at_us = 1;
  for (size_t i = 0; i < changed.size(); ++i)
    EXPECT_NE(BlockHash(changed[i]), BlockHash(base)) << "field " << i;
}

}  // namespace
}  // namespace quartermaster::ledger
