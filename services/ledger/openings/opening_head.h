// What an opening is made of, byte by byte: README.md.
#ifndef QUARTERMASTER_SERVICES_LEDGER_OPENINGS_OPENING_HEAD_H_
#define QUARTERMASTER_SERVICES_LEDGER_OPENINGS_OPENING_HEAD_H_

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "services/common/crypto/signature.h"

namespace quartermaster::ledger {

// Months are half-open: [from, until).
struct OpeningHead {
  int64_t opening_id = 0;
  crypto::Sha256Digest previous_hash{};
  int64_t received_from_us = 0;
  int64_t received_until_us = 0;
  int64_t source_count = 0;
  int64_t report_count = 0;
  crypto::Sha256Digest sources_hash{};
  int64_t signed_at_us = 0;
};
crypto::Sha256Digest OpeningHash(const OpeningHead& head);

// SHA-256 over the hashes of the sources' rows, in the order of (Smart Account, source).
class SourcesHash {
 public:
  SourcesHash();
  void Add(int64_t smart_account_id, int64_t source_id, int32_t report_count, std::string_view reports);
  // Once, at the end.
  crypto::Sha256Digest Finish();

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_OPENINGS_OPENING_HEAD_H_
