#include "services/gateway/access/authenticator.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/time/clock.h"
#include "services/common/log/log.h"
#include "services/gateway/domain/monotonic_time.h"
#include "services/gateway/domain/secret_hash.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

const metrics::CounterSpec kCredentials =
    metrics::DeclareCounter("quartermaster_gateway_credentials_total",
                            "Credentials that were not in memory and were looked at, by result.", {"result"});

Fingerprint FingerprintOf(std::string_view token) {
  Fingerprint fingerprint;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), fingerprint.data());
  return fingerprint;
}

absl::Status NotValid() {
  return Unauthenticated("authorization: got a credential that is not valid, want a valid one");
}
absl::Status Missing() {
  return Unauthenticated("authorization: got none, want \"Bearer <client id>.<secret>\"");
}

}  // namespace

Authenticator::Authenticator(ApiClients& clients, metrics::Registry& registry, AuthenticatorOptions options)
    : clients_(clients),
      options_(options),
      verified_(registry.Get(kCredentials, {"verified"})),
      refused_(registry.Get(kCredentials, {"refused"})),
      unavailable_(registry.Get(kCredentials, {"unavailable"})),
      thread_([this] { Run(); }) {}

Authenticator::~Authenticator() { Stop(); }

std::optional<Authenticator::Answer> Authenticator::FromMemory(std::string_view authorization_header) {
  const std::optional<BearerToken> token = ParseBearerToken(authorization_header);
  if (!token.has_value()) return Missing();
  const CredentialCache::Found found = cache_.Find(FingerprintOf(token->whole), MonotonicNs());
  if (const auto* client = std::get_if<KnownClientPtr>(&found)) return *client;
  if (std::holds_alternative<CredentialCache::Refused>(found)) return NotValid();
  return std::nullopt;
}

void Authenticator::Verify(std::string_view authorization_header, std::string_view address, Done done) {
  const std::optional<BearerToken> token = ParseBearerToken(authorization_header);
  if (!token.has_value()) return done(Missing());
  const Fingerprint fingerprint = FingerprintOf(token->whole);
  absl::Status refusal = Enqueue(fingerprint, *token, address, done);
  if (!refusal.ok()) done(std::move(refusal));
}

absl::Status Authenticator::Enqueue(const Fingerprint& fingerprint, const BearerToken& token,
                                    std::string_view address, Done& done) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || waiting_ >= kWaitingMax) {
    return Overloaded("credentials: got more calls than can wait for them to be checked, want a retry");
  }
  auto task = tasks_.find(fingerprint);
  if (task == tasks_.end()) {
    if (tasks_.size() >= kTasksMax)
      return Overloaded("credentials: got more than can wait to be checked, want a retry");
    const absl::Duration wait = failed_attempts_.Begin(address, MonotonicNs());
    if (wait > absl::ZeroDuration()) return TooManyFailedAttempts(wait);
    task = tasks_.emplace(fingerprint, Task{fingerprint, std::string(token.whole), std::string(address), {}})
               .first;
    queue_.push_back(fingerprint);
  }
  task->second.waiting.push_back(std::move(done));
  ++waiting_;
  return absl::OkStatus();
}

void Authenticator::Run() {
  const log::ServiceScope service("gateway");
  absl::Time recheck_at = absl::Now() + options_.recheck_interval;
  while (true) {
    Task* task = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      auto something_to_do = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !queue_.empty();
      };
      mutex_.AwaitWithDeadline(absl::Condition(&something_to_do), recheck_at);
      if (stopping_) break;
      if (!queue_.empty()) {
        task = &tasks_.find(queue_.front())->second;
        queue_.pop_front();
      }
    }
    if (task != nullptr) Work(*task);
    if (const absl::Time now = absl::Now();
        now >= recheck_at || recheck_at - now > options_.recheck_interval) {
      Recheck();
      recheck_at = absl::Now() + options_.recheck_interval;
    }
  }
}

void Authenticator::Work(Task& task) {
  const Answer answer = Examine(task);
  if (!absl::IsUnauthenticated(answer.status())) failed_attempts_.Forgive(task.address);
  Task answered;
  {
    absl::MutexLock lock(&mutex_);
    // Whoever joined meanwhile is answered too.
    answered = std::move(task);
    tasks_.erase(answered.fingerprint);
    waiting_ -= answered.waiting.size();
  }
  AnswerAll(answered, answer);
}

void Authenticator::AnswerAll(Task& task, const Answer& answer) {
  for (Done& done : task.waiting) done(answer);
}

absl::StatusOr<std::vector<ApiClient>> Authenticator::LookUp(std::string_view client_id) {
  if (absl::Now() < away_until_) return absl::UnavailableError("the database was away a moment ago");
  absl::StatusOr<std::vector<ApiClient>> rows = clients_.Find({std::string(client_id)});
  if (!rows.ok()) {
    away_until_ = absl::Now() + options_.away_for;
    log::Warning("credentials cannot be checked", {{"error", rows.status()}});
  }
  return rows;
}

Authenticator::Answer Authenticator::Examine(const Task& task) {
  const std::string header = "Bearer " + task.token;
  const std::optional<BearerToken> token = ParseBearerToken(header);
  const absl::StatusOr<std::vector<ApiClient>> rows = LookUp(token->client_id);
  if (!rows.ok()) {
    unavailable_.Increment();
    return CredentialsUnavailable("database: got no connection to check the credential, want one");
  }
  const int64_t now_ns = MonotonicNs();
  const ApiClient* row = rows->empty() ? nullptr : &rows->front();
  const CredentialCache::Found found = cache_.Find(task.fingerprint, now_ns);
  if (const auto* stale = std::get_if<CredentialCache::Stale>(&found);
      stale != nullptr && row != nullptr && StillStands(*stale->client, *row)) {
    cache_.Remember(task.fingerprint, stale->client, now_ns);
    return stale->client;
  }
  if (row == nullptr) {
    PretendToMatch(token->secret);
    return Refuse(task);
  }
  const bool matches = SecretMatches(row->secret_hash, token->secret);
  const std::optional<Role> role = ParseRole(row->role);
  if (!matches || row->revoked || !role.has_value()) return Refuse(task);
  auto client = std::make_shared<KnownClient>(Caller{row->client_id, *role, row->smart_account},
                                              row->secret_hash, options_.calls_per_second_per_client,
                                              options_.calls_under_way_per_client_max);
  cache_.Remember(task.fingerprint, client, now_ns);
  verified_.Increment();
  return client;
}

Authenticator::Answer Authenticator::Refuse(const Task& task) {
  cache_.RememberRefusal(task.fingerprint, MonotonicNs());
  refused_.Increment();
  log::Warning("credential refused", {{"peer", task.address}});
  return NotValid();
}

void Authenticator::Recheck() {
  const std::vector<std::string> ids = cache_.ClientsInUse(MonotonicNs());
  absl::StatusOr<std::vector<ApiClient>> rows = std::vector<ApiClient>();
  if (!ids.empty()) rows = clients_.Find(ids);
  if (!rows.ok()) {
    // What is known stands until it is too old (CredentialCache::kFreshForNs).
    log::Warning("credentials cannot be rechecked", {{"error", rows.status()}});
    return;
  }
  cache_.Update(ids, *rows, MonotonicNs());
}

void Authenticator::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  std::map<Fingerprint, Task> left;
  {
    absl::MutexLock lock(&mutex_);
    left.swap(tasks_);
    queue_.clear();
    waiting_ = 0;
  }
  for (auto& [fingerprint, task] : left)
    AnswerAll(task, Overloaded("gateway: got a call while it stops, want a retry"));
}

}  // namespace quartermaster::gateway
