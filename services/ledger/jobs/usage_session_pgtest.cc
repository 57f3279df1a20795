#include "services/ledger/jobs/usage_session.h"

#include <gtest/gtest.h>

#include <new>

#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr char kAddTag[] =
    "INSERT INTO license_tags (tag, known, first_seen_at) VALUES ('half', false, now())";

class UsageSessionTest : public ::testing::Test {
 protected:
  int64_t Tags() { return database_.Number("SELECT count(*) FROM license_tags"); }

  LedgerDatabase database_;
  UsageSession session_{database_.options()};
};

TEST_F(UsageSessionTest, CommitsWhatItsBodyDid) {
  ASSERT_TRUE(session_.Transact(kNow, [](pg::RawConnection& c, int32_t) { return c.Run(kAddTag); }).ok());
  EXPECT_EQ(Tags(), 1);
}

TEST_F(UsageSessionTest, CommitsNothingOfABodyThatFailed) {
  const absl::Status status = session_.Transact(kNow, [](pg::RawConnection& c, int32_t) {
    EXPECT_TRUE(c.Run(kAddTag).ok());
    return absl::InternalError("no");
  });
  EXPECT_FALSE(status.ok());
  ASSERT_TRUE(session_.Transact(kNow, [](pg::RawConnection&, int32_t) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(Tags(), 0);
}

TEST_F(UsageSessionTest, CommitsNothingOfABodyThatThrewEvenWhenTheNextOneSucceeds) {
  EXPECT_THROW((void)session_.Transact(kNow,
                                       [](pg::RawConnection& c, int32_t) -> absl::Status {
                                         EXPECT_TRUE(c.Run(kAddTag).ok());
                                         throw std::bad_alloc();
                                       }),
               std::bad_alloc);
  ASSERT_TRUE(session_.Transact(kNow, [](pg::RawConnection&, int32_t) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(Tags(), 0);
}

}  // namespace
}  // namespace quartermaster::ledger
