// The JSON inside an acknowledgement or policy file: envelopes (payload and signature) and the payloads.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_PAYLOAD_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_PAYLOAD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/crypto/acknowledgement_file.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {

struct SignedEnvelope {
  // The bytes that were signed, after the prefix.
  std::string payload;
  Algorithm algorithm = Algorithm::kEcdsaP256Sha256;
  std::string key_id;
  std::string signature;
  // The signer's, then its issuers'.
  std::vector<Certificate> certificates;
};

// All of them: `crypto.acknowledgement_file_malformed` with the field, what it is and what it must be.
absl::StatusOr<SignedEnvelope> ParseSignedEnvelope(std::string_view json);
// Fills everything but `policy`.
absl::Status ParseAcknowledgementPayload(std::string_view json, AcknowledgementFile& file);
// Fills `policy`. The payload must name the product instance and sequence that stand in `file`.
absl::Status ParsePolicyPayload(std::string_view json, AcknowledgementFile& file);
// The same payload in a file of its own.
absl::Status ParsePolicyFilePayload(std::string_view json, PolicyFile& file);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_PAYLOAD_H_
