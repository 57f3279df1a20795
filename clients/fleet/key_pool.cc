#include "clients/fleet/key_pool.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/fleet/parallel.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

std::string KeyPath(const std::string& directory, const FleetParameters& parameters, int64_t number) {
  return absl::StrCat(directory, "/keys/", std::string(SigningKindWord(parameters.signing)), "-", number,
                      ".pem");
}

absl::StatusOr<std::string> ReadOrMakeKey(const std::string& path, crypto::Algorithm algorithm) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return client::ReadFile(path);
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate(algorithm));
  const std::string pem = key.ToPem();
  RETURN_IF_ERROR(client::WriteFileAtomically(path, pem, 0600));
  return pem;
}

}  // namespace

absl::StatusOr<KeyPool> KeyPool::OpenOrCreate(const std::string& directory,
                                              const FleetParameters& parameters) {
  KeyPool pool;
  if (parameters.signing == agent::SigningKind::kBuiltin) {
    pool.signers_.push_back(agent::ReportSigner::Builtin());
    return pool;
  }
  if (parameters.signing == agent::SigningKind::kNone) {
    pool.signers_.push_back(agent::ReportSigner::None());
    return pool;
  }
  std::error_code error;
  std::filesystem::create_directories(directory + "/keys", error);
  if (error) return client::FileUnwritable(directory, error.message());
  const auto algorithm = parameters.signing == agent::SigningKind::kRsa ? crypto::Algorithm::kRsa2048Sha256
                                                                        : crypto::Algorithm::kEcdsaP256Sha256;
  RETURN_IF_ERROR(InOrder(
      parameters.keys,
      [&](int64_t number) { return ReadOrMakeKey(KeyPath(directory, parameters, number), algorithm); },
      [&](const std::string& pem) -> absl::Status {
        ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromPem(pem));
        pool.signers_.push_back(agent::ReportSigner::WithKey(key));
        pool.keys_.push_back(std::move(key));
        return absl::OkStatus();
      }));
  return pool;
}

}  // namespace quartermaster::fleet
