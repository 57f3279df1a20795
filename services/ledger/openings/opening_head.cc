#include "services/ledger/openings/opening_head.h"

namespace quartermaster::ledger {
namespace {

constexpr char kPrefix[] = "quartermaster.ledger_opening.v1\n";

template <typename Integer>
void PutBigEndian(Integer value, std::string& bytes) {
  for (int shift = 8 * (sizeof(Integer) - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

void PutDigest(const crypto::Sha256Digest& digest, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

}  // namespace

crypto::Sha256Digest OpeningHash(const OpeningHead& head) {
  std::string bytes = kPrefix;
  PutBigEndian(head.opening_id, bytes);
  PutDigest(head.previous_hash, bytes);
  PutBigEndian(head.received_from_us, bytes);
  PutBigEndian(head.received_until_us, bytes);
  PutBigEndian(head.source_count, bytes);
  PutBigEndian(head.report_count, bytes);
  PutDigest(head.sources_hash, bytes);
  PutBigEndian(head.signed_at_us, bytes);
  return crypto::Sha256(bytes);
}

SourcesHash::SourcesHash() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void SourcesHash::Add(int64_t smart_account_id, int64_t source_id, int32_t report_count,
                      std::string_view reports) {
  std::string bytes = "S";
  PutBigEndian(smart_account_id, bytes);
  PutBigEndian(source_id, bytes);
  PutBigEndian(report_count, bytes);
  bytes += reports;
  const crypto::Sha256Digest row = crypto::Sha256(bytes);
  EVP_DigestUpdate(context_.get(), row.data(), row.size());
}

crypto::Sha256Digest SourcesHash::Finish() {
  crypto::Sha256Digest digest{};
  EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
  return digest;
}

}  // namespace quartermaster::ledger
