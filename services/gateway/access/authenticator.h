// Finds out who calls. The usual answer comes from memory; a credential that was not seen lately is
// looked up in the database and checked with Argon2id by one thread of its own, so that neither
// storms nor guesses take the listeners' threads.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_ACCESS_AUTHENTICATOR_H_
#define QUARTERMASTER_SERVICES_GATEWAY_ACCESS_AUTHENTICATOR_H_

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/metrics/metrics.h"
#include "services/gateway/access/api_client.h"
#include "services/gateway/access/credential_cache.h"
#include "services/gateway/domain/bearer_token.h"
#include "services/gateway/domain/failed_attempts.h"

namespace quartermaster::gateway {

struct AuthenticatorOptions {
  double calls_per_second_per_client = 20000;
  // Half of what the gateway takes on at once (admission.h): no client can take it all.
  int64_t calls_under_way_per_client_max = 5000;
  // How often clients in use are looked up again: a revocation is noticed within this time.
  absl::Duration recheck_interval = absl::Seconds(2);
  // After a lookup that failed the database is not asked for so long: those who queue, each with its
  // own patience, would wait for one another.
  absl::Duration away_for = absl::Seconds(1);
};

// Thread-safe.
class Authenticator {
 public:
  using Answer = absl::StatusOr<KnownClientPtr>;
  using Done = std::function<void(Answer)>;

  // Both outlive the authenticator.
  Authenticator(ApiClients& clients, metrics::Registry& registry, AuthenticatorOptions options);
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // From memory: who it is, `gateway.unauthenticated`, or none when Verify has to find out.
  // Costs about a microsecond.
  std::optional<Answer> FromMemory(std::string_view authorization_header);

  // Calls `done` once: at once when it refuses to look, otherwise from the authenticator's thread
  // (`done` must be quick). `address` is the peer's, without port.
  // `gateway.unauthenticated`, `gateway.credentials_unavailable`, `gateway.overloaded`,
  // `gateway.too_many_failed_attempts`.
  void Verify(std::string_view authorization_header, std::string_view address, Done done);

  // Answers those who wait with `gateway.overloaded` and ends the thread. Called once at the most;
  // the destructor does it too.
  void Stop();

 private:
  // One credential to look at, and everybody who waits for it.
  struct Task {
    Fingerprint fingerprint;
    std::string token;
    std::string address;
    std::vector<Done> waiting;
  };

  // Takes `done` when it answers OK.
  absl::Status Enqueue(const Fingerprint& fingerprint, const BearerToken& token, std::string_view address,
                       Done& done);
  void Run();
  void Work(Task& task);
  Answer Examine(const Task& task);
  absl::StatusOr<std::vector<ApiClient>> LookUp(std::string_view client_id);
  Answer Refuse(const Task& task);
  void Recheck();
  static void AnswerAll(Task& task, const Answer& answer);

  static constexpr size_t kTasksMax = 1024;
  static constexpr size_t kWaitingMax = 16384;

  ApiClients& clients_;
  const AuthenticatorOptions options_;
  CredentialCache cache_;
  FailedAttempts failed_attempts_;
  metrics::Counter& verified_;
  metrics::Counter& refused_;
  metrics::Counter& unavailable_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Fingerprint> queue_ ABSL_GUARDED_BY(mutex_);
  // Also holds the one that is being looked at.
  std::map<Fingerprint, Task> tasks_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the thread alone.
  absl::Time away_until_ = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_ACCESS_AUTHENTICATOR_H_
