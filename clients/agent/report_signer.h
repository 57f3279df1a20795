// Signs payloads, as a product instance with a key of ours or as a vendor's device would.
#ifndef QUARTERMASTER_CLIENTS_AGENT_REPORT_SIGNER_H_
#define QUARTERMASTER_CLIENTS_AGENT_REPORT_SIGNER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "clients/agent/report_content.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::agent {

enum class SigningKind {
  // With a key whose certificate is known: reports become `verified`.
  kRsa,
  kEcdsa,
  // Random-looking bytes where a vendor's device has its built-in signature, which is not public:
  // reports are `unverifiable`.
  kBuiltin,
  // Zero bytes.
  kNone,
};

// "rsa", "ecdsa", "builtin", "none".
std::optional<SigningKind> ParseSigningKind(std::string_view word);
std::string_view SigningKindWord(SigningKind kind);

// Fields of the signature beside the payload.
struct ReportSignature {
  std::string signing_type;
  std::string key;
  std::string value;  // base64
};

// Immutable; thread-safe.
class ReportSigner {
 public:
  static ReportSigner WithKey(crypto::PrivateKey key);
  static ReportSigner Builtin() { return ReportSigner(SigningKind::kBuiltin); }
  static ReportSigner None() { return ReportSigner(SigningKind::kNone); }

  // The signature over exactly the bytes of `payload`.
  absl::StatusOr<ReportSignature> Sign(const ReportContent& content, std::string_view payload) const;
  // What stands inside the payload: type and key of the same, with an empty value where the
  // signature is ours.
  ReportSignature Inner(const ReportContent& content) const;

 private:
  explicit ReportSigner(SigningKind kind) : kind_(kind) {}

  SigningKind kind_;
  std::optional<crypto::PrivateKey> key_;
  std::string key_id_;
};

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_REPORT_SIGNER_H_
