#include "services/authority/jobs/signing_key_keeper.h"

#include <utility>

#include "services/common/status/status_macros.h"

namespace quartermaster::authority {

absl::Status SigningKeyKeeper::RunOnce(absl::Time now) {
  ASSIGN_OR_RETURN(std::shared_ptr<const SigningKeys> keys, store_.LoadOrMake(now));
  absl::MutexLock lock(&mutex_);
  keys_ = std::move(keys);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const SigningKeys>> SigningKeyKeeper::With(KeyPurpose purpose,
                                                                          absl::Time now) {
  std::shared_ptr<const SigningKeys> keys = Current();
  if (keys->Current(purpose) != nullptr) return keys;
  ASSIGN_OR_RETURN(keys, store_.LoadOrMake(now, purpose));
  absl::MutexLock lock(&mutex_);
  keys_ = keys;
  return keys;
}

std::shared_ptr<const SigningKeys> SigningKeyKeeper::Current() const {
  absl::MutexLock lock(&mutex_);
  return keys_;
}

}  // namespace quartermaster::authority
