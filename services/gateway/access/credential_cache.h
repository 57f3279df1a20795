// Credentials that were looked at lately, by the SHA-256 of "<client id>.<secret>": so that a client
// pays for Argon2id once and ten thousand calls a second cost next to nothing. Thread-safe.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_ACCESS_CREDENTIAL_CACHE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_ACCESS_CREDENTIAL_CACHE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/gateway/access/api_client.h"
#include "services/gateway/domain/caller.h"
#include "services/gateway/domain/request_budget.h"

namespace quartermaster::gateway {

// SHA-256 of a whole bearer token.
using Fingerprint = std::array<uint8_t, 32>;

// A client whose credential was found good. The caller never changes: what changed in the database
// makes a new one.
struct KnownClient {
  KnownClient(Caller c, std::string hash, double calls_per_second, int64_t under_way_max)
      : caller(std::move(c)),
        secret_hash(std::move(hash)),
        calls_under_way_max(under_way_max),
        budget(calls_per_second, 2 * calls_per_second) {}

  const Caller caller;
  const std::string secret_hash;
  const int64_t calls_under_way_max;
  RequestBudget budget;
  // Counted by CallRight (call_rights.h).
  std::atomic<int64_t> calls_under_way{0};
  // When the database last said that it stands so.
  std::atomic<int64_t> checked_at_ns{0};
  std::atomic<int64_t> used_at_ns{0};
};
using KnownClientPtr = std::shared_ptr<KnownClient>;

class CredentialCache {
 public:
  // What was said of a client stands for this long; the recheck comes sooner.
  static constexpr int64_t kFreshForNs = 10'000'000'000;
  static constexpr int64_t kForgetUnusedAfterNs = 600'000'000'000;
  // A wrong secret is not tried again for so long.
  static constexpr int64_t kRefusedForNs = 10'000'000'000;

  struct Unknown {};
  struct Refused {};
  // Known, but not lately checked.
  struct Stale {
    KnownClientPtr client;
  };
  using Found = std::variant<Unknown, Refused, Stale, KnownClientPtr>;

  Found Find(const Fingerprint& fingerprint, int64_t now_ns);

  void Remember(const Fingerprint& fingerprint, KnownClientPtr client, int64_t now_ns);
  void RememberRefusal(const Fingerprint& fingerprint, int64_t now_ns);

  // Ids of the clients that called within the last minute, each once.
  std::vector<std::string> ClientsInUse(int64_t now_ns) const;
  // Takes the word of the database for `asked`: clients that are revoked, gone, or changed are
  // forgotten, the others are fresh again. Also forgets what is long unused.
  void Update(const std::vector<std::string>& asked, const std::vector<ApiClient>& rows, int64_t now_ns);

 private:
  struct FingerprintHash {
    size_t operator()(const Fingerprint& fingerprint) const {
      size_t hash;
      std::memcpy(&hash, fingerprint.data(), sizeof(hash));
      return hash;
    }
  };

  static constexpr size_t kClientsMax = 100'000;
  static constexpr size_t kRefusedMax = 10'000;

  mutable absl::Mutex mutex_;
  std::unordered_map<Fingerprint, KnownClientPtr, FingerprintHash> known_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<Fingerprint, int64_t, FingerprintHash> refused_at_ns_ ABSL_GUARDED_BY(mutex_);
};

// Whether `client` is still what the database says.
bool StillStands(const KnownClient& client, const ApiClient& row);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_ACCESS_CREDENTIAL_CACHE_H_
