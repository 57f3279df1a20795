#include "services/gateway/domain/failed_attempts.h"

#include "services/gateway/domain/address_group.h"

namespace quartermaster::gateway {

absl::Duration FailedAttempts::Begin(std::string_view address, int64_t now_ns) {
  const std::string group = AddressGroup(address);
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Sender>& sender = senders_[group];
  if (sender == nullptr) {
    sender = std::make_unique<Sender>();
    sender->age = by_age_.insert(by_age_.end(), group);
  } else {
    by_age_.splice(by_age_.end(), by_age_, sender->age);
  }
  const absl::Duration wait = sender->budget.Take(now_ns);
  if (senders_.size() > kAddressesMax) {
    senders_.erase(by_age_.front());
    by_age_.pop_front();
  }
  return wait;
}

void FailedAttempts::Forgive(std::string_view address) {
  absl::MutexLock lock(&mutex_);
  const auto sender = senders_.find(AddressGroup(address));
  if (sender != senders_.end()) sender->second->budget.GiveBack();
}

size_t FailedAttempts::addresses() const {
  absl::MutexLock lock(&mutex_);
  return senders_.size();
}

}  // namespace quartermaster::gateway
