#include "services/gateway/access/credential_cache.h"

#include <algorithm>
#include <map>
#include <set>

namespace quartermaster::gateway {
namespace {

constexpr int64_t kInUseWithinNs = 60'000'000'000;

}  // namespace

bool StillStands(const KnownClient& client, const ApiClient& row) {
  return !row.revoked && row.secret_hash == client.secret_hash && ParseRole(row.role) == client.caller.role &&
         row.smart_account == client.caller.smart_account;
}

CredentialCache::Found CredentialCache::Find(const Fingerprint& fingerprint, int64_t now_ns) {
  absl::ReaderMutexLock lock(&mutex_);
  if (const auto known = known_.find(fingerprint); known != known_.end()) {
    KnownClient& client = *known->second;
    client.used_at_ns.store(now_ns, std::memory_order_relaxed);
    if (now_ns - client.checked_at_ns.load(std::memory_order_relaxed) <= kFreshForNs) {
      return known->second;
    }
    return Stale{known->second};
  }
  const auto refused = refused_at_ns_.find(fingerprint);
  if (refused != refused_at_ns_.end() && now_ns - refused->second <= kRefusedForNs) {
    return Refused{};
  }
  return Unknown{};
}

void CredentialCache::Remember(const Fingerprint& fingerprint, KnownClientPtr client, int64_t now_ns) {
  client->checked_at_ns.store(now_ns, std::memory_order_relaxed);
  client->used_at_ns.store(now_ns, std::memory_order_relaxed);
  absl::MutexLock lock(&mutex_);
  // Past this many clients starting anew is cheaper than being clever.
  if (known_.size() >= kClientsMax) known_.clear();
  refused_at_ns_.erase(fingerprint);
  known_[fingerprint] = std::move(client);
}

void CredentialCache::RememberRefusal(const Fingerprint& fingerprint, int64_t now_ns) {
  absl::MutexLock lock(&mutex_);
  known_.erase(fingerprint);
  if (refused_at_ns_.size() >= kRefusedMax) {
    std::erase_if(refused_at_ns_, [&](const auto& entry) { return now_ns - entry.second > kRefusedForNs; });
    if (refused_at_ns_.size() >= kRefusedMax) refused_at_ns_.clear();
  }
  refused_at_ns_[fingerprint] = now_ns;
}

std::vector<std::string> CredentialCache::ClientsInUse(int64_t now_ns) const {
  std::set<std::string> ids;
  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [fingerprint, client] : known_) {
    if (now_ns - client->used_at_ns.load(std::memory_order_relaxed) <= kInUseWithinNs) {
      ids.insert(client->caller.client_id);
    }
  }
  return {ids.begin(), ids.end()};
}

void CredentialCache::Update(const std::vector<std::string>& asked, const std::vector<ApiClient>& rows,
                             int64_t now_ns) {
  std::map<std::string_view, const ApiClient*> by_id;
  for (const std::string& id : asked) by_id[id] = nullptr;
  for (const ApiClient& row : rows) by_id[row.client_id] = &row;
  absl::MutexLock lock(&mutex_);
  std::erase_if(known_, [&](auto& entry) {
    KnownClient& client = *entry.second;
    if (now_ns - client.used_at_ns.load(std::memory_order_relaxed) > kForgetUnusedAfterNs) {
      return true;
    }
    const auto found = by_id.find(client.caller.client_id);
    if (found == by_id.end()) return false;
    if (found->second == nullptr || !StillStands(client, *found->second)) return true;
    client.checked_at_ns.store(now_ns, std::memory_order_relaxed);
    return false;
  });
}

}  // namespace quartermaster::gateway
