// What the listeners need, wired with toys: real TLS, real credentials, no database.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_TESTING_FRONT_DOOR_H_
#define QUARTERMASTER_SERVICES_GATEWAY_TESTING_FRONT_DOOR_H_

#include <map>
#include <string>
#include <vector>

#include "services/gateway/access/admission.h"
#include "services/gateway/access/authenticator.h"
#include "services/gateway/methods/call_journal.h"
#include "services/gateway/methods/method_directory.h"
#include "services/gateway/proxy/grpc_listener.h"
#include "services/gateway/proxy/reflection.h"
#include "services/gateway/testing/toy_backend.h"
#include "services/gateway/tls/server_identity.h"
#include "services/gateway/upstream/upstreams.h"

namespace quartermaster::gateway {

inline constexpr char kAdministratorToken[] = "administrator.right-secret";
inline constexpr char kDeviceToken[] = "device.right-secret";

// Holds "administrator", "device" and "revoked", all with the secret "right-secret".
class ToyClients final : public ApiClients {
 public:
  ToyClients();
  absl::StatusOr<std::vector<ApiClient>> Find(const std::vector<std::string>& ids) override;
  void Revoke(const std::string& id);

 private:
  absl::Mutex mutex_;
  std::map<std::string, ApiClient> clients_ ABSL_GUARDED_BY(mutex_);
};

class FrontDoor {
 public:
  explicit FrontDoor(double calls_per_second_per_client = 100000,
                     Admission::Limits limits = Admission::Limits());
  ~FrontDoor();

  ProxySurroundings surroundings();
  // A gRPC channel over TLS to `port`; `peer_name` is checked against the certificate.
  std::shared_ptr<grpc::Channel> Connect(int port) const;
  std::string ca_pem() const;

  std::string directory;
  config::TlsFiles tls;
  ServerIdentityOptions identity;
  ToyBackend backend;
  ToyClients clients;
  metrics::Registry registry;
  MethodDirectory methods{PublicFiles()};
  Reflection reflection{methods};
  Admission admission;
  Authenticator authenticator;
  // A test that adds to it makes Upstreams of its own.
  rpc::LocalMethods local_methods{&registry, false};
  Upstreams upstreams;
  CallJournal journal;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_TESTING_FRONT_DOOR_H_
