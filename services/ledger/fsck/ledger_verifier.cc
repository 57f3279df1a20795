#include "services/ledger/fsck/ledger_verifier.h"

#include <optional>

#include "absl/strings/str_cat.h"

namespace quartermaster::ledger::fsck {
namespace {

// Nobody's entries: those of changes that were cut, or that were slipped in.
constexpr int kOrphansMax = 1000;
constexpr char kSelectOrphans[] = R"sql(
  SELECT e.smart_account_id, e.change_id, e.place
  FROM ledger_entries e
  LEFT JOIN ledger_changes c USING (smart_account_id, recorded_at, change_id)
  WHERE c.change_id IS NULL AND ($1::bigint = 0 OR e.smart_account_id = $1)
  ORDER BY 1, 2, 3 LIMIT $2)sql";

void CheckOrphans(pqxx::transaction_base& transaction, const BlockCheckOptions& options,
                  const FindingSink& sink) {
  for (const auto& row :
       transaction.exec_params(kSelectOrphans, options.smart_account_id.value_or(0), kOrphansMax)) {
    sink({"entry_without_change",
          absl::StrCat("account ", row[0].as<int64_t>(), " entry ", row[1].as<int64_t>(), "-",
                       row[2].as<int>()),
          "no change", "its change"});
  }
}

}  // namespace

absl::StatusOr<Verified> VerifyLedger(pg::Pool& pool, const BlockCheckOptions& options,
                                      const FindingSink& sink, const Progress& progress) {
  return pool.Read("ledger_verify", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Verified> {
    Verified verified;
    Totals totals;
    const FindingSink counting_sink = [&](const Finding& finding) {
      ++verified.findings;
      sink(finding);
    };
    // See books_checker.cc.
    transaction.exec("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
    std::optional<int64_t> unsealed;
    if (CheckBlocks(transaction, options, counting_sink, progress, totals, verified.head)) {
      unsealed = CheckUnsealed(transaction, options, counting_sink, progress, totals);
    }
    if (!unsealed.has_value() || !progress("entries without a change")) {
      return absl::CancelledError("verify: the caller has gone");
    }
    CheckOrphans(transaction, options, counting_sink);
    verified.blocks = totals.blocks;
    verified.entries = totals.entries;
    verified.unsealed_changes = *unsealed;
    return verified;
  });
}

}  // namespace quartermaster::ledger::fsck
