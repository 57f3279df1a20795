// Says whether a certificate can be trusted: whether its chain ends in one of a set of CAs.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_CHAIN_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_CHAIN_H_

#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate.h"

typedef struct x509_store_st X509_STORE;

namespace quartermaster::crypto {

// A set of trusted CAs. Immutable; Verify is thread-safe. Verify costs one signature check per link.
class TrustAnchors {
 public:
  // Every anchor must be a CA certificate; an intermediate one ends the chain as well as a root.
  // An empty set is allowed and trusts nothing.
  static absl::StatusOr<TrustAnchors> Create(std::span<const Certificate> anchors);

  // OK when `certificate` is signed by an anchor, or through `intermediates` (whose order does not
  // matter) by one, every certificate of the chain, the anchor included, is valid at `at` give or
  // take kClockSkewMax, and no key or digest is weaker than 112 bits (no SHA-1).
  // `crypto.certificate_expired`, `…_not_yet_valid`, `…_untrusted`; names the certificate at fault.
  absl::Status Verify(const Certificate& certificate, std::span<const Certificate> intermediates,
                      absl::Time at) const;

  bool empty() const { return count_ == 0; }

 private:
  TrustAnchors() = default;
  std::shared_ptr<X509_STORE> store_;
  size_t count_ = 0;
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_CHAIN_H_
