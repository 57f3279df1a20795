#include "services/ledger/fsck/block_keys.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/crypto/signature.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr char kSelectCertificates[] =
    "SELECT key_id, purpose, certificate FROM authority_v1_block_certificates";

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

}  // namespace

BlockKeys::BlockKeys(pqxx::transaction_base& transaction) {
  std::vector<crypto::Certificate> anchors;
  for (const auto& row : transaction.exec(kSelectCertificates)) {
    auto certificate = crypto::Certificate::FromDer(Bytes(row["certificate"]));
    if (!certificate.ok()) continue;
    if (row["purpose"].as<std::string>() == "ca") {
      anchors.push_back(*std::move(certificate));
    } else {
      certificates_.emplace(row["key_id"].as<std::string>(), *std::move(certificate));
    }
  }
  if (auto created = crypto::TrustAnchors::Create(anchors); created.ok()) anchors_ = *std::move(created);
}

absl::Status BlockKeys::Verify(const pqxx::row& row, std::string_view domain, std::string_view hash) const {
  const auto found = certificates_.find(row["key_id"].as<std::string>());
  if (found == certificates_.end()) return absl::NotFoundError("no block key of this id");
  if (!anchors_.has_value()) return absl::NotFoundError("no CA");
  RETURN_IF_ERROR(anchors_->Verify(found->second, {}, absl::FromUnixSeconds(row["signed_s"].as<int64_t>())));
  ASSIGN_OR_RETURN(const crypto::PublicKey key, crypto::PublicKey::FromCertificateDer(found->second.der()));
  if (!key.Verify(absl::StrCat(std::string(domain), std::string(hash)), Bytes(row["signature"]))) {
    return absl::UnauthenticatedError("the signature is not this key's over the hash");
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger::fsck
