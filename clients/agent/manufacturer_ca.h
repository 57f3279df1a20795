// The maker of simulated product instances: a CA whose certificates are installed in the factory.
#ifndef QUARTERMASTER_CLIENTS_AGENT_MANUFACTURER_CA_H_
#define QUARTERMASTER_CLIENTS_AGENT_MANUFACTURER_CA_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/agent/report_content.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::agent {

// Immutable; thread-safe.
class ManufacturerCa {
 public:
  // Reads manufacturer-ca.pem and manufacturer-ca-key.pem of `directory`; makes them (P-256, 30
  // years) when they are not there.
  static absl::StatusOr<ManufacturerCa> OpenOrCreate(const std::string& directory, absl::Time now);

  // Valid from a day before `now`, for 15 years.
  absl::StatusOr<crypto::Certificate> Issue(const crypto::PublicKey& key, const Udi& udi,
                                            absl::Time now) const;
  const crypto::Certificate& certificate() const { return authority_.certificate(); }

 private:
  explicit ManufacturerCa(crypto::CertificateAuthority authority) : authority_(std::move(authority)) {}

  crypto::CertificateAuthority authority_;
};

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_MANUFACTURER_CA_H_
