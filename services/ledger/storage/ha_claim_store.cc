#include "services/ledger/storage/ha_claim_store.h"

#include <string_view>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kInsertClaims[] = R"sql(
  INSERT INTO ha_claims (smart_account_id, product_instance_id, udi_pid, udi_sn)
  SELECT $1, id, pid, sn FROM unnest($2::bigint[], $3::text[], $4::text[]) AS c (id, pid, sn)
  ON CONFLICT DO NOTHING RETURNING product_instance_id, udi_pid, udi_sn)sql";

constexpr char kSelectMutual[] = R"sql(
  SELECT me.product_instance_id, peer.product_instance_id
  FROM unnest($2::bigint[], $3::text[], $4::text[]) AS c (id, pid, sn)
  JOIN product_instances me ON me.smart_account_id = $1 AND me.product_instance_id = c.id
  JOIN product_instances peer ON peer.udi_pid = c.pid AND peer.udi_sn = c.sn AND peer.smart_account_id = $1
  JOIN ha_claims back ON back.smart_account_id = $1 AND back.product_instance_id = peer.product_instance_id
    AND back.udi_pid = me.udi_pid AND back.udi_sn = me.udi_sn
  ORDER BY 1, 2)sql";

pg::Params ParamsOf(int64_t smart_account_id, const std::vector<HaClaim>& claims) {
  std::vector<int64_t> ids;
  std::vector<std::string_view> pids;
  std::vector<std::string_view> sns;
  for (const HaClaim& claim : claims) {
    ids.push_back(claim.product_instance_id);
    pids.push_back(claim.named.product_id);
    sns.push_back(claim.named.serial_number);
  }
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(ids);
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  return params;
}

}  // namespace

absl::StatusOr<std::vector<HaClaim>> InsertHaClaims(pg::RawConnection& connection, int64_t smart_account_id,
                                                    const std::vector<HaClaim>& claims) {
  ASSIGN_OR_RETURN(const pg::Result rows,
                   connection.Execute(kInsertClaims, ParamsOf(smart_account_id, claims)));
  std::vector<HaClaim> added;
  for (int row = 0; row < rows.rows(); ++row) {
    added.push_back({rows.Int64(row, 0), {std::string(rows.Bytes(row, 1)), std::string(rows.Bytes(row, 2))}});
  }
  return added;
}

absl::StatusOr<std::vector<std::pair<int64_t, int64_t>>> FindMutualClaims(
    pg::RawConnection& connection, int64_t smart_account_id, const std::vector<HaClaim>& claims) {
  ASSIGN_OR_RETURN(const pg::Result rows,
                   connection.Execute(kSelectMutual, ParamsOf(smart_account_id, claims)));
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (int row = 0; row < rows.rows(); ++row) pairs.emplace_back(rows.Int64(row, 0), rows.Int64(row, 1));
  return pairs;
}

}  // namespace quartermaster::ledger
