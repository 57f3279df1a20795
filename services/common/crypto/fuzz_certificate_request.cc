// Fuzz target: certificate requests from strangers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/common/crypto/certificate_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using quartermaster::crypto::CertificateRequest;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CertificateRequest::FromPem(bytes).status().IgnoreError();
  const auto request = CertificateRequest::FromDer(bytes);
  // What is accepted is accepted again from its own text.
  if (request.ok() && !CertificateRequest::FromPem(request->ToPem()).ok()) abort();
  return 0;
}
