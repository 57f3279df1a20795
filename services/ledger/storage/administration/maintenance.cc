#include "services/ledger/storage/administration/maintenance.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kInsertSwitch[] = R"sql(
  INSERT INTO unverifiable_policies (smart_account_id, effective_at, counts)
  SELECT $1, greatest(date_trunc('second', $3::timestamptz), max(effective_at) + interval '1 second'), $2
  FROM unverifiable_policies WHERE smart_account_id = $1)sql";

constexpr char kMakePartitions[] = R"sql(
  SELECT ledger_make_entry_partitions($1::timestamptz, $1::timestamptz + interval '3 months'))sql";

constexpr char kDeleteAnswers[] = R"sql(
  DELETE FROM ledger_requests WHERE recorded_at < $1::timestamptz - interval '7 days')sql";

}  // namespace

absl::Status SwitchUnverifiablePolicy(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      bool counts, const Act& act) {
  transaction.exec_params(kInsertSwitch, smart_account_id, counts, TimeText(act.now));
  return absl::OkStatus();
}

absl::Status MakeEntryPartitions(pg::Pool& pool, absl::Time now) {
  return pool.Transact("ledger_make_partitions", [&](pqxx::transaction_base& transaction) -> absl::Status {
    transaction.exec_params(kMakePartitions, TimeText(now));
    return absl::OkStatus();
  });
}

absl::Status ForgetOldAnswers(pg::Pool& pool, absl::Time now) {
  return pool.Transact("ledger_forget_old_answers", [&](pqxx::transaction_base& transaction) -> absl::Status {
    transaction.exec_params(kDeleteAnswers, TimeText(now));
    return absl::OkStatus();
  });
}

}  // namespace quartermaster::ledger
