// Cuts a PEM text into certificates. By hand, because OpenSSL's reader stops at the first bad block
// and says neither which nor why.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr size_t kLabelBytesMax = 64;
// Base64 of the largest certificate with line ends.
constexpr size_t kBlockBytesMax = kCertificateBytesMax / 3 * 4 + kCertificateBytesMax / 16;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

absl::StatusOr<Certificate> ReadBlock(std::string_view label, std::string_view body) {
  if (label != "CERTIFICATE" && label != "X509 CERTIFICATE") {
    std::string shown(label);
    for (char& c : shown) {
      if (c < ' ' || c > '~') c = '?';
    }
    return CertificateMalformed(absl::StrCat("PEM label: got \"", shown, "\", want \"CERTIFICATE\""));
  }
  if (body.size() > kBlockBytesMax) {
    return CertificateMalformed(
        absl::StrCat("PEM block: got ", body.size(), " bytes, want at most ", kBlockBytesMax));
  }
  std::string base64;
  base64.reserve(body.size());
  std::copy_if(body.begin(), body.end(), std::back_inserter(base64), [](char c) { return !IsBlank(c); });
  absl::StatusOr<std::string> der = Base64Decode(base64);
  if (!der.ok()) {
    return CertificateMalformed(absl::StrCat("PEM block: ", der.status().message()));
  }
  return Certificate::FromDer(*der);
}

// Position of `kBegin` at the start of a line, from `from` on.
size_t FindBegin(std::string_view pem, size_t from) {
  for (size_t at = pem.find(kBegin, from); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    if (at == 0 || pem[at - 1] == '\n' || pem[at - 1] == '\r') return at;
  }
  return std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::vector<BundledCertificate>> ParseCertificateBundle(std::string_view pem) {
  if (pem.size() > kCertificateBundleBytesMax) {
    return CertificateBundleMalformed(
        absl::StrCat("pem: got ", pem.size(), " bytes, want at most ", kCertificateBundleBytesMax));
  }
  std::vector<BundledCertificate> bundle;
  int place = 0;
  for (size_t at = FindBegin(pem, 0); at != std::string_view::npos;) {
    if (++place > kCertificateBundleCountMax) {
      return CertificateBundleMalformed(
          absl::StrCat("pem: want at most ", kCertificateBundleCountMax, " certificates"));
    }
    const size_t label_at = at + kBegin.size();
    // A block ends where the next begins, even when its own end is missing.
    const size_t next = FindBegin(pem, label_at);
    const std::string_view block = pem.substr(label_at, next - label_at);
    at = next;

    const size_t label_size = block.find(kDashes);
    if (label_size == std::string_view::npos || label_size > kLabelBytesMax) {
      bundle.push_back({place, CertificateMalformed("PEM block: want -----BEGIN CERTIFICATE-----")});
      continue;
    }
    const std::string_view label = block.substr(0, label_size);
    const std::string_view rest = block.substr(label_size + kDashes.size());
    const std::string end = absl::StrCat("-----END ", std::string(label), "-----");
    const size_t end_at = rest.find(end);
    if (end_at == std::string_view::npos) {
      bundle.push_back(
          {place, CertificateMalformed(absl::StrCat("PEM block: got no end, want ", std::string(kDashes),
                                                    "END … after the certificate"))});
      continue;
    }
    bundle.push_back({place, ReadBlock(label, rest.substr(0, end_at))});
  }
  if (bundle.empty()) {
    return CertificateBundleMalformed("pem: got no PEM block, want -----BEGIN CERTIFICATE-----");
  }
  return bundle;
}

}  // namespace quartermaster::crypto
