// The authority's part of authorizations for tests: codes without keys.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_TOY_SIGNER_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_TOY_SIGNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/authorization_proof.h"
#include "services/ledger/api/authorization_flow.h"

namespace quartermaster::ledger {

// What the authority does, without keys: one code per id for ever, and the proofs of its nonce.
class ToySigner {
 public:
  absl::StatusOr<SignedCode> Sign(const CodeRequest& request) {
    if (const auto meanwhile = TakeMeanwhile()) meanwhile();
    const std::lock_guard lock(mutex_);
    if (down_) return absl::UnavailableError("the authority is away");
    codes_.try_emplace(request.authorization_id, absl::StrCat("code ", request.authorization_id));
    requests_[request.authorization_id] = request;
    const auto proofs = ProofsOf(request);
    return SignedCode{codes_.at(request.authorization_id), crypto::ProofHash(proofs.confirmation_code),
                      crypto::ProofHash(proofs.removal_code)};
  }
  absl::StatusOr<std::string> Find(int64_t id) {
    const std::lock_guard lock(mutex_);
    return codes_.at(id);
  }
  // As the product instance computes them from its code.
  crypto::AuthorizationProofs Proofs(int64_t id) {
    const std::lock_guard lock(mutex_);
    return ProofsOf(requests_.at(id));
  }
  CodeRequest Request(int64_t id) {
    const std::lock_guard lock(mutex_);
    return requests_.at(id);
  }
  // What happens while the next code is signed.
  void Meanwhile(std::function<void()> what) {
    const std::lock_guard lock(mutex_);
    meanwhile_ = std::move(what);
  }
  void SetDown(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }

 private:
  static crypto::AuthorizationProofs ProofsOf(const CodeRequest& request) {
    return crypto::ProofsOf(
        absl::StrCat("nonce ", request.authorization_id),
        {{request.udi.product_id, request.udi.serial_number}, request.authorization_id, request.sequence});
  }

  std::function<void()> TakeMeanwhile() {
    const std::lock_guard lock(mutex_);
    return std::exchange(meanwhile_, nullptr);
  }

  std::mutex mutex_;
  std::map<int64_t, std::string> codes_;
  std::map<int64_t, CodeRequest> requests_;
  std::function<void()> meanwhile_;
  bool down_ = false;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_TOY_SIGNER_H_
