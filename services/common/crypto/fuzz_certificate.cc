// Fuzz target: certificates and PEM bundles from strangers.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/crypto/certificate_fixtures.h"

namespace quartermaster::crypto {
namespace {

void Use(const Certificate& certificate) {
  static const std::vector<Certificate> anchors = {*Certificate::FromPem(fixtures::kRootCaPem),
                                                   *Certificate::FromPem(fixtures::kDeviceCaPem)};
  static const TrustAnchors trust = *TrustAnchors::Create(anchors);
  certificate.Udi().status().IgnoreError();
  certificate.Key().status().IgnoreError();
  const std::vector<Certificate> itself = {certificate};
  trust.Verify(certificate, itself, absl::FromUnixSeconds(1'900'000'000)).IgnoreError();
}

}  // namespace
}  // namespace quartermaster::crypto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using quartermaster::crypto::Certificate;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto certificate = Certificate::FromDer(bytes); certificate.ok()) {
    quartermaster::crypto::Use(*certificate);
  }
  if (auto bundle = quartermaster::crypto::ParseCertificateBundle(bytes); bundle.ok()) {
    for (const auto& entry : *bundle) {
      if (entry.certificate.ok()) quartermaster::crypto::Use(*entry.certificate);
    }
  }
  return 0;
}
