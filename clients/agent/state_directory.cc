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
  return directory;
}

StateDirectory::~StateDirectory() { close(lock_); }

std::string StateDirectory::Path(std::string_view name) const { return Join(path_, name); }

ReportSigner StateDirectory::Signer() const {
  if (key_.has_value()) return ReportSigner::WithKey(*key_);
  return state_.signing == SigningKind::kBuiltin ? ReportSigner::Builtin() : ReportSigner::None();
}

absl::Status StateDirectory::Keep(const std::vector<ReportToWrite>& reports) {
  if (reports.empty()) return absl::OkStatus();
  const ReportSigner signer = Signer();
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
  ASSIGN_OR_RETURN(const auto bundle, crypto::ParseCertificateBundle(pem));
  ASSIGN_OR_RETURN(auto installed, Certificates());
  for (const crypto::BundledCertificate& entry : bundle) {
    RETURN_IF_ERROR(entry.certificate.status());
    const crypto::Certificate& certificate = *entry.certificate;
    if (certificate.key_id() != key_->Public().key_id()) {
      return CertificateMismatch(absl::StrCat("certificate ", entry.place, ": got key ", certificate.key_id(),
                                              ", want ", key_->Public().key_id()));
    }
    ASSIGN_OR_RETURN(const crypto::SubjectUdi subject, certificate.Udi());
    const Udi udi{subject.product_id, subject.serial_number};
    if (udi != state_.udi && udi != state_.ha_peer) {
      return CertificateMismatch(absl::StrCat("certificate ", entry.place, ": got UDI ", UdiWords(udi),
                                              ", want ", UdiWords(state_.udi)));
    }
    installed.push_back(certificate);
  }
  std::string text;
  for (const crypto::Certificate& certificate : installed) text += certificate.ToPem();
  return client::WriteFileAtomically(Path(kCertificatesFile), text);
}

absl::Status StateDirectory::InstallAuthority(std::string_view pem) {
  ASSIGN_OR_RETURN(const auto bundle, crypto::ParseCertificateBundle(pem));
  for (const crypto::BundledCertificate& entry : bundle) RETURN_IF_ERROR(entry.certificate.status());
  return client::WriteFileAtomically(Path(kAuthorityFile), pem);
}

}  // namespace quartermaster::agent
