#include "services/gateway/tls/server_identity.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/signature.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

using crypto::Certificate;
using crypto::CertificateAuthority;
using crypto::PrivateKey;
using crypto::ServerNames;

constexpr mode_t kPrivate = 0600;
constexpr mode_t kPublic = 0644;
constexpr absl::Duration kCaLifetime = absl::Hours(24 * 365 * 10);
constexpr absl::Duration kServerLifetime = absl::Hours(24 * 365);
// Clients whose clocks are a little behind may use it at once.
constexpr absl::Duration kBackdate = absl::Hours(1);
constexpr size_t kCommonNameBytesMax = 64;

absl::Status Unusable(const std::string& path, const absl::Status& why) {
  return TlsFilesUnusable(absl::StrCat(path, ": ", why.message()));
}

bool IsIpAddress(const std::string& name) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

// The kernel lets a host call itself anything.
bool IsHostName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '.';
  });
}

void Add(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

ServerNames NamesOf(const ServerIdentityOptions& options) {
  ServerNames names{{"localhost"}, {"127.0.0.1", "::1"}};
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && IsHostName(host.data())) {
    Add(names.dns_names, host.data());
  }
  for (const std::string& name : options.names) {
    Add(IsIpAddress(name) ? names.ip_addresses : names.dns_names, name);
  }
  return names;
}

bool Covers(const Certificate& certificate, const ServerNames& names) {
  X509* x509 = certificate.get();
  return std::all_of(names.dns_names.begin(), names.dns_names.end(),
                     [&](const std::string& name) {
                       return X509_check_host(x509, name.data(), name.size(), X509_CHECK_FLAG_NO_WILDCARDS,
                                              nullptr) == 1;
                     }) &&
         std::all_of(names.ip_addresses.begin(), names.ip_addresses.end(), [&](const std::string& address) {
           return X509_check_ip_asc(x509, address.c_str(), 0) == 1;
         });
}

absl::StatusOr<PrivateKey> EnsureKey(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadWholeFile(path);
  if (pem.ok()) {
    absl::StatusOr<PrivateKey> key = PrivateKey::FromPem(*pem);
    if (!key.ok()) return Unusable(path, key.status());
    return key;
  }
  if (!absl::IsNotFound(pem.status())) return pem.status();
  ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256));
  RETURN_IF_ERROR(ReplaceFile(path, key.ToPem(), kPrivate));
  return key;
}

// None when the file is not there; an error when it is no certificate: it may be somebody's own.
absl::StatusOr<std::optional<Certificate>> ReadCertificate(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadWholeFile(path);
  if (absl::IsNotFound(pem.status())) return std::nullopt;
  RETURN_IF_ERROR(pem.status());
  absl::StatusOr<Certificate> certificate = Certificate::FromPem(*pem);
  if (!certificate.ok()) return Unusable(path, certificate.status());
  return *std::move(certificate);
}

absl::StatusOr<CertificateAuthority> EnsureCa(const ServerIdentityOptions& options,
                                              const std::string& certificate_file, absl::Time now) {
  const std::string key_file = options.directory + "/ca.key";
  ASSIGN_OR_RETURN(const PrivateKey key, EnsureKey(key_file));
  ASSIGN_OR_RETURN(std::optional<Certificate> certificate, ReadCertificate(certificate_file));
  if (certificate.has_value()) {
    absl::StatusOr<CertificateAuthority> ca = CertificateAuthority::Open(key, *certificate);
    if (!ca.ok()) return Unusable(certificate_file, ca.status());
    return ca;
  }
  const std::string name =
      absl::StrCat("Quartermaster node CA ", options.node_name).substr(0, kCommonNameBytesMax);
  ASSIGN_OR_RETURN(CertificateAuthority ca,
                   CertificateAuthority::Create(key, name, {now - kBackdate, now + kCaLifetime}));
  RETURN_IF_ERROR(ReplaceFile(certificate_file, ca.certificate().ToPem(), kPublic));
  log::Info("node CA made", {{"file", certificate_file}});
  return ca;
}

bool StillGood(const Certificate& certificate, const crypto::PublicKey& key, const CertificateAuthority& ca,
               const ServerNames& names, absl::Time now) {
  return certificate.key_id() == key.key_id() && Covers(certificate, names) &&
         X509_verify(certificate.get(), X509_get0_pubkey(ca.certificate().get())) == 1 &&
         certificate.not_before() <= now && certificate.not_after() - now > kRenewBefore;
}

}  // namespace

absl::StatusOr<config::TlsFiles> EnsureServerIdentity(const ServerIdentityOptions& options, absl::Time now) {
  if (options.configured.is_set()) return options.configured;
  RETURN_IF_ERROR(MakePrivateDirectory(options.directory));
  ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(options.directory));
  const config::TlsFiles files = {.certificate_file = options.directory + "/server.pem",
                                  .key_file = options.directory + "/server.key",
                                  .ca_file = options.directory + "/ca.pem"};
  ASSIGN_OR_RETURN(const CertificateAuthority ca, EnsureCa(options, files.ca_file, now));
  ASSIGN_OR_RETURN(const PrivateKey key, EnsureKey(files.key_file));
  ASSIGN_OR_RETURN(const std::optional<Certificate> current, ReadCertificate(files.certificate_file));
  const ServerNames names = NamesOf(options);
  if (current.has_value() && StillGood(*current, key.Public(), ca, names, now)) return files;
  absl::StatusOr<Certificate> issued =
      ca.IssueServer(key.Public(), names, {now - kBackdate, now + kServerLifetime});
  if (!issued.ok()) return Unusable(files.certificate_file, issued.status());
  RETURN_IF_ERROR(ReplaceFile(files.certificate_file, issued->ToPem(), kPublic));
  log::Info("server certificate issued",
            {{"file", files.certificate_file}, {"not_after", issued->not_after()}});
  return files;
}

}  // namespace quartermaster::gateway
