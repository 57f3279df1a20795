// The job that seals: every committed movement is covered by a signed block within five seconds.
#ifndef QUARTERMASTER_SERVICES_LEDGER_SEALING_SEAL_BLOCKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_SEALING_SEAL_BLOCKS_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/sealing/block_store.h"

namespace quartermaster::ledger {

// A block covers at most so many changes: one transaction stays short.
inline constexpr int kChangesPerBlockMax = 5000;

// Not thread-safe: one thread calls RunOnce. Replicas may all run it.
class SealBlocks {
 public:
  // Signs a block hash (32 bytes); the authority does.
  using Signer = std::function<absl::StatusOr<BlockSignature>(std::string_view block_hash)>;

  SealBlocks(pg::Options database, Signer signer)
      : database_(std::move(database)), signer_(std::move(signer)) {}

  // Seals one block, if there is anything to seal and no other replica is sealing. Whether more
  // waits than fitted into it. Reconnects by itself at the next call.
  absl::StatusOr<bool> RunOnce(absl::Time now);

 private:
  struct Sealed {
    bool any = false;
    bool more = false;
  };
  absl::StatusOr<Sealed> Seal(absl::Time now);

  const pg::Options database_;
  const Signer signer_;
  std::unique_ptr<pg::RawConnection> connection_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_SEALING_SEAL_BLOCKS_H_
