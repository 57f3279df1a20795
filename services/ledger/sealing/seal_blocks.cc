#include "services/ledger/sealing/seal_blocks.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/storage/apply_session.h"

namespace quartermaster::ledger {

absl::StatusOr<bool> SealBlocks::RunOnce(absl::Time now) {
  if (connection_ == nullptr || !connection_->healthy()) {
    ASSIGN_OR_RETURN(connection_, ConnectForApplying(database_));
  }
  RETURN_IF_ERROR(connection_->Begin());
  // What throws may have left the session amid a statement: without the session nothing of it stays.
  absl::Cleanup hang_up = [this] { connection_.reset(); };
  const absl::StatusOr<Sealed> sealed = Seal(now);
  std::move(hang_up).Cancel();
  if (!sealed.ok() || !sealed->any) {
    connection_->Rollback();
    if (!sealed.ok()) return sealed.status();
    return false;
  }
  RETURN_IF_ERROR(connection_->Commit());
  return sealed->more;
}

absl::StatusOr<SealBlocks::Sealed> SealBlocks::Seal(absl::Time now) {
  BlockStore store(*connection_);
  ASSIGN_OR_RETURN(const bool locked, store.TryLock());
  if (!locked) return Sealed{};
  ASSIGN_OR_RETURN(const std::optional<BlockStore::UnsealedBlock> block,
                   store.NextBlock(now, kChangesPerBlockMax));
  if (!block.has_value()) return Sealed{};
  const crypto::Sha256Digest hash = BlockHash(block->head);
  ASSIGN_OR_RETURN(const BlockSignature signature,
                   signer_({reinterpret_cast<const char*>(hash.data()), hash.size()}));
  RETURN_IF_ERROR(store.Append(block->head, signature));
  return Sealed{.any = true, .more = block->more};
}

}  // namespace quartermaster::ledger
