#include "services/ledger/storage/administration/erasure_book.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kEraseHostname[] = R"sql(
  UPDATE product_instances SET hostname = ''
  WHERE smart_account_id = $1 AND udi_pid = $2 AND udi_sn = $3
  RETURNING product_instance_id)sql";
constexpr char kUpsertErasure[] = R"sql(
  INSERT INTO instance_erasures AS e (smart_account_id, product_instance_id, erased_at)
  VALUES ($1, $2, $3::timestamptz)
  ON CONFLICT (smart_account_id, product_instance_id) DO UPDATE
  SET erased_at = greatest(e.erased_at, excluded.erased_at))sql";

}  // namespace

bool EraseDetails(pqxx::transaction_base& transaction, int64_t smart_account_id, const UdiText& udi,
                  absl::Time now) {
  LockInstances(transaction, now);
  const pqxx::result erased =
      transaction.exec_params(kEraseHostname, smart_account_id, udi.product_id, udi.serial_number);
  if (erased.empty()) return false;
  transaction.exec_params(kUpsertErasure, smart_account_id, erased[0][0].as<int64_t>(), TimeText(now));
  return true;
}

}  // namespace quartermaster::ledger
