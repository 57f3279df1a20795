// The real keys that a fleet's instances share: RSA keys are slow to make.
#ifndef QUARTERMASTER_CLIENTS_FLEET_KEY_POOL_H_
#define QUARTERMASTER_CLIENTS_FLEET_KEY_POOL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/agent/report_signer.h"
#include "clients/fleet/fleet_plan.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::fleet {

// Immutable; thread-safe.
class KeyPool {
 public:
  // Reads the keys of `directory`/keys and makes those that are missing, on all cores. None for a
  // fleet without signatures of ours.
  static absl::StatusOr<KeyPool> OpenOrCreate(const std::string& directory,
                                              const FleetParameters& parameters);

  // What signs the reports of an instance.
  const agent::ReportSigner& SignerOf(const FleetPlan& plan, int64_t instance) const {
    return signers_[signers_.size() == 1 ? 0 : static_cast<size_t>(plan.KeyOf(instance))];
  }
  // By number; empty without keys.
  const std::vector<crypto::PrivateKey>& keys() const { return keys_; }

 private:
  KeyPool() = default;
  std::vector<crypto::PrivateKey> keys_;
  // One for each key, or the one that needs none.
  std::vector<agent::ReportSigner> signers_;
};

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_KEY_POOL_H_
