// The keys that blocks and openings may be signed with: those whose certificates one of our CAs has signed.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_KEYS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_KEYS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/common/crypto/certificate_chain.h"

namespace quartermaster::ledger::fsck {

class BlockKeys {
 public:
  explicit BlockKeys(pqxx::transaction_base& transaction);

  // OK, or why nobody of ours has signed this. `row` has the columns key_id, signature and signed_s.
  absl::Status Verify(const pqxx::row& row, std::string_view domain, std::string_view hash) const;

 private:
  std::map<std::string, crypto::Certificate> certificates_;
  std::optional<crypto::TrustAnchors> anchors_;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_KEYS_H_
