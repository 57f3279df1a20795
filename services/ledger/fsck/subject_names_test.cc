#include "services/ledger/fsck/subject_names.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger::fsck {
namespace {

TEST(SubjectNamesTest, EachIdStandsBehindItsWord) {
  const SubjectIds ids =
      IdsIn("account 1 virtual account 2 product instance 3 tag id 4 lot 9 source 5 report 6");
  EXPECT_EQ(ids.account, 1);
  EXPECT_EQ(ids.virtual_account, 2);
  EXPECT_EQ(ids.product_instance, 3);
  EXPECT_EQ(ids.tag, 4);
  EXPECT_EQ(ids.source, 5);
}

TEST(SubjectNamesTest, ATagsTextAndWhatIsNoNumberAreNoIds) {
  const SubjectIds ids = IdsIn("account 1 product instance 3 tag 42 in use");
  EXPECT_EQ(ids.tag, std::nullopt);
  EXPECT_EQ(ids.virtual_account, std::nullopt);
  EXPECT_EQ(IdsIn("virtual account 2").account, std::nullopt);
  EXPECT_EQ(IdsIn("C9300:account 7").account, std::nullopt);
  EXPECT_EQ(IdsIn("account x").account, std::nullopt);
  EXPECT_EQ(IdsIn("account").account, std::nullopt);
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
