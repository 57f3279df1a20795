#include <postgresql/libpq-fe.h>

#include <memory>
#include <string>

#include "services/common/config/addresses.h"
#include "services/common/config/schema.h"

namespace quartermaster::config {
namespace {

// A certificate without its key is as good as none.
void CheckPair(const std::string& prefix, const TlsFiles& tls, Reading& reading) {
  if (tls.certificate_file.empty() == tls.key_file.empty()) return;
  const bool no_key = tls.key_file.empty();
  reading.Refuse(reading.LineOf(prefix + (no_key ? "certificate_file" : "key_file")),
                 prefix + (no_key ? "key_file" : "certificate_file"), "nothing",
                 "both certificate_file and key_file, or neither");
}

void CheckListeners(const NodeConfig& config, Reading& reading) {
  const TlsFiles& tls = config.internal_tls;
  const bool mutual = tls.is_set() && !tls.key_file.empty() && !tls.ca_file.empty();
  const auto check_metrics = [&](const std::string& path, const std::string& address) {
    if (IsLoopback(address) || config.metrics.token.is_set()) return;
    reading.Refuse(reading.LineOf(path), path, "\"" + address + "\"",
                   "a loopback address, or metrics.token set");
  };
  for (const auto& [name, service] : config.services) {
    const std::string path = "services." + name + ".";
    if (service.listen.has_value() && !IsLoopback(*service.listen) && !mutual) {
      reading.Refuse(reading.LineOf(path + "listen"), path + "listen", "\"" + *service.listen + "\"",
                     "a loopback address, or internal_tls with certificate_file, key_file and "
                     "ca_file");
    }
    if (service.address.has_value() && !IsLoopback(*service.address) && !mutual) {
      reading.Refuse(reading.LineOf(path + "address"), path + "address", "\"" + *service.address + "\"",
                     "a loopback address, or internal_tls with certificate_file, key_file and "
                     "ca_file");
    }
    if (service.metrics_listen.has_value()) {
      check_metrics(path + "metrics_listen", *service.metrics_listen);
    }
  }
  check_metrics("metrics.listen", config.metrics.listen);
}

// Credentials in a connection string would be credentials in the file.
void CheckConnectionString(const ExternalDatabase& external, Reading& reading) {
  const std::string path = "database.external.connection_string";
  if (external.connection_string.empty()) {
    return reading.Refuse(reading.LineOf("database.external"), path, "nothing", "libpq keywords or a URI");
  }
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(external.connection_string.c_str(), &why), &PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> why_owner(why, &PQfreemem);
  if (options == nullptr) {
    // libpq's own words may repeat a mistyped password.
    return reading.Refuse(reading.LineOf(path), path, "text that libpq cannot read",
                          "libpq keywords or a URI");
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string keyword = option->keyword;
    if (option->val != nullptr && (keyword == "password" || keyword == "user")) {
      reading.Refuse(reading.LineOf(path), path, "a " + keyword,
                     "none: users are <user_prefix><service>, passwords stand in files or the "
                     "environment");
    }
  }
}

}  // namespace

void CheckTogether(const Draft& draft, Reading& reading) {
  const NodeConfig& config = draft.config;
  CheckPair("internal_tls.", config.internal_tls, reading);
  CheckPair("gateway.tls.", config.gateway.tls, reading);
  CheckListeners(config, reading);
  if (config.gateway.rest_listen == config.gateway.grpc_listen) {
    reading.Refuse(reading.LineOf("gateway.grpc_listen"), "gateway.grpc_listen",
                   "\"" + config.gateway.grpc_listen + "\"", "another address than gateway.rest_listen");
  }
  if (!reading.IsSet("database.external")) return;
  CheckConnectionString(draft.external, reading);
  if (reading.IsSet("database.embedded")) {
    reading.Refuse(reading.LineOf("database.embedded"), "database.embedded", "a second kind of database",
                   "either database.embedded or database.external");
  }
}

}  // namespace quartermaster::config
