#include "clients/agent/manufacturer_ca.h"

#include <filesystem>
#include <utility>

#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

constexpr absl::Duration kYear = absl::Hours(24 * 365);

}  // namespace

absl::StatusOr<ManufacturerCa> ManufacturerCa::OpenOrCreate(const std::string& directory, absl::Time now) {
  const std::filesystem::path folder(directory);
  const std::string certificate_file = (folder / "manufacturer-ca.pem").string();
  const std::string key_file = (folder / "manufacturer-ca-key.pem").string();
  std::error_code error;
  if (std::filesystem::exists(certificate_file, error)) {
    ASSIGN_OR_RETURN(const std::string certificate_pem, client::ReadFile(certificate_file));
    ASSIGN_OR_RETURN(const std::string key_pem, client::ReadFile(key_file));
    ASSIGN_OR_RETURN(auto certificate, crypto::Certificate::FromPem(certificate_pem));
    ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromPem(key_pem));
    ASSIGN_OR_RETURN(auto authority,
                     crypto::CertificateAuthority::Open(std::move(key), std::move(certificate)));
    return ManufacturerCa(std::move(authority));
  }
  std::filesystem::create_directories(folder, error);
  if (error) return client::FileUnwritable(directory, error.message());
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256));
  ASSIGN_OR_RETURN(auto authority,
                   crypto::CertificateAuthority::Create(key, "Quartermaster Example Manufacturer CA",
                                                        {now - kYear, now + 30 * kYear}));
  RETURN_IF_ERROR(client::WriteFileAtomically(key_file, key.ToPem(), 0600));
  RETURN_IF_ERROR(client::WriteFileAtomically(certificate_file, authority.certificate().ToPem()));
  return ManufacturerCa(std::move(authority));
}

absl::StatusOr<crypto::Certificate> ManufacturerCa::Issue(const crypto::PublicKey& key, const Udi& udi,
                                                          absl::Time now) const {
  return authority_.IssueProductInstance(key, {udi.product_id, udi.serial_number},
                                         {now - absl::Hours(24), now + 15 * kYear});
}

}  // namespace quartermaster::agent
