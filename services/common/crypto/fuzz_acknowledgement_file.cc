// Fuzz target: acknowledgement files from strangers, and the JSON inside them past the signature.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "services/common/crypto/acknowledgement_file.h"
#include "services/common/crypto/acknowledgement_payload.h"
#include "services/common/crypto/certificate_fixtures.h"

namespace quartermaster::crypto {
namespace {

const AcknowledgementVerifier& Verifier() {
  static const std::vector<Certificate> pinned = {*Certificate::FromPem(fixtures::kRootCaPem)};
  static const AcknowledgementVerifier verifier = *AcknowledgementVerifier::Create(pinned);
  return verifier;
}

}  // namespace
}  // namespace quartermaster::crypto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace crypto = quartermaster::crypto;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  crypto::Verifier()
      .Verify(bytes, {{"C9300-24UX", "FOC2233X0AB"}, 0, absl::FromUnixSeconds(1'900'000'000)})
      .status()
      .IgnoreError();
  crypto::Verifier()
      .VerifyPolicy(bytes, {{"C9300-24UX", "FOC2233X0AB"}, 0, absl::FromUnixSeconds(1'900'000'000)})
      .status()
      .IgnoreError();
  crypto::ParseSignedEnvelope(bytes).status().IgnoreError();
  crypto::AcknowledgementFile file;
  crypto::ParseAcknowledgementPayload(bytes, file).IgnoreError();
  crypto::ParsePolicyPayload(bytes, file).IgnoreError();
  crypto::PolicyFile policy;
  crypto::ParsePolicyFilePayload(bytes, policy).IgnoreError();
  return 0;
}
