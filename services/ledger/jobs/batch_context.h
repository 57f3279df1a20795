// What the steps of applying one batch share: the open transaction and what it will write.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_BATCH_CONTEXT_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_BATCH_CONTEXT_H_

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/domain/unverifiable_policy.h"
#include "services/ledger/jobs/booking_terms.h"
#include "services/ledger/storage/finding_store.h"
#include "services/ledger/storage/source_directory.h"
#include "services/ledger/storage/usage_books.h"
#include "services/ledger/storage/usage_position_store.h"

namespace quartermaster::ledger {

// The positions that a transaction works on. Saved once, at its end.
class BatchPositions {
 public:
  // Loads what exists and is not here yet.
  absl::Status Load(pg::RawConnection& connection, std::span<const PositionKey> keys);
  // Null when it neither exists nor was made.
  StoredPosition* Find(const PositionKey& key);
  StoredPosition& Put(StoredPosition position);
  // The row goes with the transaction's end.
  void Remove(const PositionKey& key);
  // What was changed must be marked, or it is not saved.
  void MarkChanged(StoredPosition& position) { changed_.push_back(&position); }

  absl::Status Save(pg::RawConnection& connection);

 private:
  absl::flat_hash_map<PositionKey, std::unique_ptr<StoredPosition>> positions_;
  std::vector<StoredPosition*> changed_;
  std::vector<PositionKey> removed_;
};

struct BatchContext {
  pg::RawConnection& connection;
  SourceDirectory& directory;
  BookingTerms terms;
  // Of every Smart Account in the batch.
  std::map<int64_t, UnverifiablePolicy> policies;
  // Of every product instance that reports in the batch.
  absl::flat_hash_map<int64_t, Instance> instances;
  BatchPositions positions;
  UsageBooks books;
  FindingRows findings;

  bool HasGap(const StoredPosition& position) const {
    return position.timeline.coverage().HasGap(terms.gap_after_s);
  }
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_BATCH_CONTEXT_H_
