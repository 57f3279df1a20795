// Random histories of purchases, transfers, undoings, corrections, expiries and reports, against an oracle
// that only knows what happened when: every figure, as of any time and as known at any time, is what it says.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/ledger/api/terms_fixture.h"

namespace quartermaster::ledger {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
const std::vector<std::string> kAccounts = {"Default", "Branches", "Lab"};
const std::vector<std::string> kTags = {"switch", "router"};

// What happened, as somebody would write it down who stood beside it.
class Oracle {
 public:
  struct Right {
    std::string tag;
    absl::Time start_at;
    absl::Time end_at = absl::InfiniteFuture();
  };
  void Buy(const Purchase& purchase, absl::Time recorded) {
    rights_[purchase.id] = {purchase.tag, purchase.start_at,
                            purchase.end_at.value_or(absl::InfiniteFuture())};
    facts_.push_back({recorded, purchase.start_at, purchase.id, purchase.virtual_account, purchase.quantity});
  }
  // As a movement's answer says it. A correction, whose one side is nowhere, begins with the right.
  void Move(const v1::Movement& movement, absl::Time recorded) {
    for (const v1::Movement::Quantity& moved : movement.quantities()) {
      const bool correction = moved.from_virtual_account().empty() || moved.to_virtual_account().empty();
      const absl::Time effective =
          correction ? std::max(recorded, rights_.at(moved.entitlement_id()).start_at) : recorded;
      for (const auto& [account, quantity] : {std::pair(moved.from_virtual_account(), -moved.quantity()),
                                              std::pair(moved.to_virtual_account(), moved.quantity())}) {
        if (!account.empty())
          facts_.push_back({recorded, effective, moved.entitlement_id(), account, quantity});
      }
    }
  }
  void Use(const std::string& instance, const std::string& tag, const std::string& account,
           absl::Time recorded, absl::Time end_at, int64_t count) {
    uses_[{instance, tag, account}].push_back({recorded, end_at, count});
  }

  int64_t Entitled(const std::string& account, const std::string& tag, absl::Time as_of,
                   absl::Time known_at) const {
    int64_t sum = 0;
    for (const Fact& fact : facts_) {
      const Right& right = rights_.at(fact.entitlement_id);
      if (fact.recorded > known_at || fact.effective > as_of || fact.account != account || right.tag != tag) {
        continue;
      }
      if (right.start_at <= as_of && as_of < right.end_at) sum += fact.quantity;
    }
    return sum;
  }
  // The latest measurement counts; of two with one end the later reported.
  int64_t InUse(const std::string& account, const std::string& tag, absl::Time as_of,
                absl::Time known_at) const {
    int64_t sum = 0;
    for (const auto& [key, measurements] : uses_) {
      if (std::get<1>(key) != tag || std::get<2>(key) != account) continue;
      sum += LatestOf(measurements, as_of, known_at);
    }
    return sum;
  }
  int64_t InUseOf(const std::string& instance, const std::string& tag, absl::Time as_of,
                  absl::Time known_at) const {
    int64_t sum = 0;
    for (const auto& [key, measurements] : uses_) {
      if (std::get<0>(key) == instance && std::get<1>(key) == tag) {
        sum += LatestOf(measurements, as_of, known_at);
      }
    }
    return sum;
  }
  const std::map<std::string, Right>& rights() const { return rights_; }

 private:
  struct Fact {
    absl::Time recorded, effective;
    std::string entitlement_id, account;
    int64_t quantity = 0;
  };
  struct Measured {
    absl::Time recorded, end_at;
    int64_t count = 0;
  };
  static int64_t LatestOf(const std::vector<Measured>& measurements, absl::Time as_of, absl::Time known_at) {
    absl::Time latest = absl::InfinitePast();
    int64_t count = 0;
    for (const Measured& measured : measurements) {
      if (measured.recorded > known_at || measured.end_at > as_of || measured.end_at < latest) continue;
      latest = measured.end_at;
      count = measured.count;
    }
    return count;
  }
  std::map<std::string, Right> rights_;
  std::vector<Fact> facts_;
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<Measured>> uses_;
};

class FiguresPropertyTest : public TermsFixture, public ::testing::WithParamInterface<int> {
 protected:
  int64_t Below(int64_t bound) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound)); }
  const std::string& AnyAccount() { return kAccounts[Below(3)]; }
  const std::string& AnyTag() { return kTags[Below(2)]; }
  absl::Duration Days(int64_t from, int64_t to) { return absl::Hours(24 * from + Below(24 * (to - from))); }

  void Step() {
    clock_.Advance(absl::Seconds(1 + Below(12 * 86'400)));
    times_.push_back(clock_.Now());
    switch (Below(7)) {
      case 0:
      case 1:
        return BuyAny();
      case 2:
        return MoveAny();
      case 3:
        if (movements_.empty()) return;
        return Take(Reverse(movements_[Below(std::ssize(movements_))]));
      case 4:
        if (bought_ == 0) return;
        return Take(Correct(AnyRight(), Below(2) == 0 ? 1 + Below(5) : -1 - Below(5),
                            Below(2) == 0 ? "" : AnyAccount()));
      case 5:
        return Expire();
      default:
        return ReportAny();
    }
  }

  void BuyAny() {
    Purchase purchase{.id = absl::StrCat("right ", ++bought_),
                      .virtual_account = AnyAccount(),
                      .tag = AnyTag(),
                      .quantity = 1 + Below(20),
                      .start_at = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now() + Days(-60, 40)))};
    if (Below(4) > 0) purchase.end_at = purchase.start_at + Days(1, 150);
    Buy({purchase});
    oracle_.Buy(purchase, clock_.Now());
    times_.push_back(purchase.start_at);
    if (purchase.end_at) times_.push_back(*purchase.end_at);
  }
  void MoveAny() {
    if (bought_ > 0 && Below(3) == 0) {
      const std::string right = AnyRight();
      return Take(Transfer(oracle_.rights().at(right).tag, AnyAccount(), AnyAccount(), 1 + Below(4), right));
    }
    Take(Transfer(AnyTag(), AnyAccount(), AnyAccount(), 1 + Below(8)));
  }
  void ReportAny() {
    const int64_t number = Below(4);
    const std::string serial_number = absl::StrCat("SN", number);
    const std::string& account = kAccounts[number % 3];
    const std::string& tag = AnyTag();
    // Now and then out of order. An end is said once: which of two counts is another test's question.
    const absl::Time end_at =
        absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now() - absl::Seconds(Below(20 * 86'400))));
    const uint32_t count = static_cast<uint32_t>(Below(15));
    Report(serial_number, tag, end_at, count, account);
    oracle_.Use(serial_number, tag, account, clock_.Now(), end_at, count);
    reported_.insert(serial_number);
    times_.push_back(end_at);
  }
  std::string AnyRight() { return absl::StrCat("right ", 1 + Below(bought_)); }
  // Refusals are as good as anything else: they must change nothing.
  void Take(const absl::StatusOr<v1::Movement>& movement) {
    if (!movement.ok()) return;
    movements_.push_back(movement->movement_id());
    oracle_.Move(*movement, clock_.Now());
    ++moved_;
  }

  absl::Time AnyTime() {
    const absl::Time time = times_[Below(std::ssize(times_))];
    switch (Below(4)) {
      case 0:
        return time - absl::Microseconds(1);
      case 1:
        return time + Days(-30, 30);
      default:
        return time;
    }
  }

  Pools Expected(absl::Time as_of, absl::Time known_at) {
    Pools pools;
    for (const std::string& account : kAccounts) {
      for (const std::string& tag : kTags) {
        const Pool pool{oracle_.Entitled(account, tag, as_of, known_at),
                        oracle_.InUse(account, tag, as_of, known_at)};
        if (pool != Pool{}) pools[{account, tag}] = pool;
      }
    }
    return pools;
  }

  // The figures of rights add up to those of pools, and what they cover to what is in use.
  void CheckRights(absl::Time as_of, absl::Time known_at, const Pools& pools) {
    Pools sums;
    const v1::ListEntitlementFiguresResponse answer = Figures(as_of, known_at);
    for (const v1::EntitlementFigure& figure : answer.entitlements()) {
      if (figure.status() == v1::TERM_STATUS_EXPIRED) EXPECT_EQ(figure.available(), 0);
      if (figure.status() == v1::TERM_STATUS_ACTIVE) {
        Pool& pool = sums[{figure.virtual_account(), figure.tag()}];
        pool.entitled += figure.available() + figure.held() + figure.reserved();
        pool.in_use += figure.consumed();
      } else {
        EXPECT_EQ(figure.consumed(), 0);
      }
    }
    for (const auto& [key, pool] : pools) {
      EXPECT_EQ(sums[key].entitled, pool.entitled) << key.first << " " << key.second;
      EXPECT_EQ(sums[key].in_use, std::min(pool.in_use, pool.entitled)) << key.first << " " << key.second;
      sums.erase(key);
    }
    for (const auto& [key, pool] : sums) EXPECT_EQ(pool, Pool{}) << key.first << " " << key.second;
  }

  void CheckInstances(absl::Time as_of, absl::Time known_at) {
    for (const std::string& serial_number : reported_) {
      v1::GetUsageFiguresRequest request;
      request.set_product_id("C9300");
      request.set_serial_number(serial_number);
      request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(as_of));
      request.mutable_as_of()->set_nanos(static_cast<int32_t>(absl::ToUnixMicros(as_of) % 1'000'000) * 1000);
      request.mutable_known_at()->set_seconds(absl::ToUnixSeconds(known_at));
      request.mutable_known_at()->set_nanos(static_cast<int32_t>(absl::ToUnixMicros(known_at) % 1'000'000) *
                                            1000);
      const auto answer = Call(figures_, &FigureServiceImpl::GetUsageFigures, request);
      ASSERT_TRUE(answer.ok()) << answer.status();
      std::map<std::string, int64_t> in_use;
      for (const v1::UsageFigure& figure : answer->usage()) in_use[figure.tag()] += figure.in_use();
      for (const std::string& tag : kTags) {
        EXPECT_EQ(in_use[tag], oracle_.InUseOf(serial_number, tag, as_of, known_at)) << serial_number << tag;
      }
    }
  }

  void Check(absl::Time as_of, absl::Time known_at) {
    SCOPED_TRACE(absl::StrCat("seed ", GetParam(), " as of ", absl::FormatTime(as_of, absl::UTCTimeZone()),
                              " known at ", absl::FormatTime(known_at, absl::UTCTimeZone())));
    const Pools expected = Expected(as_of, known_at);
    EXPECT_EQ(PoolsAt(as_of, known_at), expected);
    CheckRights(as_of, known_at, expected);
    CheckInstances(as_of, known_at);
  }

  std::mt19937 random_{static_cast<uint32_t>(GetParam())};
  Oracle oracle_;
  std::vector<absl::Time> times_;
  std::vector<int64_t> movements_;
  std::set<std::string> reported_;
  int64_t bought_ = 0;
  int moved_ = 0;
};

TEST_P(FiguresPropertyTest, EveryFigureIsWhatHappened) {
  for (int step = 0; step < 90; ++step) {
    Step();
    if (HasFailure()) return;
  }
  EXPECT_GT(moved_, 3) << "the history must be worth asking";
  for (int question = 0; question < 60; ++question) {
    Check(AnyTime(), AnyTime());
    if (HasFailure()) return;
  }
  Check(clock_.Now() + 400 * kDay, clock_.Now());
  EXPECT_EQ(PoolsAt(), Expected(clock_.Now(), clock_.Now())) << "the present is one of the times";
}

INSTANTIATE_TEST_SUITE_P(Seeds, FiguresPropertyTest, ::testing::Range(1, 9));

}  // namespace
}  // namespace quartermaster::ledger
