// Product instances as administrators see them: lists, one whole, and imported inventory.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_PRODUCT_INSTANCE_QUERY_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_PRODUCT_INSTANCE_QUERY_H_

#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/coverage.h"
#include "services/ledger/storage/administration/instance_policies.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

struct InstanceDetails {
  int64_t id = 0;
  UdiText udi;
  int64_t virtual_account_id = 0;
  std::string hostname;
  std::string software_version;
  int64_t lead_id = 0;
  std::optional<absl::Time> first_contact_at, last_contact_at, last_acknowledged_at;
  std::optional<int64_t> last_measured_s;
  PolicyFacts policy;
  std::optional<absl::Time> removed_at;
  // 0 = nothing took its place.
  int64_t replaced_by_id = 0;
};

struct PositionDetails {
  int64_t consumer_id = 0;
  std::string tag;
  std::string display_name;
  bool known = false;
  int enforcement = 1;
  int term = 2;
  int64_t in_use = 0;
  int64_t latest_end_s = 0;
  int64_t latest_report_id = 0;
  int32_t flags = 0;  // PositionFlag
  int64_t first_use_s = 0;
  int64_t last_change_s = 0;
  int64_t open_change_s = 0;
  Coverage coverage;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

// Columns of product_instances that InstanceDetailsOf reads.
#define QM_INSTANCE_DETAILS                                                                            \
  "product_instance_id, udi_pid, udi_sn, virtual_account_id, hostname, software_version, ha_lead_id,"  \
  " (extract(epoch FROM first_contact_at) * 1000000)::bigint, (extract(epoch FROM last_contact_at) * " \
  "1000000)::bigint,"                                                                                  \
  " (extract(epoch FROM last_acknowledged_at) * 1000000)::bigint, last_measured_s,"                    \
  " (extract(epoch FROM removed_at) * 1000000)::bigint, coalesce(replaced_by_id, 0),"                  \
  " delivered_policy_id"
InstanceDetails InstanceDetailsOf(const pqxx::row& row);

std::optional<InstanceDetails> FindInstance(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                            const UdiText& udi);

// Positions of these consumers (leads), in the order of their tags.
std::vector<PositionDetails> ReadPositions(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           const std::vector<int64_t>& lead_ids);
struct HaSetDetails {
  std::vector<UdiText> members;  // in the order of their UDIs
  // The latest of any member's.
  std::optional<absl::Time> last_acknowledged_at;
  std::optional<absl::Time> last_contact_at;
  int64_t last_measured_s = 0;
  // Of each member.
  std::vector<PolicyFacts> policies;
};
// By lead, of the leads that have more than one member.
std::map<int64_t, HaSetDetails> ReadHaSets(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           const std::vector<int64_t>& lead_ids);
// Of these product instances: what took the place of each, and which it took.
struct Replacements {
  std::optional<UdiText> replaced_by;
  std::vector<UdiText> replaces;
};
std::map<int64_t, Replacements> ReadReplacements(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id,
                                                 const std::vector<int64_t>& instance_ids);
// Names of open findings by product instance.
std::map<int64_t, std::vector<std::string>> ReadFindings(pqxx::transaction_base& transaction,
                                                         int64_t smart_account_id,
                                                         const std::vector<int64_t>& instance_ids);

struct InventoryRow {
  UdiText udi;
  int64_t virtual_account_id = 0;
  std::string hostname;
};
struct KnownInstance {
  int64_t smart_account_id = 0;
  int64_t virtual_account_id = 0;
  std::string hostname;
  bool removed = false;
};
// Waits until nobody else writes product instances, for the rest of the transaction.
void LockInstances(pqxx::transaction_base& transaction, absl::Time now);
// Of these the product instances of any account, and, without a Virtual Account, those whose reports
// ingest accepted for another Smart Account than this one and that are not applied yet.
std::map<UdiText, KnownInstance> FindKnownInstances(pqxx::transaction_base& transaction,
                                                    int64_t smart_account_id,
                                                    const std::vector<UdiText>& udis);
void InsertInventory(pqxx::transaction_base& transaction, int64_t smart_account_id,
                     const std::vector<InventoryRow>& rows, absl::Time now);
// And brings back those that were removed. An empty hostname changes none.
void UpdateHostnames(pqxx::transaction_base& transaction, int64_t smart_account_id,
                     const std::vector<InventoryRow>& rows);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_PRODUCT_INSTANCE_QUERY_H_
