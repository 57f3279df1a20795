#include "clients/agent/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "clients/agent/report_writer.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

constexpr char kStateFile[] = "state.json";
constexpr char kKeyFile[] = "key.pem";
constexpr char kCertificatesFile[] = "certificates.pem";
constexpr char kAuthorityFile[] = "authority.pem";
constexpr char kTrustFile[] = "trust.pem";
constexpr char kNextTrustKeyFile[] = "trust-next.pem";
constexpr std::string_view kCertificateBegin = "-----BEGIN CERTIFICATE-----";

std::string Join(const std::string& directory, std::string_view name) {
  return (std::filesystem::path(directory) / name).string();
}

absl::StatusOr<int> Lock(const std::string& directory) {
  const int lock = open(Join(directory, "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return client::FileUnwritable(Join(directory, "lock"), strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  close(lock);
  return StateInUse(directory);
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string UdiWords(const Udi& udi) { return udi.product_id + ":" + udi.serial_number; }

}  // namespace

absl::StatusOr<std::unique_ptr<StateDirectory>> StateDirectory::Create(const std::string& path,
                                                                       AgentState state) {
  std::error_code error;
  std::filesystem::create_directories(Join(path, "reports"), error);
  if (error) return client::FileUnwritable(path, error.message());
  ASSIGN_OR_RETURN(const int lock, Lock(path));
  std::unique_ptr<StateDirectory> directory(new StateDirectory(path, lock, std::move(state)));
  if (Exists(directory->Path(kStateFile))) return StateExists(path);
  const SigningKind signing = directory->state_.signing;
  if (signing == SigningKind::kRsa || signing == SigningKind::kEcdsa) {
    ASSIGN_OR_RETURN(
        directory->key_,
        crypto::PrivateKey::Generate(signing == SigningKind::kRsa ? crypto::Algorithm::kRsa2048Sha256
                                                                  : crypto::Algorithm::kEcdsaP256Sha256));
    RETURN_IF_ERROR(client::WriteFileAtomically(directory->Path(kKeyFile), directory->key_->ToPem(), 0600));
  }
  RETURN_IF_ERROR(directory->Save());
  return directory;
}

absl::StatusOr<std::unique_ptr<StateDirectory>> StateDirectory::Open(const std::string& path) {
  if (!Exists(Join(path, kStateFile))) return StateMissing(path);
  ASSIGN_OR_RETURN(const int lock, Lock(path));
  std::unique_ptr<StateDirectory> directory(new StateDirectory(path, lock, AgentState()));
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(directory->Path(kStateFile)));
  ASSIGN_OR_RETURN(directory->state_, StateFromJson(text));
  if (Exists(directory->Path(kKeyFile))) {
    ASSIGN_OR_RETURN(const std::string pem, client::ReadFile(directory->Path(kKeyFile)));
    ASSIGN_OR_RETURN(directory->key_, crypto::PrivateKey::FromPem(pem));
  }
  RETURN_IF_ERROR(directory->ReadTrust());
  return directory;
}

absl::Status StateDirectory::ReadTrust() {
  if (!Exists(Path(kTrustFile))) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(Path(kTrustFile)));
  const size_t certificates_at = text.find(kCertificateBegin);
  if (certificates_at == std::string::npos) return StateMalformed("trust.pem: got no certificate");
  absl::StatusOr<crypto::PrivateKey> key = crypto::PrivateKey::FromPem(text.substr(0, certificates_at));
  // One that lost its key must not sign with anything less.
  if (!key.ok()) return KeyMissing(kTrustFile);
  ASSIGN_OR_RETURN(auto certificates, ReadOwn(*key, text.substr(certificates_at)));
  trust_ = TrustIdentity{*std::move(key), std::move(certificates)};
  return absl::OkStatus();
}

StateDirectory::~StateDirectory() { close(lock_); }

std::string StateDirectory::Path(std::string_view name) const { return Join(path_, name); }

absl::StatusOr<ReportSigner> StateDirectory::Signer() const {
  if (trust_.has_value()) return ReportSigner::WithKey(trust_->key);
  if (key_.has_value()) return ReportSigner::WithKey(*key_);
  switch (state_.signing) {
    case SigningKind::kRsa:
    case SigningKind::kEcdsa:
      return KeyMissing(kKeyFile);
    case SigningKind::kBuiltin:
      return ReportSigner::Builtin();
    case SigningKind::kNone:
      break;
  }
  return ReportSigner::None();
}

absl::Status StateDirectory::Keep(const std::vector<ReportToWrite>& reports) {
  if (reports.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ReportSigner signer, Signer());
  for (const ReportToWrite& report : reports) {
    ASSIGN_OR_RETURN(const std::string text, WriteReport(report.content, signer));
    RETURN_IF_ERROR(
        client::WriteFileAtomically(Path(absl::StrCat("reports/", report.record.report_id, ".json")), text));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> StateDirectory::ReportText(int64_t report_id) const {
  return client::ReadFile(Path(absl::StrCat("reports/", report_id, ".json")));
}

absl::Status StateDirectory::Save() {
  return client::WriteFileAtomically(Path(kStateFile), StateToJson(state_));
}

absl::StatusOr<std::vector<crypto::Certificate>> StateDirectory::ReadBundle(std::string_view name) const {
  std::vector<crypto::Certificate> certificates;
  if (!Exists(Path(name))) return certificates;
  ASSIGN_OR_RETURN(const std::string pem, client::ReadFile(Path(name)));
  ASSIGN_OR_RETURN(const auto bundle, crypto::ParseCertificateBundle(pem));
  for (const crypto::BundledCertificate& entry : bundle) {
    RETURN_IF_ERROR(entry.certificate.status());
    certificates.push_back(*entry.certificate);
  }
  return certificates;
}

absl::StatusOr<std::vector<crypto::Certificate>> StateDirectory::Certificates() const {
  return ReadBundle(kCertificatesFile);
}

absl::StatusOr<std::vector<crypto::Certificate>> StateDirectory::AuthorityCertificates() const {
  return ReadBundle(kAuthorityFile);
}

absl::Status StateDirectory::InstallCertificates(std::string_view pem) {
  if (!key_.has_value()) {
    return CertificateMismatch("certificate: got one for a product instance without a key");
  }
  ASSIGN_OR_RETURN(const auto added, ReadOwn(*key_, pem));
  ASSIGN_OR_RETURN(auto installed, Certificates());
  installed.insert(installed.end(), added.begin(), added.end());
  std::string text;
  for (const crypto::Certificate& certificate : installed) text += certificate.ToPem();
  return client::WriteFileAtomically(Path(kCertificatesFile), text);
}

absl::StatusOr<std::vector<crypto::Certificate>> StateDirectory::ReadOwn(const crypto::PrivateKey& key,
                                                                         std::string_view pem) const {
  ASSIGN_OR_RETURN(const auto bundle, crypto::ParseCertificateBundle(pem));
  std::vector<crypto::Certificate> certificates;
  for (const crypto::BundledCertificate& entry : bundle) {
    RETURN_IF_ERROR(entry.certificate.status());
    const crypto::Certificate& certificate = *entry.certificate;
    if (certificate.key_id() != key.Public().key_id()) {
      return CertificateMismatch(absl::StrCat("certificate ", entry.place, ": got key ", certificate.key_id(),
                                              ", want ", key.Public().key_id()));
    }
    ASSIGN_OR_RETURN(const crypto::SubjectUdi subject, certificate.Udi());
    const Udi udi{subject.product_id, subject.serial_number};
    if (udi != state_.udi && udi != state_.ha_peer) {
      return CertificateMismatch(absl::StrCat("certificate ", entry.place, ": got UDI ", UdiWords(udi),
                                              ", want ", UdiWords(state_.udi)));
    }
    certificates.push_back(certificate);
  }
  return certificates;
}

absl::StatusOr<crypto::PrivateKey> StateDirectory::NextTrustKey(crypto::Algorithm algorithm) {
  if (Exists(Path(kNextTrustKeyFile))) {
    ASSIGN_OR_RETURN(const std::string pem, client::ReadFile(Path(kNextTrustKeyFile)));
    ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::FromPem(pem));
    // One that has its trust code was left over by a process that died.
    const bool left_over = trust_.has_value() && trust_->key.Public().key_id() == key.Public().key_id();
    if (!left_over && key.algorithm() == algorithm) return key;
  }
  ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::Generate(algorithm));
  RETURN_IF_ERROR(client::WriteFileAtomically(Path(kNextTrustKeyFile), key.ToPem(), 0600));
  return key;
}

absl::Status StateDirectory::InstallTrust(const crypto::PrivateKey& key, std::string_view pem) {
  ASSIGN_OR_RETURN(auto certificates, ReadOwn(key, pem));
  std::string text = key.ToPem();
  for (const crypto::Certificate& certificate : certificates) text += certificate.ToPem();
  RETURN_IF_ERROR(client::WriteFileAtomically(Path(kTrustFile), text, 0600));
  trust_ = TrustIdentity{key, std::move(certificates)};
  std::error_code ignored;
  std::filesystem::remove(Path(kNextTrustKeyFile), ignored);
  return absl::OkStatus();
}

int64_t RenewAfterS(const crypto::Certificate& certificate) {
  return absl::ToUnixSeconds(certificate.not_before() +
                             (certificate.not_after() - certificate.not_before()) / 2);
}

absl::Status StateDirectory::InstallAuthority(std::string_view pem) {
  ASSIGN_OR_RETURN(const auto bundle, crypto::ParseCertificateBundle(pem));
  for (const crypto::BundledCertificate& entry : bundle) RETURN_IF_ERROR(entry.certificate.status());
  return client::WriteFileAtomically(Path(kAuthorityFile), pem);
}

}  // namespace quartermaster::agent
