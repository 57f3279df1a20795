#include "services/ledger/storage/administration/product_instance_query.h"

#include <algorithm>

#include "services/ledger/storage/administration/sql_values.h"
#include "services/ledger/storage/finding_store.h"

namespace quartermaster::ledger {
namespace {

constexpr char kFindInstance[] =
    "SELECT " QM_INSTANCE_DETAILS
    " FROM product_instances WHERE smart_account_id = $1 AND udi_pid = $2 AND udi_sn = $3";
constexpr char kReadPositions[] =
    "SELECT u.product_instance_id, t.tag, t.display_name, t.known, t.enforcement, t.term, u.in_use, "
    "u.latest_end_s,"
    " u.latest_report_id, u.flags, u.first_use_s, u.last_change_s, u.coverage, u.open_change_s"
    " FROM usage_positions u JOIN license_tags t USING (tag_id)"
    " WHERE u.smart_account_id = $1 AND u.product_instance_id = ANY ($2::bigint[])"
    " ORDER BY u.product_instance_id, t.tag";
// The condition of the index product_instances_ha; a lead is found by its key.
constexpr char kReadHaMembers[] =
    "WITH follower AS (SELECT ha_lead_id, udi_pid, udi_sn, last_acknowledged_at, last_measured_s,"
    "   last_contact_at, virtual_account_id, delivered_policy_id"
    "  FROM product_instances WHERE smart_account_id = $1"
    "   AND ha_lead_id = ANY ($2::bigint[]) AND ha_lead_id <> product_instance_id)"
    " SELECT ha_lead_id, udi_pid, udi_sn, (extract(epoch FROM last_acknowledged_at) * 1000000)::bigint,"
    "  last_measured_s, (extract(epoch FROM last_contact_at) * 1000000)::bigint, virtual_account_id,"
    "  delivered_policy_id FROM ("
    "  SELECT * FROM follower UNION ALL"
    "  SELECT product_instance_id, udi_pid, udi_sn, last_acknowledged_at, last_measured_s,"
    "   last_contact_at, virtual_account_id, delivered_policy_id"
    "  FROM product_instances WHERE smart_account_id = $1"
    "   AND product_instance_id IN (SELECT ha_lead_id FROM follower)) AS member"
    " ORDER BY 1, 2, 3";
constexpr char kReadFindings[] =
    "SELECT DISTINCT product_instance_id, kind FROM report_findings"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[]) AND resolved_at IS NULL ORDER "
    "BY 1, 2";
constexpr char kReadReplacements[] =
    "SELECT o.product_instance_id, n.udi_pid, n.udi_sn, true FROM product_instances o"
    " JOIN product_instances n ON (n.smart_account_id, n.product_instance_id) = ($1, o.replaced_by_id)"
    " WHERE o.smart_account_id = $1 AND o.product_instance_id = ANY ($2::bigint[])"
    "  AND o.replaced_by_id IS NOT NULL"
    " UNION ALL"
    " SELECT o.replaced_by_id, o.udi_pid, o.udi_sn, false FROM product_instances o"
    " WHERE o.smart_account_id = $1 AND o.replaced_by_id = ANY ($2::bigint[])"
    "  AND o.replaced_by_id IS NOT NULL ORDER BY 1, 2, 3";
// The lock of storage/usage_lock.h.
constexpr char kLockInstances[] =
    "INSERT INTO ledger_cursors (consumer, incarnation, xid, change_id, updated_at)"
    " VALUES ('apply_reports', 0, '0', 0, $1::timestamptz) ON CONFLICT (consumer) DO NOTHING";
constexpr char kHoldInstances[] = "SELECT 1 FROM ledger_cursors WHERE consumer = 'apply_reports' FOR UPDATE";
constexpr char kFindKnown[] =
    "SELECT u.pid, u.sn, coalesce(p.smart_account_id, s.smart_account_id), coalesce(p.virtual_account_id, 0),"
    " coalesce(p.hostname, ''), p.removed_at IS NOT NULL"
    " FROM unnest($1::text[], $2::text[]) AS u (pid, sn)"
    " LEFT JOIN product_instances p ON p.udi_pid = u.pid AND p.udi_sn = u.sn"
    " LEFT JOIN ingest_v1_senders s ON s.udi_pid = u.pid AND s.udi_sn = u.sn"
    " WHERE p.product_instance_id IS NOT NULL OR s.smart_account_id <> $3";
constexpr char kInsertInventory[] =
    "WITH row AS MATERIALIZED ("
    "  SELECT nextval('product_instances_product_instance_id_seq') AS id, r.*"
    "  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS r (pid, sn, virtual_account_id, "
    "hostname))"
    " INSERT INTO product_instances (smart_account_id, product_instance_id, udi_pid, udi_sn, "
    "virtual_account_id,"
    "  hostname, ha_lead_id, created_at) OVERRIDING SYSTEM VALUE"
    " SELECT $1, id, pid, sn, virtual_account_id, hostname, id, $6::timestamptz FROM row";
constexpr char kUpdateHostnames[] =
    "UPDATE product_instances p SET hostname = coalesce(nullif(r.hostname, ''), p.hostname), removed_at = "
    "NULL"
    " FROM unnest($2::text[], $3::text[], $4::text[]) AS r (pid, sn, hostname)"
    " WHERE p.smart_account_id = $1 AND p.udi_pid = r.pid AND p.udi_sn = r.sn";

PolicyFacts PolicyFactsOf(const pqxx::field& home, bool acknowledged, const pqxx::field& delivered) {
  PolicyFacts facts{.virtual_account_id = home.as<int64_t>(),
                    .acknowledged = acknowledged,
                    .delivered_policy_id = std::nullopt};
  if (!delivered.is_null()) facts.delivered_policy_id = delivered.as<int64_t>();
  return facts;
}

struct UdiArrays {
  explicit UdiArrays(const std::vector<InventoryRow>& rows) {
    for (const InventoryRow& row : rows) {
      pids.push_back(row.udi.product_id);
      sns.push_back(row.udi.serial_number);
      hostnames.push_back(row.hostname);
    }
  }
  std::vector<std::string> pids, sns, hostnames;
};

}  // namespace

InstanceDetails InstanceDetailsOf(const pqxx::row& row) {
  InstanceDetails details;
  details.id = row[0].as<int64_t>();
  details.udi = {row[1].as<std::string>(), row[2].as<std::string>()};
  details.virtual_account_id = row[3].as<int64_t>();
  details.hostname = row[4].as<std::string>();
  details.software_version = row[5].as<std::string>();
  details.lead_id = row[6].as<int64_t>();
  details.first_contact_at = OptionalMicrosAt(row[7]);
  details.last_contact_at = OptionalMicrosAt(row[8]);
  details.last_acknowledged_at = OptionalMicrosAt(row[9]);
  if (!row[10].is_null()) details.last_measured_s = row[10].as<int64_t>();
  details.removed_at = OptionalMicrosAt(row[11]);
  details.replaced_by_id = row[12].as<int64_t>();
  details.policy = PolicyFactsOf(row[3], details.last_acknowledged_at.has_value(), row[13]);
  return details;
}

std::optional<InstanceDetails> FindInstance(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                            const UdiText& udi) {
  const pqxx::result rows =
      transaction.exec_params(kFindInstance, smart_account_id, udi.product_id, udi.serial_number);
  if (rows.empty()) return std::nullopt;
  return InstanceDetailsOf(rows[0]);
}

std::vector<PositionDetails> ReadPositions(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           const std::vector<int64_t>& lead_ids) {
  std::vector<PositionDetails> positions;
  for (const auto& row : transaction.exec_params(kReadPositions, smart_account_id, IntArray(lead_ids))) {
    PositionDetails position;
    position.consumer_id = row[0].as<int64_t>();
    position.tag = row[1].as<std::string>();
    position.display_name = row[2].as<std::string>();
    position.known = row[3].as<bool>();
    position.enforcement = row[4].as<int>();
    position.term = row[5].as<int>();
    position.in_use = row[6].as<int64_t>();
    position.latest_end_s = row[7].as<int64_t>();
    position.latest_report_id = row[8].as<int64_t>();
    position.flags = row[9].as<int32_t>();
    position.first_use_s = row[10].as<int64_t>();
    position.last_change_s = row[11].as<int64_t>();
    position.open_change_s = row[13].as<int64_t>();
    // Damaged coverage shows as no gaps here; fsck and the apply job name it.
    if (!Coverage::Unpack(pqxx::binarystring(row[12]).str(), position.coverage))
      position.coverage = Coverage();
    positions.push_back(std::move(position));
  }
  return positions;
}

std::map<int64_t, HaSetDetails> ReadHaSets(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           const std::vector<int64_t>& lead_ids) {
  std::map<int64_t, HaSetDetails> sets;
  for (const auto& row : transaction.exec_params(kReadHaMembers, smart_account_id, IntArray(lead_ids))) {
    HaSetDetails& set = sets[row[0].as<int64_t>()];
    set.members.push_back({row[1].as<std::string>(), row[2].as<std::string>()});
    // An absent optional is less than any value.
    set.last_acknowledged_at = std::max(set.last_acknowledged_at, OptionalMicrosAt(row[3]));
    set.last_contact_at = std::max(set.last_contact_at, OptionalMicrosAt(row[5]));
    set.policies.push_back(PolicyFactsOf(row[6], !row[3].is_null(), row[7]));
    if (!row[4].is_null()) set.last_measured_s = std::max(set.last_measured_s, row[4].as<int64_t>());
  }
  return sets;
}

std::map<int64_t, Replacements> ReadReplacements(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id,
                                                 const std::vector<int64_t>& instance_ids) {
  std::map<int64_t, Replacements> replacements;
  for (const auto& row :
       transaction.exec_params(kReadReplacements, smart_account_id, IntArray(instance_ids))) {
    Replacements& of_one = replacements[row[0].as<int64_t>()];
    const UdiText udi{row[1].as<std::string>(), row[2].as<std::string>()};
    if (row[3].as<bool>()) {
      of_one.replaced_by = udi;
    } else {
      of_one.replaces.push_back(udi);
    }
  }
  return replacements;
}

std::map<int64_t, std::vector<std::string>> ReadFindings(pqxx::transaction_base& transaction,
                                                         int64_t smart_account_id,
                                                         const std::vector<int64_t>& instance_ids) {
  std::map<int64_t, std::vector<std::string>> findings;
  for (const auto& row : transaction.exec_params(kReadFindings, smart_account_id, IntArray(instance_ids))) {
    findings[row[0].as<int64_t>()].emplace_back(FindingName(static_cast<FindingKind>(row[1].as<int>())));
  }
  return findings;
}

void LockInstances(pqxx::transaction_base& transaction, absl::Time now) {
  transaction.exec_params(kLockInstances, TimeText(now));
  transaction.exec(kHoldInstances);
}

std::map<UdiText, KnownInstance> FindKnownInstances(pqxx::transaction_base& transaction,
                                                    int64_t smart_account_id,
                                                    const std::vector<UdiText>& udis) {
  std::vector<std::string> pids, sns;
  for (const UdiText& udi : udis) {
    pids.push_back(udi.product_id);
    sns.push_back(udi.serial_number);
  }
  std::map<UdiText, KnownInstance> known;
  for (const auto& row :
       transaction.exec_params(kFindKnown, TextArray(pids), TextArray(sns), smart_account_id)) {
    known[{row[0].as<std::string>(), row[1].as<std::string>()}] = {
        row[2].as<int64_t>(), row[3].as<int64_t>(), row[4].as<std::string>(), row[5].as<bool>()};
  }
  return known;
}

void InsertInventory(pqxx::transaction_base& transaction, int64_t smart_account_id,
                     const std::vector<InventoryRow>& rows, absl::Time now) {
  const UdiArrays arrays(rows);
  std::vector<int64_t> homes;
  for (const InventoryRow& row : rows) homes.push_back(row.virtual_account_id);
  transaction.exec_params(kInsertInventory, smart_account_id, TextArray(arrays.pids), TextArray(arrays.sns),
                          IntArray(homes), TextArray(arrays.hostnames), TimeText(now));
}

void UpdateHostnames(pqxx::transaction_base& transaction, int64_t smart_account_id,
                     const std::vector<InventoryRow>& rows) {
  const UdiArrays arrays(rows);
  transaction.exec_params(kUpdateHostnames, smart_account_id, TextArray(arrays.pids), TextArray(arrays.sns),
                          TextArray(arrays.hostnames));
}

}  // namespace quartermaster::ledger
