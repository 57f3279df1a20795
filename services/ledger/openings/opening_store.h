// The SQL of openings. Reads are REPEATABLE READ and take no transaction id; writes are short, so that no
// follower of a change feed waits for a month to be read.
#ifndef QUARTERMASTER_SERVICES_LEDGER_OPENINGS_OPENING_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_OPENINGS_OPENING_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ledger/fsck/opened_report.h"
#include "services/ledger/openings/opening_head.h"
#include "services/ledger/sealing/block_store.h"

namespace quartermaster::ledger {

struct ReportMonth {
  absl::Time from;
  absl::Time until;
};

// What an opening says of one source.
struct OpeningSource {
  int64_t source_id = 0;
  // By report id.
  std::vector<fsck::OpenedReport> reports;
};

// A report that no opening can stand in for.
struct OpeningException {
  int64_t change_id = 0;
  int32_t place = 0;
  // For the log.
  std::string why;
};

struct OpeningPage {
  std::vector<OpeningSource> sources;
  std::vector<OpeningException> exceptions;
  // The last source that was looked at; 0 = there are no more.
  int64_t last_source_id = 0;
};

// Thread-safe.
class OpeningStore {
 public:
  // `pool` outlives the store.
  explicit OpeningStore(pg::Pool& pool) : pool_(pool) {}

  // The oldest month that ended before `cut`, has a partition, has no opening, and is in the books to its
  // last report.
  absl::StatusOr<std::optional<ReportMonth>> NextMonth(absl::Time cut);

  absl::StatusOr<std::vector<int64_t>> SmartAccounts();
  absl::StatusOr<int64_t> NewDraft();

  // Reads the bodies of the next few sources after `after_source_id` again, each judged as fsck does.
  absl::StatusOr<OpeningPage> ReadPage(int64_t smart_account_id, const ReportMonth& month,
                                       int64_t after_source_id);
  absl::Status WritePage(int64_t draft_id, int64_t smart_account_id, const OpeningPage& page,
                         SourcesHash& hash);

  // The head of the last opening, of which only opening_id and, as previous_hash, its hash are set.
  absl::StatusOr<OpeningHead> LastOpening();
  // ALREADY_EXISTS when another replica was faster; `ledger.busy` when the draft is not whole.
  absl::Status Append(const OpeningHead& head, int64_t draft_id, const BlockSignature& signature);
  // Rows of drafts up to this one that never became an opening.
  absl::Status ForgetDrafts(int64_t through_draft_id);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_OPENINGS_OPENING_STORE_H_
