// An API client as it is registered, and where such clients are kept.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_ACCESS_API_CLIENT_H_
#define QUARTERMASTER_SERVICES_GATEWAY_ACCESS_API_CLIENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::gateway {

struct ApiClient {
  std::string client_id;
  // As stored; may be a word that this version does not know.
  std::string role;
  std::string smart_account;
  // Argon2id, see domain/secret_hash.h.
  std::string secret_hash;
  bool revoked = false;
};

// Implementations are thread-safe and answer within a few seconds, with an error if need be.
class ApiClients {
 public:
  virtual ~ApiClients() = default;
  // Those of `client_ids` that exist, revoked ones included, in any order.
  virtual absl::StatusOr<std::vector<ApiClient>> Find(const std::vector<std::string>& client_ids) = 0;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_ACCESS_API_CLIENT_H_
