#include "clients/agent/report_signer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

// Bytes of the built-in signature: of routers and campus switches, and of data-centre switches.
constexpr size_t kBuiltinBytes = 32;
constexpr size_t kSwitchBytes = 256;

// Deterministic, so that the same report is the same bytes again.
std::string RandomLooking(const ReportContent& content, std::string_view text, size_t size) {
  std::string bytes;
  std::string seed =
      absl::StrCat(content.udi.product_id, "/", content.udi.serial_number, "/", std::string(text));
  while (bytes.size() < size) {
    const crypto::Sha256Digest digest = crypto::Sha256(seed);
    seed.assign(digest.begin(), digest.end());
    bytes += seed;
  }
  bytes.resize(size);
  return crypto::Base64Encode(bytes);
}

}  // namespace

std::optional<SigningKind> ParseSigningKind(std::string_view word) {
  for (const SigningKind kind :
       {SigningKind::kRsa, SigningKind::kEcdsa, SigningKind::kBuiltin, SigningKind::kNone}) {
    if (word == SigningKindWord(kind)) return kind;
  }
  return std::nullopt;
}

std::string_view SigningKindWord(SigningKind kind) {
  switch (kind) {
    case SigningKind::kRsa:
      return "rsa";
    case SigningKind::kEcdsa:
      return "ecdsa";
    case SigningKind::kBuiltin:
      return "builtin";
    case SigningKind::kNone:
      break;
  }
  return "none";
}

ReportSigner ReportSigner::WithKey(crypto::PrivateKey key) {
  const bool rsa = key.algorithm() == crypto::Algorithm::kRsa2048Sha256;
  ReportSigner signer(rsa ? SigningKind::kRsa : SigningKind::kEcdsa);
  signer.key_id_ = key.Public().key_id();
  signer.key_ = std::move(key);
  return signer;
}

absl::StatusOr<ReportSignature> ReportSigner::Sign(const ReportContent& content,
                                                   std::string_view payload) const {
  ReportSignature signature = Inner(content);
  switch (kind_) {
    case SigningKind::kRsa:
    case SigningKind::kEcdsa: {
      ASSIGN_OR_RETURN(const std::string bytes, key_->Sign(payload));
      signature.value = crypto::Base64Encode(bytes);
      break;
    }
    case SigningKind::kBuiltin: {
      const bool is_switch = content.form == ReportForm::kSwitch;
      signature.value = RandomLooking(content, payload, is_switch ? kSwitchBytes : kBuiltinBytes);
      break;
    }
    case SigningKind::kNone:
      signature.value = crypto::Base64Encode(std::string(kBuiltinBytes, '\0'));
  }
  return signature;
}

ReportSignature ReportSigner::Inner(const ReportContent& content) const {
  if (key_.has_value()) return {std::string(crypto::AlgorithmName(key_->algorithm())), key_id_, ""};
  if (kind_ == SigningKind::kNone) return {"none", "", ""};
  if (content.form == ReportForm::kSwitch) {
    return {"CISC123", "00000000", RandomLooking(content, "inner", kSwitchBytes)};
  }
  return {"builtin", content.asset_name, RandomLooking(content, "inner", kBuiltinBytes)};
}

}  // namespace quartermaster::agent
