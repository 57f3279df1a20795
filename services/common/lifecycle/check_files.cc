#include "services/common/lifecycle/check_files.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/log/secret.h"
#include "services/common/rpc/pem_files.h"

namespace quartermaster {
namespace {

class Check {
 public:
  void Secret(std::string_view field, const config::SecretReference& secret) {
    if (secret.is_set()) Note(field, secret.Read().status());
  }
  void AdministratorSecret(const config::GatewayConfig& gateway) {
    if (!gateway.administrator_secret.is_set()) return;
    Note("gateway.administrator_secret", gateway.ReadAdministratorSecret().status());
  }
  void KeyEncryptionKey(const config::SecretReference& secret) {
    if (!secret.is_set()) return;
    const absl::StatusOr<log::Secret> text = secret.Read();
    Note("key_encryption_key",
         text.ok() ? crypto::KeyEncryptionKey::FromText(text->Reveal()).status() : text.status());
  }
  void Tls(std::string_view field, const config::TlsFiles& files) {
    if (files.is_set()) Note(field, rpc::ReadPemFiles(files).status());
  }
  std::vector<std::string> mistakes;

 private:
  void Note(std::string_view field, const absl::Status& status) {
    if (status.ok()) return;
    mistakes.push_back(absl::StrCat(absl::string_view(field.data(), field.size()), ": ", status.message()));
  }
};

}  // namespace

std::vector<std::string> CheckFiles(const config::NodeConfig& config,
                                    const std::set<std::string, std::less<>>& services) {
  Check check;
  check.Tls("internal_tls", config.internal_tls);
  check.Secret("metrics.token", config.metrics.token);
  if (services.contains("gateway")) {
    check.Tls("gateway.tls", config.gateway.tls);
    check.AdministratorSecret(config.gateway);
  }
  if (services.contains("authority") || services.contains("ledger")) {
    check.KeyEncryptionKey(config.key_encryption_key);
  }
  if (!config.database.external.has_value()) return std::move(check.mistakes);
  std::set<std::string, std::less<>> roles = services;
  if (config.database.external->migrate_at_start) roles.insert("owner");
  for (const std::string& role : roles) {
    check.Secret(absl::StrCat("database.external, password of ", role),
                 config.database.external->PasswordOf(role));
  }
  return std::move(check.mistakes);
}

}  // namespace quartermaster
