// An emulated product instance on disk:
//   state.json          docs/reference/formats.md, "State of the agent"
//   key.pem             PKCS#8, mode 0600; absent without a key of ours
//   certificates.pem    of this key, for each HA unit: imported into the node, or the factory's
//   trust.pem           the key of the trust code (PKCS#8) and its certificates, for each HA unit; mode 0600.
//                       One file, so that key and certificates change together
//   trust-next.pem      the key that a trust code is being asked for; mode 0600
//   authority.pem       CAs that acknowledgements are verified under
//   reports/<id>.json   each closed report's text, as it was signed
// Every file is replaced whole, and a report lies there before the state names it, so a kill at any
// moment leaves a state that was.
#ifndef QUARTERMASTER_CLIENTS_AGENT_STATE_DIRECTORY_H_
#define QUARTERMASTER_CLIENTS_AGENT_STATE_DIRECTORY_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/agent/agent_state.h"
#include "clients/agent/report_signer.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::agent {

// By which reports are signed once it is there.
struct TrustIdentity {
  crypto::PrivateKey key;
  std::vector<crypto::Certificate> certificates;
};

// When half of the certificate's validity is over, Unix seconds.
int64_t RenewAfterS(const crypto::Certificate& certificate);

// Not thread-safe. Holds a lock on the directory while it lives.
class StateDirectory {
 public:
  // Makes the directory and the key that state.signing asks for. agent.state_exists.
  static absl::StatusOr<std::unique_ptr<StateDirectory>> Create(const std::string& path, AgentState state);
  // agent.state_missing, agent.state_in_use, agent.state_malformed.
  static absl::StatusOr<std::unique_ptr<StateDirectory>> Open(const std::string& path);
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  AgentState& state() { return state_; }
  const AgentState& state() const { return state_; }
  const std::optional<crypto::PrivateKey>& key() const { return key_; }

  const std::optional<TrustIdentity>& trust() const { return trust_; }

  // Signs and keeps the texts of reports that an operation closed: by the trust code's key, else by key.pem,
  // else as state.signing says. agent.key_missing.
  absl::Status Keep(const std::vector<ReportToWrite>& reports);
  absl::StatusOr<std::string> ReportText(int64_t report_id) const;
  // Writes state.json. An operation has happened when this answered OK.
  absl::Status Save();

  // `pem`: one or many certificates of this instance's key, bound to one of its HA units;
  // agent.certificate_mismatch. Adds to those that are there.
  absl::Status InstallCertificates(std::string_view pem);
  absl::StatusOr<std::vector<crypto::Certificate>> Certificates() const;
  // The key to ask a trust code for: the one of an attempt whose answer was lost, else a new one.
  absl::StatusOr<crypto::PrivateKey> NextTrustKey(crypto::Algorithm algorithm);
  // `pem`: certificates of `key`, one for each HA unit; agent.certificate_mismatch. Replaces what is there.
  absl::Status InstallTrust(const crypto::PrivateKey& key, std::string_view pem);
  // Replaces the pinned CAs.
  absl::Status InstallAuthority(std::string_view pem);
  absl::StatusOr<std::vector<crypto::Certificate>> AuthorityCertificates() const;

 private:
  StateDirectory(std::string path, int lock, AgentState state)
      : path_(std::move(path)), lock_(lock), state_(std::move(state)) {}
  std::string Path(std::string_view name) const;
  absl::StatusOr<std::vector<crypto::Certificate>> ReadBundle(std::string_view name) const;
  absl::StatusOr<ReportSigner> Signer() const;
  absl::Status ReadTrust();
  // Certificates of `key` alone, each bound to one of this instance's units.
  absl::StatusOr<std::vector<crypto::Certificate>> ReadOwn(const crypto::PrivateKey& key,
                                                           std::string_view pem) const;

  const std::string path_;
  // File descriptor that holds the lock.
  const int lock_;
  AgentState state_;
  std::optional<crypto::PrivateKey> key_;
  std::optional<TrustIdentity> trust_;
};

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_STATE_DIRECTORY_H_
