#include "services/ledger/fsck/books_checker.h"

#include <pqxx/pqxx>

#include "absl/strings/str_cat.h"
#include "services/ledger/fsck/block_checks.h"
#include "services/ledger/fsck/opening_checks.h"
#include "services/ledger/fsck/other_bodies.h"
#include "services/ledger/fsck/position_checks.h"
#include "services/ledger/fsck/row_checks.h"
#include "services/ledger/fsck/subject_names.h"

namespace quartermaster::ledger::fsck {

absl::StatusOr<Totals> CheckBooks(pg::Pool& pool, const FindingSink& sink, const Progress& progress) {
  return pool.Read("ledger_check_books", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Totals> {
    Totals totals;
    SubjectNames names(transaction);
    const FindingSink counting_sink = [&](Finding finding) {
      ++totals.findings;
      finding.subject = names.WithNames(finding.subject);
      sink(finding);
    };
    // A full estate takes minutes, and a slow reader of the findings makes the session idle meanwhile. No
    // transaction id is taken, so nobody's feed waits; vacuum does.
    transaction.exec("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
    // Before the snapshot is taken: while this runs, retention drops no month that the snapshot still has.
    transaction.exec("LOCK TABLE ingest_v1_reports IN ACCESS SHARE MODE");
    bool whole = CheckRows(transaction, counting_sink, progress);
    for (const auto& row : transaction.exec("SELECT smart_account_id FROM smart_accounts ORDER BY 1")) {
      whole = whole && CheckPositions(transaction, row[0].as<int64_t>(), counting_sink, progress, totals);
    }
    whole = whole && CheckOtherBodies(transaction, counting_sink, progress, totals);
    whole = whole && CheckOpenings(transaction, counting_sink, progress);
    BlockHeadNote head;
    whole = whole && CheckBlocks(transaction, {}, counting_sink, progress, totals, head);
    if (!whole) return absl::CancelledError("fsck: the caller has gone");
    return totals;
  });
}

}  // namespace quartermaster::ledger::fsck
