#include "services/ledger/api/instance_counts.h"

#include <utility>

#include "absl/cleanup/cleanup.h"

namespace quartermaster::ledger {
namespace {

constexpr int kGoodForTimesItsCost = 20;

}  // namespace

std::shared_ptr<const InstanceCountsCache::Counts> InstanceCountsCache::Get(
    int64_t smart_account_id, const std::function<Counts()>& count) {
  const absl::Time began = machine_now_();
  {
    absl::MutexLock lock(&mutex_);
    Entry& entry = entries_[smart_account_id];
    const auto settled = [&entry] { return entry.counts != nullptr || !entry.counting; };
    mutex_.Await(absl::Condition(&settled));
    if (entry.counts != nullptr && (began < entry.good_until || entry.counting)) return entry.counts;
    entry.counting = true;
  }
  const auto done = absl::MakeCleanup([&] {
    absl::MutexLock lock(&mutex_);
    entries_[smart_account_id].counting = false;
  });
  auto counts = std::make_shared<const Counts>(count());
  const absl::Time ended = machine_now_();
  absl::MutexLock lock(&mutex_);
  Entry& entry = entries_[smart_account_id];
  entry.counts = counts;
  entry.good_until = ended + kGoodForTimesItsCost * (ended - began);
  return counts;
}

}  // namespace quartermaster::ledger
