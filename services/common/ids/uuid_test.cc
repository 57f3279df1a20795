#include "services/common/ids/uuid.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

namespace quartermaster::ids {
namespace {

TEST(Uuid, CarriesTimeVersionAndVariant) {
  const absl::Time now = absl::FromUnixMillis(1636453931007);
  const std::string text = UuidToString(NewUuidV7(now));
  ASSERT_EQ(text.size(), 36u);
  EXPECT_EQ(text.substr(0, 13), "017d0441-57ff");
  EXPECT_EQ(text[14], '7');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  EXPECT_EQ(UuidV7Time(*ParseUuid(text)), now);
}

TEST(Uuid, SortsByTime) {
  const Uuid earlier = NewUuidV7(absl::FromUnixMillis(1000));
  const Uuid later = NewUuidV7(absl::FromUnixMillis(1001));
  EXPECT_LT(earlier, later);
  EXPECT_LT(UuidToString(earlier), UuidToString(later));
}

TEST(Uuid, TextAndBytesAreTheSameThing) {
  const Uuid uuid = NewUuidV7(absl::FromUnixMillis(5));
  EXPECT_EQ(ParseUuid(UuidToString(uuid)), uuid);
  EXPECT_EQ(ParseUuid("017D0432-CEDF-7000-8000-0000000000AB"),
            ParseUuid("017d0432-cedf-7000-8000-0000000000ab"));
}

TEST(Uuid, RefusesWhatIsNoUuid) {
  EXPECT_EQ(ParseUuid(""), std::nullopt);
  EXPECT_EQ(ParseUuid("017d0432cedf70008000000000000000abcd"), std::nullopt);
  EXPECT_EQ(ParseUuid("017d0432-cedf-7000-8000-0000000000ag"), std::nullopt);
  EXPECT_EQ(ParseUuid("017d0432-cedf-7000-8000-0000000000a"), std::nullopt);
}

TEST(Uuid, ThreadsMakeDifferentOnes) {
  std::vector<std::vector<Uuid>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 5000; ++i) mine.push_back(NewUuidV7(absl::FromUnixMillis(1)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Uuid> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 20000u);
}

TEST(Uuid, AForkedChildDoesNotRepeatItsParent) {
  (void)NewUuidV7(absl::FromUnixMillis(1));
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Uuid uuid = NewUuidV7(absl::FromUnixMillis(1));
    _exit(write(pipe_ends[1], uuid.data(), uuid.size()) == 16 ? 0 : 1);
  }
  const Uuid mine = NewUuidV7(absl::FromUnixMillis(1));
  Uuid theirs{};
  ASSERT_EQ(read(pipe_ends[0], theirs.data(), theirs.size()), 16);
  waitpid(child, nullptr, 0);
  EXPECT_NE(mine, theirs);
}

}  // namespace
}  // namespace quartermaster::ids
