#include "services/ledger/storage/product_instance_store.h"

#include <string_view>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kRemovedConsumers[] =
    "SELECT ha_lead_id FROM product_instances WHERE smart_account_id = $1 AND (product_instance_id = ANY ($2)"
    "  OR ha_lead_id = ANY ($2) AND ha_lead_id <> product_instance_id)"
    " GROUP BY 1 HAVING bool_and(removed_at IS NOT NULL)";

#define QM_INSTANCE_COLUMNS                                                \
  "SELECT i.product_instance_id, i.smart_account_id, i.udi_pid, i.udi_sn," \
  " i.virtual_account_id, i.ha_lead_id, lead.virtual_account_id,"          \
  " coalesce(i.home_since_s, 0), coalesce(lead.home_since_s, 0) FROM "
#define QM_JOIN_LEAD                                                           \
  " JOIN product_instances lead ON lead.smart_account_id = i.smart_account_id" \
  " AND lead.product_instance_id = i.ha_lead_id"

constexpr char kSelectInstancesByUdi[] = QM_INSTANCE_COLUMNS
    "unnest($1::text[], $2::text[]) AS wanted (pid, sn)"
    " JOIN product_instances i ON i.udi_pid = wanted.pid AND i.udi_sn = wanted.sn" QM_JOIN_LEAD;

constexpr char kSelectInstancesById[] = QM_INSTANCE_COLUMNS
    "unnest($1::bigint[], $2::bigint[]) AS wanted (smart_account_id, id)"
    " JOIN product_instances i ON i.smart_account_id = wanted.smart_account_id"
    " AND i.product_instance_id = wanted.id" QM_JOIN_LEAD;

constexpr char kSelectHaMembers[] = QM_INSTANCE_COLUMNS
    "unnest($2::bigint[]) AS wanted (lead_id)"
    " JOIN product_instances i ON i.smart_account_id = $1 AND (i.ha_lead_id = wanted.lead_id"
    " AND i.ha_lead_id <> i.product_instance_id OR i.product_instance_id = wanted.lead_id)" QM_JOIN_LEAD;

#undef QM_INSTANCE_COLUMNS
#undef QM_JOIN_LEAD

constexpr char kDrawInstanceIds[] =
    "SELECT nextval('product_instances_product_instance_id_seq') FROM generate_series(1, $1)";

constexpr char kInsertInstances[] =
    "INSERT INTO product_instances (product_instance_id, smart_account_id, udi_pid, udi_sn,"
    " virtual_account_id, ha_lead_id, created_at) OVERRIDING SYSTEM VALUE"
    " SELECT id, smart_account_id, pid, sn, virtual_account_id, id, $6"
    " FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])"
    " AS i (id, smart_account_id, pid, sn, virtual_account_id)";

constexpr char kSelectDefaultVirtualAccounts[] =
    "SELECT smart_account_id, virtual_account_id FROM virtual_accounts"
    " WHERE is_default AND smart_account_id = ANY ($1)";

constexpr char kSelectTrustCodeHomes[] =
    "SELECT DISTINCT ON (r.smart_account_id, r.udi_pid, r.udi_sn)"
    " r.smart_account_id, r.udi_pid, r.udi_sn, t.virtual_account_id"
    " FROM unnest($1::text[], $2::text[]) AS wanted (pid, sn)"
    " JOIN id_token_redemptions r ON r.udi_pid = wanted.pid AND r.udi_sn = wanted.sn"
    " JOIN id_tokens t USING (smart_account_id, id_token_id)"
    " ORDER BY r.smart_account_id, r.udi_pid, r.udi_sn, r.redeemed_at DESC, r.id_token_id DESC";
constexpr char kSelectClosed[] =
    "SELECT virtual_account_id FROM virtual_accounts WHERE smart_account_id = ANY ($1)"
    " AND virtual_account_id = ANY ($2) AND closed_at IS NOT NULL";

constexpr char kUpdateContacts[] =
    "UPDATE product_instances i SET"
    " first_contact_at = LEAST(i.first_contact_at, c.first),"
    " last_contact_at = GREATEST(i.last_contact_at, c.last),"
    " software_version = CASE WHEN c.version <> ''"
    " AND c.measured_s >= COALESCE(i.last_measured_s, 0)"
    " THEN c.version ELSE i.software_version END,"
    " last_measured_s = GREATEST(i.last_measured_s, NULLIF(c.measured_s, 0)),"
    " ever_verified = i.ever_verified OR c.verified <> 0,"
    " removed_at = CASE WHEN c.last > i.removed_at"
    " OR c.measured_s > extract(epoch FROM i.removed_at) THEN NULL ELSE i.removed_at END"
    " FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::bigint[],"
    " $6::text[], $7::smallint[])"
    " AS c (smart_account_id, id, first, last, measured_s, version, verified)"
    " WHERE i.smart_account_id = c.smart_account_id AND i.product_instance_id = c.id";

constexpr char kSelectAcknowledged[] =
    "SELECT id, floor(extract(epoch FROM acknowledged_at))::bigint"
    " FROM (SELECT l.product_instance_id AS id, greatest(l.last_acknowledged_at,"
    "   (SELECT max(m.last_acknowledged_at) FROM product_instances m"
    "    WHERE m.smart_account_id = l.smart_account_id AND m.ha_lead_id = l.product_instance_id"
    "     AND m.ha_lead_id <> m.product_instance_id)) AS acknowledged_at"
    "  FROM unnest($2::bigint[]) AS wanted (id) JOIN product_instances l"
    "   ON l.smart_account_id = $1 AND l.product_instance_id = wanted.id) AS consumer"
    " WHERE acknowledged_at IS NOT NULL";

constexpr char kUpdateLead[] =
    "UPDATE product_instances SET ha_lead_id = $2"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($3)";

// A follower is found by the condition of the index product_instances_ha.
constexpr char kMarkRemoved[] =
    "UPDATE product_instances SET removed_at = $4"
    " WHERE smart_account_id = $1 AND removed_at IS NULL AND product_instance_id IN ("
    "  SELECT product_instance_id FROM product_instances WHERE smart_account_id = $1"
    "   AND ha_lead_id = ANY ($2) AND ha_lead_id <> product_instance_id"
    "  UNION ALL SELECT unnest($2::bigint[]) UNION ALL SELECT unnest($3::bigint[]))"
    " RETURNING product_instance_id";

std::vector<InstanceRow> ReadRows(const pg::Result& result) {
  std::vector<InstanceRow> rows;
  rows.reserve(result.rows());
  for (int row = 0; row < result.rows(); ++row) {
    rows.push_back({.product_instance_id = result.Int64(row, 0),
                    .smart_account_id = result.Int64(row, 1),
                    .udi = {std::string(result.Bytes(row, 2)), std::string(result.Bytes(row, 3))},
                    .virtual_account_id = result.Int64(row, 4),
                    .lead_id = result.Int64(row, 5),
                    .lead_virtual_account_id = result.Int64(row, 6),
                    .home_since_s = result.Int64(row, 7),
                    .lead_home_since_s = result.Int64(row, 8)});
  }
  return rows;
}

absl::Status DrawIds(pg::RawConnection& connection, std::span<InstanceRow> instances) {
  pg::Params params;
  params.Add(static_cast<int32_t>(instances.size()));
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kDrawInstanceIds, params));
  for (size_t i = 0; i < instances.size(); ++i) {
    instances[i].product_instance_id = result.Int64(static_cast<int>(i), 0);
    instances[i].lead_id = instances[i].product_instance_id;
    instances[i].lead_virtual_account_id = instances[i].virtual_account_id;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<InstanceRow>> FindInstances(pg::RawConnection& connection,
                                                       std::span<const UdiText> udis) {
  std::vector<std::string_view> pids;
  std::vector<std::string_view> sns;
  for (const UdiText& udi : udis) {
    pids.push_back(udi.product_id);
    sns.push_back(udi.serial_number);
  }
  pg::Params params;
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectInstancesByUdi, params));
  return ReadRows(result);
}

absl::StatusOr<std::vector<InstanceRow>> FindInstancesById(pg::RawConnection& connection,
                                                           std::span<const InstanceKey> keys) {
  std::vector<int64_t> accounts;
  std::vector<int64_t> ids;
  for (const InstanceKey& key : keys) {
    accounts.push_back(key.smart_account_id);
    ids.push_back(key.product_instance_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectInstancesById, params));
  return ReadRows(result);
}

absl::StatusOr<std::vector<InstanceRow>> FindHaMembers(pg::RawConnection& connection,
                                                       int64_t smart_account_id,
                                                       std::span<const int64_t> lead_ids) {
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(lead_ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectHaMembers, params));
  return ReadRows(result);
}

absl::StatusOr<std::vector<int64_t>> RemovedConsumers(pg::RawConnection& connection, int64_t smart_account_id,
                                                      std::span<const int64_t> consumers) {
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(consumers);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kRemovedConsumers, params));
  std::vector<int64_t> removed;
  for (int row = 0; row < result.rows(); ++row) removed.push_back(result.Int64(row, 0));
  return removed;
}

absl::Status InsertInstances(pg::RawConnection& connection, std::span<InstanceRow> instances,
                             absl::Time now) {
  if (instances.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(DrawIds(connection, instances));
  std::vector<int64_t> ids;
  std::vector<int64_t> accounts;
  std::vector<std::string_view> pids;
  std::vector<std::string_view> sns;
  std::vector<int64_t> homes;
  for (const InstanceRow& instance : instances) {
    ids.push_back(instance.product_instance_id);
    accounts.push_back(instance.smart_account_id);
    pids.push_back(instance.udi.product_id);
    sns.push_back(instance.udi.serial_number);
    homes.push_back(instance.virtual_account_id);
  }
  pg::Params params;
  params.AddArray(ids);
  params.AddArray(accounts);
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  params.AddArray(homes);
  params.Add(now);
  return connection.Execute(kInsertInstances, params).status();
}

absl::StatusOr<absl::flat_hash_map<int64_t, int64_t>> DefaultVirtualAccounts(
    pg::RawConnection& connection, std::span<const int64_t> smart_account_ids) {
  pg::Params params;
  params.AddArray(smart_account_ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectDefaultVirtualAccounts, params));
  absl::flat_hash_map<int64_t, int64_t> defaults;
  for (int row = 0; row < result.rows(); ++row) {
    defaults.emplace(result.Int64(row, 0), result.Int64(row, 1));
  }
  return defaults;
}

absl::StatusOr<std::map<std::pair<int64_t, UdiText>, int64_t>> TrustCodeHomes(pg::RawConnection& connection,
                                                                              std::span<const UdiText> udis) {
  std::vector<std::string_view> pids;
  std::vector<std::string_view> sns;
  for (const UdiText& udi : udis) {
    pids.push_back(udi.product_id);
    sns.push_back(udi.serial_number);
  }
  pg::Params params;
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectTrustCodeHomes, params));
  std::map<std::pair<int64_t, UdiText>, int64_t> homes;
  for (int row = 0; row < result.rows(); ++row) {
    UdiText udi{std::string(result.Bytes(row, 1)), std::string(result.Bytes(row, 2))};
    homes.emplace(std::make_pair(result.Int64(row, 0), std::move(udi)), result.Int64(row, 3));
  }
  return homes;
}

absl::StatusOr<std::set<int64_t>> ClosedVirtualAccounts(pg::RawConnection& connection,
                                                        std::span<const int64_t> smart_account_ids,
                                                        std::span<const int64_t> virtual_account_ids) {
  pg::Params params;
  params.AddArray(smart_account_ids);
  params.AddArray(virtual_account_ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectClosed, params));
  std::set<int64_t> closed;
  for (int row = 0; row < result.rows(); ++row) closed.insert(result.Int64(row, 0));
  return closed;
}

absl::Status RecordContacts(pg::RawConnection& connection, std::span<const Contact> contacts) {
  if (contacts.empty()) return absl::OkStatus();
  std::vector<int64_t> accounts;
  std::vector<int64_t> ids;
  std::vector<absl::Time> firsts;
  std::vector<absl::Time> lasts;
  std::vector<int64_t> measured;
  std::vector<std::string_view> versions;
  std::vector<int16_t> verified;
  for (const Contact& contact : contacts) {
    accounts.push_back(contact.smart_account_id);
    ids.push_back(contact.product_instance_id);
    firsts.push_back(contact.first);
    lasts.push_back(contact.last);
    measured.push_back(contact.last_measured_s);
    versions.push_back(contact.software_version);
    verified.push_back(contact.verified ? 1 : 0);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(ids);
  params.AddArray(firsts);
  params.AddArray(lasts);
  params.AddArray(measured);
  params.AddTextArray(versions);
  params.AddArray(verified);
  return connection.Execute(kUpdateContacts, params).status();
}

absl::StatusOr<absl::flat_hash_map<int64_t, int64_t>> LastAcknowledged(pg::RawConnection& connection,
                                                                       int64_t smart_account_id,
                                                                       std::span<const int64_t> lead_ids) {
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(lead_ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectAcknowledged, params));
  absl::flat_hash_map<int64_t, int64_t> times;
  for (int row = 0; row < result.rows(); ++row) times.emplace(result.Int64(row, 0), result.Int64(row, 1));
  return times;
}

absl::StatusOr<int64_t> MarkRemoved(pg::RawConnection& connection, int64_t smart_account_id,
                                    std::span<const int64_t> lead_ids, std::span<const int64_t> members,
                                    absl::Time now) {
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(lead_ids);
  params.AddArray(members);
  params.Add(now);
  ASSIGN_OR_RETURN(const pg::Result marked, connection.Execute(kMarkRemoved, params));
  return marked.rows();
}

absl::Status SetLead(pg::RawConnection& connection, int64_t smart_account_id, int64_t lead_id,
                     std::span<const int64_t> members) {
  pg::Params params;
  params.Add(smart_account_id);
  params.Add(lead_id);
  params.AddArray(members);
  return connection.Execute(kUpdateLead, params).status();
}

}  // namespace quartermaster::ledger
