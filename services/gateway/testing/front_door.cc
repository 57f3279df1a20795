#include "services/gateway/testing/front_door.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "services/gateway/domain/secret_hash.h"
#include "services/gateway/files/private_files.h"

namespace quartermaster::gateway {
namespace {

std::string NewDirectory() {
  std::string name = ::testing::TempDir() + "/front-door-XXXXXX";
  return mkdtemp(name.data());
}

}  // namespace

ToyClients::ToyClients() {
  const std::string hash = HashSecret("right-secret");
  clients_["administrator"] = {"administrator", "administrator", "corp.example.com", hash, false};
  clients_["device"] = {"device", "device", "", hash, false};
  clients_["revoked"] = {"revoked", "administrator", "", hash, true};
}

absl::StatusOr<std::vector<ApiClient>> ToyClients::Find(const std::vector<std::string>& ids) {
  absl::MutexLock lock(&mutex_);
  std::vector<ApiClient> found;
  for (const std::string& id : ids) {
    if (const auto client = clients_.find(id); client != clients_.end()) {
      found.push_back(client->second);
    }
  }
  return found;
}

void ToyClients::Revoke(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  clients_[id].revoked = true;
}

FrontDoor::FrontDoor(double calls_per_second_per_client, Admission::Limits limits)
    : directory(NewDirectory()),
      admission(limits),
      authenticator(clients, registry,
                    {.calls_per_second_per_client = calls_per_second_per_client,
                     .recheck_interval = absl::Milliseconds(100)}),
      upstreams(
          methods, [this](std::string_view) { return backend.channel(); }, local_methods),
      journal(methods, registry, false) {
  identity.directory = directory + "/tls";
  identity.node_name = "test";
  tls = *EnsureServerIdentity(identity, absl::Now());
}

FrontDoor::~FrontDoor() { std::filesystem::remove_all(directory); }

ProxySurroundings FrontDoor::surroundings() {
  return {methods, authenticator, admission, upstreams, journal, reflection, absl::Seconds(30)};
}

std::string FrontDoor::ca_pem() const { return *ReadWholeFile(tls.ca_file); }

std::shared_ptr<grpc::Channel> FrontDoor::Connect(int port) const {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_pem();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::SslCredentials(options),
                                   arguments);
}

}  // namespace quartermaster::gateway
