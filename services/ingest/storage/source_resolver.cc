#include "services/ingest/storage/source_resolver.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {

// A distinct source that the cache does not have.
struct SourceResolver::Unknown {
  const Udi* udi = nullptr;
  std::string_view entitlement_tag;
  std::string key;
  // 0 = no row.
  int64_t sender_id = 0;
  int64_t sender_smart_account_id = 0;
  int64_t source_id = 0;
};

absl::Status SourceResolver::Resolve(int64_t smart_account_id, absl::Time received_at,
                                     std::vector<SourceRequest>& requests) {
  std::vector<Unknown> unknown;
  absl::flat_hash_map<std::string, std::vector<size_t>> waiting;
  for (size_t i = 0; i < requests.size(); ++i) {
    SourceRequest& request = requests[i];
    std::string key = SourceKey(smart_account_id, *request.udi, request.entitlement_tag);
    if (auto numbers = cache_.Find(key); numbers.has_value()) {
      request.numbers = *numbers;
      continue;
    }
    std::vector<size_t>& places = waiting[key];
    if (places.empty()) {
      unknown.push_back({.udi = request.udi, .entitlement_tag = request.entitlement_tag, .key = key});
    }
    places.push_back(i);
  }
  if (unknown.empty()) return absl::OkStatus();

  std::sort(unknown.begin(), unknown.end(), [](const Unknown& a, const Unknown& b) {
    return std::tie(a.udi->product_id, a.udi->serial_number, a.entitlement_tag) <
           std::tie(b.udi->product_id, b.udi->serial_number, b.entitlement_tag);
  });
  RETURN_IF_ERROR(Find(smart_account_id, unknown));
  RETURN_IF_ERROR(ClaimSenders(smart_account_id, received_at, unknown));
  RETURN_IF_ERROR(ClaimSources(smart_account_id, unknown));

  for (const Unknown& source : unknown) {
    if (source.source_id == 0) continue;
    const SourceNumbers numbers = {source.sender_id, source.source_id};
    for (size_t place : waiting[source.key]) requests[place].numbers = numbers;
    fresh_.emplace_back(source.key, numbers);
  }
  return absl::OkStatus();
}

void SourceResolver::Publish() {
  for (const auto& [key, numbers] : fresh_) cache_.Put(key, numbers);
  fresh_.clear();
}

// What is there already, by the order of the arrays.
constexpr char kFindSources[] = R"(
SELECT k.place::int, d.sender_id, d.smart_account_id, s.source_id
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
       AS k(udi_pid, udi_sn, entitlement_tag, place)
JOIN report_senders d ON d.udi_pid = k.udi_pid AND d.udi_sn = k.udi_sn
LEFT JOIN report_sources s ON s.smart_account_id = $4 AND s.sender_id = d.sender_id
       AND s.entitlement_tag = k.entitlement_tag)";

absl::Status SourceResolver::Find(int64_t smart_account_id, std::vector<Unknown>& unknown) {
  std::vector<std::string_view> pids, sns, tags;
  for (const Unknown& source : unknown) {
    pids.push_back(source.udi->product_id);
    sns.push_back(source.udi->serial_number);
    tags.push_back(source.entitlement_tag);
  }
  pg::Params params;
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  params.AddTextArray(tags);
  params.Add(smart_account_id);
  ASSIGN_OR_RETURN(pg::Result rows, statements_.Execute(kFindSources, std::move(params)));
  for (int row = 0; row < rows.rows(); ++row) {
    Unknown& source = unknown[rows.Int32(row, 0) - 1];
    source.sender_id = rows.Int64(row, 1);
    source.sender_smart_account_id = rows.Int64(row, 2);
    source.source_id = rows.IsNull(row, 3) ? 0 : rows.Int64(row, 3);
  }
  return absl::OkStatus();
}

// A UDI that the inventory of another Smart Account knows gets no row here.
constexpr char kClaimSenders[] = R"(
INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id, first_received_at)
SELECT k.udi_pid, k.udi_sn, $1, $2
FROM unnest($3::text[], $4::text[]) AS k(udi_pid, udi_sn)
WHERE NOT EXISTS (
  SELECT FROM ledger_v1_product_instances p
  WHERE p.udi_pid = k.udi_pid AND p.udi_sn = k.udi_sn AND p.smart_account_id <> $1)
ON CONFLICT (udi_pid, udi_sn) DO NOTHING)";

absl::Status SourceResolver::ClaimSenders(int64_t smart_account_id, absl::Time received_at,
                                          std::vector<Unknown>& unknown) {
  std::vector<std::string_view> pids, sns;
  const Udi* previous = nullptr;
  for (const Unknown& source : unknown) {
    if (source.sender_id != 0) continue;
    // Sorted by UDI: the tags of one sender stand together.
    if (previous != nullptr && *previous == *source.udi) continue;
    previous = source.udi;
    pids.push_back(source.udi->product_id);
    sns.push_back(source.udi->serial_number);
  }
  if (pids.empty()) return absl::OkStatus();
  pg::Params params;
  params.Add(smart_account_id);
  params.Add(received_at);
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  RETURN_IF_ERROR(statements_.Execute(kClaimSenders, std::move(params)).status());
  // Ours, and those that another transaction had inserted and we waited for.
  return Find(smart_account_id, unknown);
}

constexpr char kClaimSources[] = R"(
INSERT INTO report_sources (smart_account_id, sender_id, entitlement_tag)
SELECT $1, k.sender_id, k.entitlement_tag
FROM unnest($2::bigint[], $3::text[]) AS k(sender_id, entitlement_tag)
ON CONFLICT (smart_account_id, sender_id, entitlement_tag) DO NOTHING
RETURNING source_id)";

absl::Status SourceResolver::ClaimSources(int64_t smart_account_id, std::vector<Unknown>& unknown) {
  std::vector<Unknown*> missing;
  for (Unknown& source : unknown) {
    const bool at_home = source.sender_id != 0 && source.sender_smart_account_id == smart_account_id;
    if (!at_home) {
      source.source_id = 0;
    } else if (source.source_id == 0) {
      missing.push_back(&source);
    }
  }
  if (missing.empty()) return absl::OkStatus();
  std::sort(missing.begin(), missing.end(), [](const Unknown* a, const Unknown* b) {
    return std::tie(a->sender_id, a->entitlement_tag) < std::tie(b->sender_id, b->entitlement_tag);
  });
  std::vector<int64_t> sender_ids;
  std::vector<std::string_view> tags;
  for (const Unknown* source : missing) {
    sender_ids.push_back(source->sender_id);
    tags.push_back(source->entitlement_tag);
  }
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(sender_ids);
  params.AddTextArray(tags);
  ASSIGN_OR_RETURN(pg::Result rows, statements_.Execute(kClaimSources, std::move(params)));
  if (rows.rows() != static_cast<int>(missing.size())) {
    // Some were inserted by others meanwhile.
    return Find(smart_account_id, unknown);
  }
  for (size_t i = 0; i < missing.size(); ++i) {
    missing[i]->source_id = rows.Int64(static_cast<int>(i), 0);
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::ingest
