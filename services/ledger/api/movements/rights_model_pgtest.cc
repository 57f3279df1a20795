// Random programs of purchases, transfers and reversals by concurrent callers of two replicas against a real
// PostgreSQL, compared with a model so simple that it can be read at a glance.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/common/errors/error.h"
#include "services/ledger/api/movements/rights_fixture.h"

namespace quartermaster::ledger {
namespace {

constexpr const char* kAccounts[] = {"Default", "Branches", "Lab"};

// What one request did, as its caller was told.
struct Done {
  int64_t movement_id = 0;
  std::vector<v1::EntitlementTransfer> lines;
  // Of a reversal: what it undid.
  int64_t undoes = 0;
  v1::Movement answer;
};

// One row per entitlement and Virtual Account; every question is a walk over all of them.
class Model {
 public:
  void Buy(const std::string& id, const std::string& tag, int64_t quantity, absl::Time end) {
    lots_.push_back({id, tag, end});
    quantity_[{"Default", id}] = quantity;
  }

  // The lots of a transfer, the longest term first, then as bought.
  v1::Movement Transfer(const std::vector<v1::EntitlementTransfer>& lines) {
    v1::Movement moved;
    for (const v1::EntitlementTransfer& line : lines) {
      int64_t left = line.quantity();
      std::vector<Lot> order = lots_;
      std::stable_sort(order.begin(), order.end(), [](const Lot& a, const Lot& b) { return a.end > b.end; });
      for (const Lot& lot : order) {
        const int64_t taken = std::min(left, quantity_[{line.from_virtual_account(), lot.id}]);
        if (lot.tag != line.tag() || taken == 0) continue;
        Move(moved, lot.tag, lot.id, line.from_virtual_account(), line.to_virtual_account(), taken);
        left -= taken;
      }
      EXPECT_EQ(left, 0) << "the ledger moved what the model does not have";
    }
    return moved;
  }

  v1::Movement Reverse(const v1::Movement& undone) {
    v1::Movement moved;
    for (int i = undone.quantities_size(); i-- > 0;) {
      const v1::Movement::Quantity& was = undone.quantities(i);
      Move(moved, was.tag(), was.entitlement_id(), was.to_virtual_account(), was.from_virtual_account(),
           was.quantity());
    }
    return moved;
  }

  // As RightsFixture::Balances.
  std::string Balances() const {
    std::string lines;
    for (const auto& [place, quantity] : quantity_) {
      EXPECT_GE(quantity, 0);
      if (quantity != 0) absl::StrAppend(&lines, place.first, " ", place.second, " ", quantity, "\n");
    }
    return lines;
  }

 private:
  struct Lot {
    std::string id, tag;
    absl::Time end;
  };

  void Move(v1::Movement& moved, const std::string& tag, const std::string& id, const std::string& from,
            const std::string& to, int64_t quantity) {
    quantity_[{from, id}] -= quantity;
    quantity_[{to, id}] += quantity;
    v1::Movement::Quantity& row = *moved.add_quantities();
    row.set_tag(tag);
    row.set_entitlement_id(id);
    row.set_from_virtual_account(from);
    row.set_to_virtual_account(to);
    row.set_quantity(quantity);
  }

  std::vector<Lot> lots_;
  std::map<std::pair<std::string, std::string>, int64_t> quantity_;
};

class RightsModelTest : public RightsFixture, public ::testing::WithParamInterface<int> {
 protected:
  void BuyBoth(Model& model, const std::string& id, const char* tag, int64_t quantity,
               std::optional<absl::Time> end) {
    Buy(id, tag, quantity, end);
    model.Buy(id, tag, quantity, end.value_or(absl::InfiniteFuture()));
  }

  // One caller's program. Appends what was done to `done`.
  void RunProgram(uint32_t seed, EntitlementServiceImpl& replica, std::vector<Done>& done) {
    std::mt19937 random(seed);
    const auto draw = [&](int count) { return static_cast<int>(random() % count); };
    for (int step = 0; step < 25; ++step) {
      Done act;
      if (draw(4) == 0) {
        {
          absl::MutexLock lock(&mutex_);
          if (done.empty()) continue;
          act.undoes = done[draw(static_cast<int>(done.size()))].movement_id;
        }
        const auto answer = ReverseAt(replica, act.undoes);
        if (!Accepted(answer, {"ledger.quantity_not_available", "ledger.movement_reversed"})) continue;
        act.answer = *answer;
      } else {
        for (int line = draw(3); line >= 0; --line) {
          const int from = draw(3);
          act.lines.push_back(Line(draw(2) == 0 ? kOpen : kEnforced, kAccounts[from],
                                   kAccounts[(from + 1 + draw(2)) % 3], 1 + draw(12)));
        }
        const auto answer = TransferAt(replica, act.lines, absl::StrCat("r-", seed, "-", step));
        if (!Accepted(answer, {"ledger.quantity_not_available"})) continue;
        // A caller who lost the answer asks again.
        const auto again = TransferAt(replica, act.lines, absl::StrCat("r-", seed, "-", step));
        ASSERT_TRUE(again.ok()) << again.status();
        EXPECT_EQ(again->SerializeAsString(), answer->SerializeAsString());
        act.answer = *answer;
      }
      act.movement_id = act.answer.movement_id();
      absl::MutexLock lock(&mutex_);
      done.push_back(act);
    }
  }

  static bool Accepted(const absl::StatusOr<v1::Movement>& answer, const std::vector<std::string>& refusals) {
    if (answer.ok()) return true;
    EXPECT_TRUE(std::count(refusals.begin(), refusals.end(), errors::ErrorId(answer.status())))
        << answer.status();
    return false;
  }

  // The newest first, so that everything lies where it was moved to, unless a movement had been undone
  // before.
  void UndoEverythingTwiceAtOnce(const std::vector<Done>& done, EntitlementServiceImpl& other) {
    std::set<int64_t> undone_before;
    for (const Done& act : done) undone_before.insert(act.undoes);
    int undone = 0;
    for (auto act = done.rbegin(); act != done.rend(); ++act) {
      std::vector<absl::Status> results(2);
      InThreads(2, [&](int thread) {
        results[thread] = ReverseAt(thread == 0 ? entitlements_ : other, act->movement_id).status();
      });
      const auto oks =
          std::count_if(results.begin(), results.end(), [](const absl::Status& s) { return s.ok(); });
      EXPECT_LE(oks, undone_before.contains(act->movement_id) ? 0 : 1) << act->movement_id;
      for (const absl::Status& result : results) {
        if (result.ok()) continue;
        EXPECT_EQ(errors::ErrorId(result), oks == 1 || undone_before.contains(act->movement_id)
                                               ? "ledger.movement_reversed"
                                               : "ledger.quantity_not_available")
            << result;
      }
      undone += static_cast<int>(oks);
    }
    EXPECT_GT(undone, 10);
  }

  absl::Mutex mutex_;
};

TEST_P(RightsModelTest, WhatConcurrentCallersWereToldIsWhatAModelSaysInTheOrderOfTheMovements) {
  Model model;
  for (const char* tag : {kOpen, kEnforced}) {
    BuyBoth(model, absl::StrCat(tag, "-long"), tag, 40, Day(2030, 1, 1));
    BuyBoth(model, absl::StrCat(tag, "-short"), tag, 25, Day(2027, 1, 1));
    BuyBoth(model, absl::StrCat(tag, "-ever"), tag, 10, std::nullopt);
  }
  EntitlementServiceImpl other{api_};
  std::vector<Done> done;
  InThreads(6, [&](int thread) {
    RunProgram(GetParam() * 1000 + thread, thread % 2 == 0 ? entitlements_ : other, done);
  });
  std::sort(done.begin(), done.end(),
            [](const Done& a, const Done& b) { return a.movement_id < b.movement_id; });
  std::map<int64_t, v1::Movement> answers;
  for (const Done& act : done) {
    v1::Movement want = act.undoes == 0 ? model.Transfer(act.lines) : model.Reverse(answers.at(act.undoes));
    want.set_movement_id(act.movement_id);
    ASSERT_EQ(act.answer.DebugString(), want.DebugString());
    answers[act.movement_id] = want;
  }
  EXPECT_EQ(Balances(), model.Balances());
  EXPECT_GT(done.size(), 30u) << "little was done: the test proved little";
  UndoEverythingTwiceAtOnce(done, other);
}

int Seeds() { return std::getenv("QM_TEST_LONG") == nullptr ? 3 : 40; }
INSTANTIATE_TEST_SUITE_P(Seeds, RightsModelTest, ::testing::Range(1, Seeds() + 1));

}  // namespace
}  // namespace quartermaster::ledger
