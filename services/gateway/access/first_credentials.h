// The credentials that a new node begins with: one administrator, one for devices. Each is written
// to a file that only the node's user may read; the database keeps a hash.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_ACCESS_FIRST_CREDENTIALS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_ACCESS_FIRST_CREDENTIALS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/log/secret.h"
#include "services/gateway/domain/caller.h"
#include "services/gateway/storage/api_client_store.h"

namespace quartermaster::gateway {

// How clients find this node; the credential files say so too.
struct NodeEndpoints {
  std::string rest;                 // "https://127.0.0.1:8443"
  std::string grpc;                 // "127.0.0.1:8444"
  std::string ca_certificate_file;  // PEM that the server's certificate is checked by
};

// Makes <directory>/<role>.json with client id <role> unless the database has that client already:
//   {"rest_endpoint", "grpc_endpoint", "ca_certificate" (PEM), "ca_certificate_file" (path),
//    "client_id", "secret"}
// A file that is there keeps its secret; its endpoints and CA are brought up to date. Its client is
// added again where the database is a new one.
//
// Nothing is lost whenever the process ends: the secret is on the disk (<role>.json.pending) before
// its hash is in the database, and gets its name when the database has it. Of several nodes with one
// database the first to insert wins; the others leave no file. Processes that share a directory
// take turns.
absl::Status EnsureFirstCredential(ApiClientStore& clients, const std::string& directory, Role role,
                                   const NodeEndpoints& endpoints, absl::Time now);

// The same file for an administrator whose secret the configuration brings, at every start: the
// client is made where it is not there, and gets this secret where it has another. A revocation
// stands as long as the secret is the one that was revoked. Nodes with the same secret may start
// together; of nodes with different ones the last wins.
absl::Status EnsureAdministrator(ApiClientStore& clients, const std::string& directory,
                                 const log::Secret& secret, const NodeEndpoints& endpoints, absl::Time now);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_ACCESS_FIRST_CREDENTIALS_H_
