#include "services/ledger/storage/administration/authorization_release_book.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kFindRelease[] = R"sql(
  SELECT reason, requested_by, (extract(epoch FROM requested_at) * 1000000)::bigint,
         (extract(epoch FROM expires_at) * 1000000)::bigint, decided_by,
         (extract(epoch FROM decided_at) * 1000000)::bigint
  FROM authorization_releases WHERE smart_account_id = $1 AND authorization_id = $2)sql";
constexpr char kPutRelease[] = R"sql(
  INSERT INTO authorization_releases (smart_account_id, authorization_id, reason, requested_by, requested_at,
    expires_at, decided_by, decided_at)
  VALUES ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz, $7, $8::timestamptz)
  ON CONFLICT (smart_account_id, authorization_id) DO UPDATE SET reason = excluded.reason,
    requested_by = excluded.requested_by, requested_at = excluded.requested_at,
    expires_at = excluded.expires_at, decided_by = excluded.decided_by, decided_at = excluded.decided_at)sql";

}  // namespace

std::optional<AuthorizationRelease> FindRelease(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                int64_t authorization_id) {
  const pqxx::result rows = transaction.exec_params(kFindRelease, smart_account_id, authorization_id);
  if (rows.empty()) return std::nullopt;
  AuthorizationRelease release;
  release.authorization_id = authorization_id;
  release.reason = rows[0][0].as<std::string>();
  release.requested_by = rows[0][1].as<std::string>();
  release.requested_at = MicrosAt(rows[0][2]);
  release.expires_at = MicrosAt(rows[0][3]);
  release.decided_by = rows[0][4].as<std::string>();
  release.decided_at = OptionalMicrosAt(rows[0][5]);
  return release;
}

void PutRelease(pqxx::transaction_base& transaction, int64_t smart_account_id,
                const AuthorizationRelease& release) {
  transaction.exec_params(kPutRelease, smart_account_id, release.authorization_id, release.reason,
                          release.requested_by, TimeText(release.requested_at), TimeText(release.expires_at),
                          release.decided_by, TimeText(release.decided_at));
}

}  // namespace quartermaster::ledger
