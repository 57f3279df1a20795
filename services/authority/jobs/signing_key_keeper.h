// Has the signing keys at hand, and renews them in time.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_JOBS_SIGNING_KEY_KEEPER_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_JOBS_SIGNING_KEY_KEEPER_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/authority/domain/signing_keys.h"
#include "services/authority/storage/signing_key_store.h"

namespace quartermaster::authority {

// Thread-safe.
class SigningKeyKeeper {
 public:
  explicit SigningKeyKeeper(SigningKeyStore store) : store_(std::move(store)) {}

  // Makes what is missing or due, and takes over what other replicas made. On an error the keys that
  // are at hand stay.
  absl::Status RunOnce(absl::Time now);

  // The keys with one for `purpose`, which is made if there is none yet.
  absl::StatusOr<std::shared_ptr<const SigningKeys>> With(KeyPurpose purpose, absl::Time now);

  // Without any key before the first successful RunOnce.
  std::shared_ptr<const SigningKeys> Current() const;

 private:
  SigningKeyStore store_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const SigningKeys> keys_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const SigningKeys>(std::vector<SigningKey>(), std::vector<crypto::Certificate>());
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_JOBS_SIGNING_KEY_KEEPER_H_
