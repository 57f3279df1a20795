// Reads what no block covers yet and appends blocks: the SQL of sealing.
#ifndef QUARTERMASTER_SERVICES_LEDGER_SEALING_BLOCK_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_SEALING_BLOCK_STORE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/domain/sealed_block.h"

namespace quartermaster::ledger {

struct BlockSignature {
  std::string alg;
  std::string key_id;
  std::string signature;
};

// All within the caller's transaction. Not thread-safe, like the connection.
class BlockStore {
 public:
  explicit BlockStore(pg::RawConnection& connection) : connection_(connection) {}

  // Whether this transaction is the one that may seal; false while another replica does.
  absl::StatusOr<bool> TryLock();

  struct UnsealedBlock {
    BlockHead head;
    // There are further changes that did not fit.
    bool more = false;
  };
  // The next block over at most `changes_max` unsealed changes, or nothing when all are sealed.
  absl::StatusOr<std::optional<UnsealedBlock>> NextBlock(absl::Time now, int changes_max);

  absl::Status Append(const BlockHead& head, const BlockSignature& signature);

 private:
  absl::StatusOr<BlockHead> LastBlock();

  pg::RawConnection& connection_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_SEALING_BLOCK_STORE_H_
