#include "services/ledger/storage/administration/enrollment.h"

namespace quartermaster::ledger {
namespace {

constexpr char kIsEnrolled[] = R"sql(
  SELECT EXISTS (SELECT FROM id_token_redemptions
                 WHERE smart_account_id = $1 AND udi_pid = $2 AND udi_sn = $3)
      OR EXISTS (SELECT FROM authority_v1_enrolled
                 WHERE smart_account_id = $1 AND udi_pid = $2 AND udi_sn = $3))sql";
constexpr char kHomeByIdToken[] = R"sql(
  SELECT v.virtual_account_id, v.closed_at IS NOT NULL FROM id_token_redemptions r
  JOIN id_tokens t USING (smart_account_id, id_token_id)
  JOIN virtual_accounts v USING (smart_account_id, virtual_account_id)
  WHERE r.smart_account_id = $1 AND r.udi_pid = $2 AND r.udi_sn = $3
  ORDER BY r.redeemed_at DESC, r.id_token_id DESC LIMIT 1)sql";

}  // namespace

bool IsEnrolled(pqxx::transaction_base& transaction, int64_t smart_account_id, const UdiText& udi) {
  return transaction.exec_params1(kIsEnrolled, smart_account_id, udi.product_id, udi.serial_number)[0]
      .as<bool>();
}

std::optional<int64_t> HomeByIdToken(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     const UdiText& udi) {
  const pqxx::result rows =
      transaction.exec_params(kHomeByIdToken, smart_account_id, udi.product_id, udi.serial_number);
  if (rows.empty() || rows[0][1].as<bool>()) return std::nullopt;
  return rows[0][0].as<int64_t>();
}

}  // namespace quartermaster::ledger
