// Fuzz target: request files and codes of authorizations from strangers, and what stands in them past the
// signature. Read or refused with a reason, never a crash.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "services/common/crypto/authorization_file.h"
#include "services/common/crypto/authorization_payload.h"
#include "services/common/crypto/certificate_fixtures.h"
#include "services/common/errors/error.h"
#include "services/ledger/domain/authorization_request_file.h"

namespace quartermaster {
namespace {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

const crypto::AuthorizationVerifier& Verifier() {
  static const std::vector<crypto::Certificate> pinned = {
      *crypto::Certificate::FromPem(crypto::fixtures::kRootCaPem)};
  static const crypto::AuthorizationVerifier verifier = *crypto::AuthorizationVerifier::Create(pinned);
  return verifier;
}

void CheckRequests(std::string_view bytes) {
  const auto requests = ledger::ReadAuthorizationRequestFile(bytes);
  if (!requests.ok()) {
    Check(errors::ErrorId(requests.status()) == "ledger.authorization_file_malformed",
          "a refusal has its reason");
    return;
  }
  Check(!requests->empty() && requests->size() <= ledger::kAuthorizationRequestsMax, "as many as may be");
}

}  // namespace
}  // namespace quartermaster

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace quartermaster;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckRequests(bytes);
  const auto code = Verifier().Verify(bytes, {{"C8500", "JAE1"}, absl::FromUnixSeconds(1'900'000'000)});
  Check(!code.ok(), "nobody can sign for the fixture's CA");
  for (const auto& parsed :
       {crypto::ParseAuthorizationPayload(bytes), crypto::ParseReservation(bytes, "P:C8500,S:JAE1,U:"),
        crypto::ParseReservation("<authorizationCode></authorizationCode>", bytes)}) {
    if (!parsed.ok()) {
      Check(errors::ErrorId(parsed.status()) == "crypto.authorization_code_malformed",
            "a refusal has its reason");
      continue;
    }
    Check(!parsed->entitlements.empty() && parsed->proofs.removal_code.size() == 19, "a code says something");
    for (const auto& one : parsed->entitlements) Check(one.count >= 1, "of each at least one");
  }
  return 0;
}
