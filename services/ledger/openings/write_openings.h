// The job that lets report bodies go: a signed opening for each month that is old enough. Dropping what an
// opening stands in for is ingest's.
#ifndef QUARTERMASTER_SERVICES_LEDGER_OPENINGS_WRITE_OPENINGS_H_
#define QUARTERMASTER_SERVICES_LEDGER_OPENINGS_WRITE_OPENINGS_H_

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ledger/openings/opening_store.h"

namespace quartermaster::ledger {

// Not thread-safe: one thread calls RunOnce. Replicas may all run it: the first to sign a month wins.
class WriteOpenings {
 public:
  // Signs an opening's hash (32 bytes); the authority does.
  using Signer = std::function<absl::StatusOr<BlockSignature>(std::string_view opening_hash)>;

  // `keep`: how long bodies are kept. `pool` outlives the job.
  WriteOpenings(pg::Pool& pool, absl::Duration keep, Signer signer)
      : store_(pool), keep_(keep), signer_(std::move(signer)) {}

  // Writes the opening of one month, if one is due. Whether to look again at once. What a run that died has
  // left behind goes with the next one that succeeds.
  absl::StatusOr<bool> RunOnce(absl::Time now);

 private:
  // Sets what the rows of the draft say of the head.
  absl::Status WriteDraft(const ReportMonth& month, int64_t draft_id, OpeningHead& head);

  OpeningStore store_;
  const absl::Duration keep_;
  const Signer signer_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_OPENINGS_WRITE_OPENINGS_H_
