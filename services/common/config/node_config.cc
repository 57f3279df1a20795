#include "services/common/config/node_config.h"

#include <cstdio>
#include <cstdlib>

#include "services/common/config/config_errors.h"

namespace quartermaster::config {
namespace {

struct DefaultAddresses {
  std::string_view name;
  std::string_view listen;
  std::string_view metrics_listen;
};

// docs/architecture.md, "Processes and ports". The gateway has no internal listener.
constexpr DefaultAddresses kDefaultAddresses[] = {
    {"allinone", "", "127.0.0.1:9100"},
    {"ingest", "127.0.0.1:7101", "127.0.0.1:9101"},
    {"ledger", "127.0.0.1:7102", "127.0.0.1:9102"},
    {"authority", "127.0.0.1:7103", "127.0.0.1:9103"},
    {"gateway", "", "127.0.0.1:9104"},
};

const DefaultAddresses& DefaultsOf(std::string_view name) {
  for (const DefaultAddresses& addresses : kDefaultAddresses) {
    if (addresses.name == name) return addresses;
  }
  fprintf(stderr, "\"%.*s\" is no service\n", static_cast<int>(name.size()), name.data());
  abort();
}

}  // namespace

const SecretReference& ExternalDatabase::PasswordOf(std::string_view role) const {
  const auto own = passwords.find(role);
  return own != passwords.end() && own->second.is_set() ? own->second : password;
}

const ServiceConfig& NodeConfig::Service(std::string_view name) const {
  const auto found = services.find(name);
  if (found == services.end()) {
    fprintf(stderr, "\"%.*s\" is no service\n", static_cast<int>(name.size()), name.data());
    abort();
  }
  return found->second;
}

NodeConfig DefaultNodeConfig() {
  NodeConfig config;
  for (const char* name : {"ingest", "ledger", "authority", "gateway"}) config.services[name] = {};
  return config;
}

std::string_view DefaultListen(std::string_view service) { return DefaultsOf(service).listen; }

std::string_view DefaultMetricsListen(std::string_view process) { return DefaultsOf(process).metrics_listen; }

std::string ServiceAddress(const NodeConfig& config, std::string_view service) {
  const ServiceConfig& settings = config.Service(service);
  if (settings.address.has_value()) return *settings.address;
  return settings.listen.value_or(std::string(DefaultListen(service)));
}

}  // namespace quartermaster::config
