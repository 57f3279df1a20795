#include "services/common/ids/page_token.h"

#include <gtest/gtest.h>

#include "services/common/errors/error.h"

namespace quartermaster::ids {
namespace {

using Keys = std::vector<std::string>;

TEST(PageToken, GivesBackTheKeysOfTheSameFilter) {
  const uint64_t filter = FilterHash({"ListReports", "acme", "tag"});
  for (const Keys& keys : {Keys{"2021-11-09", "17-3"}, Keys{""}, Keys{std::string("\0\xff", 2)}}) {
    const std::string token = MakePageToken(keys, filter);
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                      "-_="),
              std::string::npos)
        << "must stand in a URL";
    EXPECT_EQ(*ParsePageToken(token, filter), keys);
  }
}

TEST(PageToken, AnEmptyTokenIsTheFirstPage) { EXPECT_EQ(*ParsePageToken("", 1), Keys{}); }

TEST(PageToken, OfAnotherFilterIsRefused) {
  const std::string token = MakePageToken({"a"}, FilterHash({"List", "acme"}));
  EXPECT_EQ(errors::ErrorId(ParsePageToken(token, FilterHash({"List", "other"})).status()),
            "ids.page_token_of_other_filter");
}

TEST(PageToken, EveryDamagedTokenIsRefused) {
  const std::string token = MakePageToken({"alpha", "beta"}, 42);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ParsePageToken(damaged, 42).ok()) << i;
    EXPECT_FALSE(ParsePageToken(token.substr(0, i + 1 == token.size() ? i : i + 1), 42).ok()) << i;
  }
  EXPECT_EQ(errors::ErrorId(ParsePageToken("not base64!", 42).status()), "ids.page_token_invalid");
  EXPECT_FALSE(ParsePageToken(std::string(100000, 'A'), 42).ok());
}

TEST(FilterHash, KeepsFieldsApartAndIsTheSameInEveryBuild) {
  EXPECT_NE(FilterHash({"ab", "c"}), FilterHash({"a", "bc"}));
  EXPECT_NE(FilterHash({"a", ""}), FilterHash({"a"}));
  // Written down, because replicas of two versions page through one list during an upgrade.
  EXPECT_EQ(FilterHash({"ListReports", "acme"}), 13053387085891431975u);
}

TEST(PageSize, DefaultsIsCutAndIsNeverNegative) {
  EXPECT_EQ(*PageSize(0), 100);
  EXPECT_EQ(*PageSize(7), 7);
  EXPECT_EQ(*PageSize(5000), 1000);
  EXPECT_EQ(errors::ErrorId(PageSize(-1).status()), "ids.page_size_out_of_range");
}

}  // namespace
}  // namespace quartermaster::ids
