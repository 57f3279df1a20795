// Who a client is and where its node listens: the credential file that a node makes at first start.
//   {"rest_endpoint": "https://127.0.0.1:8443", "grpc_endpoint": "127.0.0.1:8444",
//    "ca_certificate": "<PEM, or path of a PEM file beside this one>",
//    "client_id": "admin", "secret": "…"}
#ifndef QUARTERMASTER_CLIENTS_CONNECTION_CREDENTIAL_H_
#define QUARTERMASTER_CLIENTS_CONNECTION_CREDENTIAL_H_

#include <string>

#include "absl/status/statusor.h"

namespace quartermaster::client {

struct Credential {
  std::string rest_endpoint;
  // "host:port", without a scheme.
  std::string grpc_endpoint;
  // PEM text. Empty only for a node that listens without TLS (tests).
  std::string ca_certificate_pem;
  std::string client_id;
  std::string secret;
};

// client.file_unreadable or client.credential_malformed; messages never show the secret.
absl::StatusOr<Credential> LoadCredential(const std::string& path);

// "https://host:port/" and "host:port" both name "host:port"; without a port it is 8444.
std::string EndpointAddress(std::string endpoint);

// client.usage "endpoint: got, want" for what names no host and port.
absl::Status CheckEndpointAddress(const std::string& address);

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_CONNECTION_CREDENTIAL_H_
