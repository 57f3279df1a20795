#include "services/common/crypto/certificate_chain.h"

#include <openssl/x509_vfy.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/openssl_pointers.h"

namespace quartermaster::crypto {
namespace {

// Longer than any real chain of devices; bounds the work that a stranger can ask for.
constexpr int kChainDepthMax = 8;
// OpenSSL's level of at least 112 bits: RSA from 2,048 bits, no SHA-1.
constexpr int kAuthenticationLevel = 2;

// Called by OpenSSL for each flaw: lets a flaw of time pass within the clock skew.
int AllowClockSkew(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  const int error = X509_STORE_CTX_get_error(context);
  if (error != X509_V_ERR_CERT_NOT_YET_VALID && error != X509_V_ERR_CERT_HAS_EXPIRED) return 0;
  const auto* at = static_cast<const absl::Time*>(X509_STORE_CTX_get_app_data(context));
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  time_t border = error == X509_V_ERR_CERT_NOT_YET_VALID ? absl::ToTimeT(*at + kClockSkewMax)
                                                         : absl::ToTimeT(*at - kClockSkewMax);
  const bool within = error == X509_V_ERR_CERT_NOT_YET_VALID
                          ? X509_cmp_time(X509_get0_notBefore(certificate), &border) < 0
                          : X509_cmp_time(X509_get0_notAfter(certificate), &border) > 0;
  if (!within) return 0;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

absl::Status RefusalOf(X509_STORE_CTX* context, const Certificate& certificate) {
  const int error = X509_STORE_CTX_get_error(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  const std::string where = depth == 0
                                ? absl::StrCat("certificate of ", certificate.subject())
                                : absl::StrCat("certificate ", depth, " steps above ", certificate.subject());
  ERR_clear_error();
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return CertificateExpired(absl::StrCat(where, ": has expired"));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateNotYetValid(absl::StrCat(where, ": is not yet valid"));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return CertificateUntrusted(absl::StrCat(where, ": got issuer ", certificate.issuer(),
                                               ", want a chain that ends in an imported CA"));
    default:
      return CertificateUntrusted(absl::StrCat(where, ": ", X509_verify_cert_error_string(error)));
  }
}

void Configure(X509_VERIFY_PARAM* parameters, absl::Time at) {
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(at));
  X509_VERIFY_PARAM_set_depth(parameters, kChainDepthMax);
  X509_VERIFY_PARAM_set_auth_level(parameters, kAuthenticationLevel);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
  // An anchor need not be a root.
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
}

}  // namespace

absl::StatusOr<TrustAnchors> TrustAnchors::Create(std::span<const Certificate> anchors) {
  TrustAnchors result;
  result.store_ = std::shared_ptr<X509_STORE>(X509_STORE_new(), &X509_STORE_free);
  for (const Certificate& anchor : anchors) {
    if (!anchor.is_ca()) {
      return CertificateUntrusted(
          absl::StrCat("anchor ", anchor.subject(), ": got no CA certificate, want basicConstraints CA"));
    }
    if (X509_STORE_add_cert(result.store_.get(), anchor.get()) != 1) {
      return CertificateMalformed(absl::StrCat("anchor ", anchor.subject(), ": ", TakeOpenSslError()));
    }
    ++result.count_;
  }
  return result;
}

absl::Status TrustAnchors::Verify(const Certificate& certificate, std::span<const Certificate> intermediates,
                                  absl::Time at) const {
  const X509StackPointer untrusted(sk_X509_new_null());
  // Owned by `intermediates`; the stack only borrows.
  for (const Certificate& intermediate : intermediates) {
    if (sk_X509_push(untrusted.get(), intermediate.get()) <= 0) {
      return absl::InternalError("certificate chain: out of memory");
    }
  }
  const X509StoreContextPointer context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store_.get(), certificate.get(), untrusted.get()) != 1) {
    return absl::InternalError(absl::StrCat("certificate chain: ", TakeOpenSslError()));
  }
  Configure(X509_STORE_CTX_get0_param(context.get()), at);
  X509_STORE_CTX_set_app_data(context.get(), &at);
  X509_STORE_CTX_set_verify_cb(context.get(), &AllowClockSkew);
  if (X509_verify_cert(context.get()) == 1 && X509_STORE_CTX_get_error(context.get()) == X509_V_OK) {
    return absl::OkStatus();
  }
  return RefusalOf(context.get(), certificate);
}

}  // namespace quartermaster::crypto
