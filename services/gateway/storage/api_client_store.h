// The table api_clients, which gateway writes.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_STORAGE_API_CLIENT_STORE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_STORAGE_API_CLIENT_STORE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/gateway/access/api_client.h"

namespace quartermaster::gateway {

// Thread-safe. Errors are those of pg::Pool.
class ApiClientStore final : public ApiClients {
 public:
  // `pool` outlives the store.
  explicit ApiClientStore(pg::Pool& pool) : pool_(pool) {}

  absl::StatusOr<std::vector<ApiClient>> Find(const std::vector<std::string>& client_ids) override;

  // Registers the client unless its id is taken, writes an audit row when it did, and answers who
  // has the id now. Safe to repeat.
  absl::StatusOr<ApiClient> AddIfAbsent(const ApiClient& client, absl::Time now);

  // Gives the client another secret, lifts its revocation and writes an audit row; false, and
  // nothing done, when its hash is no longer the one that `stands` has.
  absl::StatusOr<bool> ReplaceSecret(const ApiClient& stands, const std::string& secret_hash, absl::Time now);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_STORAGE_API_CLIENT_STORE_H_
