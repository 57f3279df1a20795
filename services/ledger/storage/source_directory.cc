#include "services/ledger/storage/source_directory.h"

#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/home_rule.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/license_tag_store.h"

namespace quartermaster::ledger {
namespace {

constexpr char kSelectSources[] =
    "SELECT s.smart_account_id, s.source_id, s.udi_pid, s.udi_sn, s.entitlement_tag"
    " FROM unnest($1::bigint[], $2::bigint[]) AS wanted (smart_account_id, source_id)"
    " JOIN ingest_v1_sources s ON s.smart_account_id = wanted.smart_account_id"
    " AND s.source_id = wanted.source_id";

struct SourceRow {
  SourceDirectory::SourceKey key;
  UdiText udi;
  std::string tag;
};

template <typename Missing>
absl::StatusOr<std::vector<SourceRow>> FindSources(pg::RawConnection& connection, const Missing& missing) {
  std::vector<int64_t> accounts;
  std::vector<int64_t> ids;
  for (const auto& [key, door] : missing) {
    accounts.push_back(key.first);
    ids.push_back(key.second);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectSources, params));
  std::vector<SourceRow> rows;
  for (int row = 0; row < result.rows(); ++row) {
    rows.push_back({.key = {result.Int64(row, 0), result.Int64(row, 1)},
                    .udi = {std::string(result.Bytes(row, 2)), std::string(result.Bytes(row, 3))},
                    .tag = std::string(result.Bytes(row, 4))});
  }
  return rows;
}

using InstancesByUdi = std::map<UdiText, InstanceRow>;

// The first report of a UDI: it places an instance that is new.
struct FirstContact {
  int64_t smart_account_id = 0;
  size_t number = 0;
  std::optional<int64_t> door;
};
using FirstContacts = std::map<UdiText, FirstContact>;

// Which of the Virtual Accounts that point to a home are closed.
absl::StatusOr<std::set<int64_t>> Closed(pg::RawConnection& connection, const std::set<int64_t>& accounts,
                                         const std::set<int64_t>& hints) {
  if (hints.empty()) return std::set<int64_t>();
  return ClosedVirtualAccounts(connection, std::vector(accounts.begin(), accounts.end()),
                               std::vector(hints.begin(), hints.end()));
}

// Product instances of the UDIs, made where they are missing.
absl::StatusOr<InstancesByUdi> FindOrMakeInstances(pg::RawConnection& connection,
                                                   const FirstContacts& contacts, absl::Time now) {
  std::vector<UdiText> udis;
  for (const auto& [udi, contact] : contacts) udis.push_back(udi);
  ASSIGN_OR_RETURN(const std::vector<InstanceRow> found, FindInstances(connection, udis));
  InstancesByUdi instances;
  for (const InstanceRow& row : found) instances.emplace(row.udi, row);
  if (instances.size() == contacts.size()) return instances;

  std::set<int64_t> accounts;
  for (const auto& [udi, contact] : contacts) accounts.insert(contact.smart_account_id);
  ASSIGN_OR_RETURN(const auto defaults,
                   DefaultVirtualAccounts(connection, std::vector(accounts.begin(), accounts.end())));
  ASSIGN_OR_RETURN(const auto trust_homes, TrustCodeHomes(connection, udis));
  std::set<int64_t> hints;
  for (const auto& [udi, home] : trust_homes) hints.insert(home);
  for (const auto& [udi, contact] : contacts) {
    if (contact.door.has_value()) hints.insert(*contact.door);
  }
  ASSIGN_OR_RETURN(const std::set<int64_t> closed, Closed(connection, accounts, hints));
  std::vector<InstanceRow> made;
  for (const auto& [udi, contact] : contacts) {
    if (instances.contains(udi)) continue;
    std::optional<int64_t> trust_home;
    if (const auto home = trust_homes.find({contact.smart_account_id, udi}); home != trust_homes.end()) {
      trust_home = home->second;
    }
    const auto fallback = defaults.find(contact.smart_account_id);
    if (fallback == defaults.end()) {
      return ReportUnbookable(
          absl::StrCat("a Smart Account (", contact.smart_account_id, ") without a default Virtual Account"));
    }
    made.push_back(
        {.smart_account_id = contact.smart_account_id,
         .udi = udi,
         .virtual_account_id = HomeOf({.trust_code = trust_home, .inventory = {}, .door = contact.door},
                                      closed, fallback->second)});
  }
  RETURN_IF_ERROR(InsertInstances(connection, made, now));
  for (const InstanceRow& row : made) instances.emplace(row.udi, row);
  return instances;
}

Instance InstanceOf(const InstanceRow& row) {
  return {.product_instance_id = row.product_instance_id,
          .virtual_account_id = row.virtual_account_id,
          .lead_id = row.lead_id,
          .consumer_virtual_account_id = row.lead_virtual_account_id,
          .consumer_home_since_s = row.lead_home_since_s};
}

}  // namespace

void SourceDirectory::Clear() {
  sources_.Clear();
  instances_.Clear();
}

absl::Status SourceDirectory::ResolveMissing(pg::RawConnection& connection, const Missing& missing,
                                             absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<SourceRow> rows, FindSources(connection, missing));
  std::set<std::string> tags;
  FirstContacts contacts;
  for (const SourceRow& row : rows) {
    tags.insert(row.tag);
    const FirstReport& first = missing.at(row.key);
    const auto [known, is_new] =
        contacts.emplace(row.udi, FirstContact{row.key.first, first.number, first.door});
    if (!is_new && first.number < known->second.number) {
      known->second.number = first.number;
      known->second.door = first.door;
    }
  }
  if (rows.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto tag_ids, TagIdsOf(connection, tags, now));
  ASSIGN_OR_RETURN(const InstancesByUdi instances, FindOrMakeInstances(connection, contacts, now));
  for (const SourceRow& row : rows) {
    const InstanceRow& instance = instances.at(row.udi);
    if (instance.smart_account_id != row.key.first) continue;
    sources_.Put(row.key, {instance.product_instance_id, tag_ids.at(row.tag)});
    if (instances_.Find(instance.product_instance_id) == nullptr) Remember(InstanceOf(instance));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::optional<Source>>> SourceDirectory::Resolve(
    pg::RawConnection& connection, std::span<const StoredReport> reports, absl::Time now) {
  std::vector<std::optional<Source>> sources(reports.size());
  Missing missing;
  for (size_t i = 0; i < reports.size(); ++i) {
    const SourceKey key{reports[i].smart_account_id, reports[i].source_id};
    if (const Source* known = sources_.Find(key); known != nullptr) {
      sources[i] = *known;
    } else {
      missing.emplace(key, FirstReport{i, reports[i].door_virtual_account_id});
    }
  }
  if (missing.empty()) return sources;
  RETURN_IF_ERROR(ResolveMissing(connection, missing, now));
  for (size_t i = 0; i < reports.size(); ++i) {
    if (sources[i].has_value()) continue;
    const Source* known = sources_.Find({reports[i].smart_account_id, reports[i].source_id});
    if (known != nullptr) sources[i] = *known;
  }
  return sources;
}

absl::StatusOr<absl::flat_hash_map<int64_t, Instance>> SourceDirectory::Instances(
    pg::RawConnection& connection, std::span<const InstanceKey> keys) {
  absl::flat_hash_map<int64_t, Instance> instances;
  instances.reserve(keys.size());
  std::vector<InstanceKey> missing;
  for (const InstanceKey& key : keys) {
    if (instances.contains(key.product_instance_id)) continue;
    if (const Instance* known = instances_.Find(key.product_instance_id); known != nullptr) {
      instances.emplace(key.product_instance_id, *known);
    } else {
      missing.push_back(key);
    }
  }
  if (missing.empty()) return instances;
  ASSIGN_OR_RETURN(const std::vector<InstanceRow> rows, FindInstancesById(connection, missing));
  for (const InstanceRow& row : rows) {
    Remember(InstanceOf(row));
    instances.emplace(row.product_instance_id, InstanceOf(row));
  }
  return instances;
}

}  // namespace quartermaster::ledger
