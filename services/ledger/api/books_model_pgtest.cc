// Random programs of what moves rights (purchases, corrections, transfers, reversals, authorizations,
// reservations, returns, terms that end) beside reported use, by concurrent callers against a
// real PostgreSQL. Every act that was answered adds the same to the balances whatever its turn was, so the
// model is a sum.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/mutex.h"
#include "services/common/errors/error.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/terms_fixture.h"
#include "services/ledger/api/toy_signer.h"

namespace quartermaster::ledger {
namespace {

constexpr int kThreads = 6;
constexpr int kSteps = 30;
const std::vector<std::string> kPlaces = {"Default", "Branches", "Lab"};
constexpr char kOpen[] = "switch";
constexpr char kEnforced[] = "vpn";

// (Virtual Account, tag).
using PoolName = std::pair<std::string, std::string>;

struct PoolModel {
  // Available, or expired: which of the two depends on who came first.
  int64_t free = 0;
  int64_t reserved = 0;
  int64_t in_use = 0;
  // Authorised beyond what the consumers report.
  int64_t beyond = 0;
};

class Model {
 public:
  void Add(const PoolName& pool, int64_t quantity) {
    absl::MutexLock lock(&mutex_);
    pools_[pool].free += quantity;
  }
  void Move(const v1::Movement& movement) {
    for (const v1::Movement::Quantity& one : movement.quantities()) {
      Add({one.from_virtual_account(), one.tag()}, -one.quantity());
      Add({one.to_virtual_account(), one.tag()}, one.quantity());
    }
  }
  // `sign` -1 = given back.
  void Reserve(const PoolName& pool, const std::string& serial_number, int64_t quantity) {
    absl::MutexLock lock(&mutex_);
    pools_[pool].free -= quantity;
    pools_[pool].reserved += quantity;
    consumers_[{pool, serial_number}].authorized += quantity;
  }
  void Use(const PoolName& pool, const std::string& serial_number, int64_t count) {
    absl::MutexLock lock(&mutex_);
    consumers_[{pool, serial_number}].reported = count;
  }

  // A line a pool: free, reserved, in use, authorised beyond use.
  std::string Lines() {
    absl::MutexLock lock(&mutex_);
    std::map<PoolName, PoolModel> pools = pools_;
    for (const auto& [name, consumer] : consumers_) {
      PoolModel& pool = pools[name.first];
      pool.in_use += consumer.reported;
      pool.beyond += std::max<int64_t>(0, consumer.authorized - consumer.reported);
    }
    std::string lines;
    for (const auto& [name, pool] : pools) {
      absl::StrAppend(&lines, name.first, "|", name.second, "|", pool.free, "|", pool.reserved, "|",
                      pool.in_use, "|", pool.beyond, "\n");
    }
    return lines;
  }

 private:
  struct Consumer {
    int64_t reported = 0, authorized = 0;
  };
  absl::Mutex mutex_;
  std::map<PoolName, PoolModel> pools_;
  std::map<std::pair<PoolName, std::string>, Consumer> consumers_;
};

// One product instance of one caller.
struct Device {
  std::string serial_number, home;
  // By kind: what it has, 0 = nothing.
  struct Code {
    int64_t authorization_id = 0;
    int64_t quantity = 0;
  };
  std::map<AuthorizationKind, Code> codes;
};

class BooksModelTest : public TermsFixture, public ::testing::WithParamInterface<int> {
 protected:
  BooksModelTest() { AddEnforced(kEnforced); }

  static bool Accepted(const absl::Status& status, const std::vector<std::string>& refusals) {
    if (status.ok()) return true;
    EXPECT_TRUE(std::count(refusals.begin(), refusals.end(), errors::ErrorId(status))) << status;
    return false;
  }

  void Measure(const Device& device, const char* tag, uint32_t count) {
    absl::MutexLock lock(&reports_);
    // Each later than the one before, and none in the future.
    measured_at_ += absl::Seconds(1);
    Report(device.serial_number, tag, measured_at_, count, device.home);
    model_.Use({device.home, tag}, device.serial_number, count);
  }

  absl::StatusOr<Authorization> Ask(const AuthorizationAsk& ask) {
    const Act act{"anna", "", "test", clock_.Now()};
    ASSIGN_OR_RETURN(const Authorization asked, pool_.Transact("test_ask", [&](pqxx::transaction_base& tx) {
      return flow_.Ask(tx, act, ask);
    }));
    return flow_.Grant(database_.account(), asked.id, act);
  }

  // Asks for a code where it has none of the kind, else gives it back.
  void AskOrReturn(Device& device, AuthorizationKind kind, int64_t quantity, bool confirms) {
    const char* tag = kind == AuthorizationKind::kAuthorization ? kEnforced : kOpen;
    Device::Code& code = device.codes[kind];
    AuthorizationAsk ask{
        .smart_account_id = database_.account(), .kind = kind, .udi = {kProductId, device.serial_number}};
    if (code.quantity != 0) {
      ask.removal_code = signer_.Proofs(code.authorization_id).removal_code;
      const auto returned = Ask(ask);
      ASSERT_TRUE(returned.ok()) << returned.status();
      model_.Reserve({device.home, tag}, device.serial_number, -code.quantity);
      code = {};
      return;
    }
    ask.lines = {{.quantity = quantity, .tag = tag}};
    const auto granted = Ask(ask);
    // Not granted: what was held and ended before its code was signed.
    if (!Accepted(granted.status(), {"ledger.quantity_not_available", "ledger.authorization_not_granted"}))
      return;
    ASSERT_EQ(granted->state, AuthorizationState::kGranted);
    code = {granted->id, quantity};
    ++granted_;
    model_.Reserve({device.home, tag}, device.serial_number, quantity);
    if (!confirms) return;
    ask.lines.clear();
    ask.confirmation_code = signer_.Proofs(granted->id).confirmation_code;
    const auto confirmed = Ask(ask);
    EXPECT_TRUE(confirmed.ok()) << confirmed.status();
  }

  // Known to the ledger before they ask for anything, so that they are at home where the model thinks.
  std::vector<Device> MakeDevices(int thread) {
    std::vector<Device> devices;
    for (int i = 0; i < 2; ++i) {
      devices.push_back({absl::StrCat("SN", thread, "-", i), kPlaces[(thread + i) % 3], {}});
      for (const char* tag : {kOpen, kEnforced}) Measure(devices.back(), tag, 0);
    }
    return devices;
  }

  void RunProgram(int thread, std::vector<Device> devices) {
    std::mt19937 random(GetParam() * 1000 + thread);
    const auto draw = [&](int count) { return static_cast<int>(random() % count); };
    std::vector<int64_t> movements;
    std::vector<std::string> bought;
    for (int step = 0; step < kSteps; ++step) {
      if (step == kSteps / 2 && half_time_.Block()) clock_.Advance(absl::Hours(24 * 300));
      if (step == kSteps / 2) second_half_.Block();
      const char* tag = draw(2) == 0 ? kOpen : kEnforced;
      Device& device = devices[draw(2)];
      switch (draw(8)) {
        case 0: {
          const int64_t quantity = 1 + draw(6);
          bought.push_back(absl::StrCat("E", thread, "-", step));
          Buy({{.id = bought.back(),
                .tag = tag,
                .quantity = quantity,
                .end_at = Day(2026 + draw(2) * 5, 12, 1)}});
          model_.Add({"Default", tag}, quantity);
          tag_of_[thread][bought.back()] = tag;
          break;
        }
        case 1: {
          if (bought.empty()) break;
          const std::string& id = bought[draw(static_cast<int>(bought.size()))];
          const int64_t change = draw(2) == 0 ? 1 + draw(3) : -1 - draw(3);
          const auto corrected = Correct(id, change);
          if (!Accepted(corrected.status(), {"ledger.quantity_not_available", "ledger.entitlement_ended"}))
            break;
          model_.Add({"Default", tag_of_[thread][id]}, change);
          break;
        }
        case 2:
        case 3: {
          const int from = draw(3);
          const auto moved = Transfer(tag, kPlaces[from], kPlaces[(from + 1 + draw(2)) % 3], 1 + draw(6));
          if (!Accepted(moved.status(), {"ledger.quantity_not_available"})) break;
          model_.Move(*moved);
          ++moved_;
          movements.push_back(moved->movement_id());
          break;
        }
        case 4: {
          if (movements.empty()) break;
          const auto reversed = Reverse(movements[draw(static_cast<int>(movements.size()))]);
          if (Accepted(reversed.status(), {"ledger.quantity_not_available", "ledger.movement_reversed"})) {
            model_.Move(*reversed);
          }
          break;
        }
        case 5:
          AskOrReturn(device, AuthorizationKind::kAuthorization, 1 + draw(4), draw(2) == 0);
          break;
        case 6:
          AskOrReturn(device, AuthorizationKind::kSpecificReservation, 1 + draw(4), draw(2) == 0);
          break;
        case 7:
          Measure(device, tag, draw(5));
          break;
      }
    }
  }

  // As Model::Lines, of every pool in which there is or was something.
  std::string PoolLines() {
    return database_.Table(
        "SELECT v.name, t.tag, coalesce(b.free, 0), coalesce(b.reserved, 0), p.in_use, p.reserved"
        " FROM license_pools p JOIN virtual_accounts v USING (smart_account_id, virtual_account_id)"
        " JOIN license_tags t USING (tag_id)"
        " LEFT JOIN (SELECT virtual_account_id, tag_id, sum(quantity) FILTER (WHERE state IN (2, 5)) AS free,"
        "  sum(quantity) FILTER (WHERE state = 4) AS reserved FROM lot_balances GROUP BY 1, 2) b"
        " USING (virtual_account_id, tag_id) ORDER BY v.name, t.tag");
  }

  static constexpr char kProductId[] = "C9300";
  ToySigner signer_;
  const AuthorizationFlow flow_{&pool_,
                                {},
                                {.sign = [this](const CodeRequest& request) { return signer_.Sign(request); },
                                 .find = [this](int64_t, int64_t id) { return signer_.Find(id); }}};
  Model model_;
  absl::Mutex reports_;
  absl::Time measured_at_ = Day(2026, 5, 1);
  absl::Barrier half_time_{kThreads}, second_half_{kThreads};
  std::map<std::string, std::string> tag_of_[kThreads];
  std::atomic<int> granted_ = 0, moved_ = 0;
};

TEST_P(BooksModelTest, TheBalancesAreTheSumOfWhatConcurrentCallersWereTold) {
  for (const char* tag : {kOpen, kEnforced}) {
    for (const auto& [name, end_at] : std::map<std::string, std::optional<absl::Time>>{
             {"short", Day(2026, 9, 1)}, {"long", Day(2030, 1, 1)}, {"ever", std::nullopt}}) {
      Buy({{.id = absl::StrCat(tag, "-", name), .tag = tag, .quantity = 20, .end_at = end_at}});
      model_.Add({"Default", tag}, 20);
    }
  }
  std::vector<std::vector<Device>> devices;
  for (int i = 0; i < kThreads; ++i) devices.push_back(MakeDevices(i));
  std::atomic<bool> done = false;
  std::thread jobs([&] {
    while (!done) {
      EXPECT_TRUE(expire_.RunOnce(clock_.Now()).ok());
      EXPECT_TRUE(flow_.ExpireHolds(clock_.Now()).ok());
    }
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < kThreads; ++i) {
    callers.emplace_back([this, i, own = devices[i]] { RunProgram(i, own); });
  }
  for (std::thread& caller : callers) caller.join();
  done = true;
  jobs.join();
  Apply();
  Expire();
  EXPECT_GT(granted_, 5) << "little was done: the test proved little";
  EXPECT_GT(moved_, 10) << "little was done: the test proved little";
  EXPECT_EQ(PoolLines(), model_.Lines());
  EXPECT_EQ(PoolsAt(), PoolsAt(clock_.Now())) << "the present is one of the times";
  EXPECT_EQ(database_.Number(
                "SELECT count(*) FROM lot_balances b JOIN entitlements e USING (smart_account_id, lot_id)"
                " WHERE b.state = 2 AND b.quantity > 0 AND e.end_at <= '2027-01-01'"),
            0)
      << "what has ended is available no more";
  EXPECT_EQ(database_.Number("SELECT coalesce(sum(quantity), 0) FROM lot_balances WHERE state = 3"), 0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM lot_balances WHERE quantity < 0 AND state <> 1"), 0);
}

int Seeds() { return std::getenv("QM_TEST_LONG") == nullptr ? 3 : 40; }
INSTANTIATE_TEST_SUITE_P(Seeds, BooksModelTest, ::testing::Range(1, Seeds() + 1));

}  // namespace
}  // namespace quartermaster::ledger
