// The certificate that the listeners show. Without configured files the node makes itself a CA and a
// server certificate at the first start and renews the latter in good time.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_TLS_SERVER_IDENTITY_H_
#define QUARTERMASTER_SERVICES_GATEWAY_TLS_SERVER_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/config/tls_files.h"

namespace quartermaster::gateway {

struct ServerIdentityOptions {
  // <data_directory>/tls.
  std::string directory;
  // Set: these are used, and nothing is made. Their ca_file is what clients check them by.
  config::TlsFiles configured;
  // Names and addresses beside localhost, 127.0.0.1, ::1 and the host name.
  std::vector<std::string> names;
  // Whose CA it is, for people.
  std::string node_name;
};

// Issued again when less than this is left.
inline constexpr absl::Duration kRenewBefore = absl::Hours(24 * 30);

// The files to serve with; ca_file may be empty where configured files name none. Makes
// ca.pem, ca.key, server.pem and server.key (keys 0600) where they are not there, issues server.pem
// again when it runs out, lacks a name, or is not the CA's; the key stays, so that watchers of the
// files never see a pair that does not match. Processes that share the directory take turns.
// `now` is the machine's time, because that is what TLS clients check by.
// `gateway.tls_files_unusable`, `gateway.file_unusable`.
absl::StatusOr<config::TlsFiles> EnsureServerIdentity(const ServerIdentityOptions& options, absl::Time now);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_TLS_SERVER_IDENTITY_H_
