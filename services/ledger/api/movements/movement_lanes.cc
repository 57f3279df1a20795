#include "services/ledger/api/movements/movement_lanes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

// Two accounts at once; one account has one.
constexpr int kWorkers = 2;
constexpr char kQuery[] = "ledger_move_rights";
// Of one group: its transaction holds the account's rights for some 100 ms at most.
constexpr size_t kGroupCallsMax = 1024;
constexpr int64_t kGroupLinesMax = 4096;
// Of one lane: about two seconds of work.
constexpr int64_t kWaitingLinesMax = 32'768;
constexpr absl::Duration kRetryAfter = absl::Milliseconds(500);
// What is kept between groups, in all at most about 100 MiB.
constexpr size_t kKeptLotsMax = 50'000;
constexpr int kIdleLanesMax = 8;

// Whether one before in the group has the same request id or undoes the same movement: the later one must see
// what became of the first, so it is left to the next group.
bool MeetsAnother(const MovementCall& call, std::set<std::string>& keys) {
  const Act& act = call.logged.act;
  const std::string request =
      act.request_id.empty() ? "" : absl::StrCat("request\n", act.actor, "\n", act.request_id);
  const std::string undoes =
      call.reversal == nullptr ? "" : absl::StrCat("undoes\n", call.reversal->movement_id());
  if (keys.contains(request) || keys.contains(undoes)) return true;
  for (const std::string& key : {request, undoes}) {
    if (!key.empty()) keys.insert(key);
  }
  return false;
}

void Finish(MovementCall& call, absl::Status result) {
  call.result = std::move(result);
  call.done(call.result);
}

}  // namespace

MovementLanes::MovementLanes(const ApiContext& api) : api_(api) {
  for (int i = 0; i < kWorkers; ++i) workers_.emplace_back([this] { Work(); });
}

MovementLanes::~MovementLanes() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& worker : workers_) worker.join();
}

void MovementLanes::Submit(const std::string& smart_account, std::unique_ptr<MovementCall> call) {
  absl::Status refused;
  {
    absl::MutexLock lock(&mutex_);
    std::unique_ptr<Lane>& lane = lanes_[smart_account];
    if (lane == nullptr) lane = std::make_unique<Lane>(Lane{.smart_account = smart_account});
    const int64_t lines = call->lines();
    if (lane->waiting.empty() || lane->waiting_lines + lines <= kWaitingLinesMax) {
      lane->waiting.push_back(std::move(call));
      lane->waiting_lines += lines;
      if (!std::exchange(lane->busy, true)) ready_.push_back(lane.get());
      return;
    }
    refused = TooManyMovements(lane->waiting_lines, kWaitingLinesMax);
  }
  Finish(*call, errors::WithRetryDelay(refused, kRetryAfter));
}

void MovementLanes::Work() {
  const log::ServiceScope service("ledger");
  while (true) {
    Lane* lane = nullptr;
    Calls calls;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &MovementLanes::HasWork));
      if (ready_.empty()) return;
      lane = ready_.front();
      ready_.pop_front();
      calls = Take(*lane);
    }
    std::vector<MovementCall*> group;
    for (const auto& call : calls) {
      if (call->deadline > absl::Now()) group.push_back(call.get());
    }
    for (const auto& call : calls) {
      if (call->deadline <= absl::Now()) call->result = DeadlinePassed();
    }
    if (!group.empty()) RunGroup(*lane, group);
    // The next group forms while these are answered.
    for (const auto& call : calls) call->done(call->result);
    absl::MutexLock lock(&mutex_);
    Leave(*lane);
  }
}

MovementLanes::Calls MovementLanes::Take(Lane& lane) {
  Calls taken;
  std::deque<std::unique_ptr<MovementCall>> left;
  std::set<std::string> keys;
  int64_t lines = 0;
  for (std::unique_ptr<MovementCall>& call : lane.waiting) {
    const bool full = taken.size() >= kGroupCallsMax || lines + call->lines() > kGroupLinesMax;
    if ((full && !taken.empty()) || MeetsAnother(*call, keys)) {
      left.push_back(std::move(call));
      continue;
    }
    lines += call->lines();
    taken.push_back(std::move(call));
  }
  lane.waiting = std::move(left);
  lane.waiting_lines -= lines;
  return taken;
}

void MovementLanes::Leave(Lane& lane) {
  if (!lane.waiting.empty()) {
    ready_.push_back(&lane);
    return;
  }
  lane.busy = false;
  const auto idle =
      std::count_if(lanes_.begin(), lanes_.end(), [](const auto& other) { return !other.second->busy; });
  if (idle > kIdleLanesMax || !lane.kept.has_value()) lanes_.erase(std::string(lane.smart_account));
}

void MovementLanes::RunGroup(Lane& lane, const std::vector<MovementCall*>& calls) {
  absl::Status status = Transact(lane, calls);
  if (LostRace(status)) status = Transact(lane, calls);
  if (status.ok()) return;
  // A fault that comes again may be one call's: no other shall suffer from it.
  const bool alone = calls.size() == 1 || errors::IsRetryable(status);
  for (MovementCall* call : calls) {
    const absl::Status failed = alone ? status : Transact(lane, {call});
    if (!failed.ok()) call->result = failed;
  }
}

absl::Status MovementLanes::Transact(Lane& lane, const std::vector<MovementCall*>& calls) {
  std::optional<KeptRights> kept;
  const absl::Status status =
      api_.pool->Transact(kQuery, [&](pqxx::transaction_base& transaction) -> absl::Status {
        // Taken, so that it is gone if this attempt fails.
        kept = std::exchange(lane.kept, std::nullopt);
        return RunMovementGroup(transaction, lane.smart_account, api_.clock->Now(), calls, kept);
      });
  if (status.ok() && kept.has_value() && kept->book.lot_count() <= kKeptLotsMax) lane.kept = std::move(kept);
  return status;
}

}  // namespace quartermaster::ledger
