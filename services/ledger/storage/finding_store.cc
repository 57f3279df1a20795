#include "services/ledger/storage/finding_store.h"

#include <algorithm>
#include <vector>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kUpsertFindings[] =
    "INSERT INTO report_findings AS f (smart_account_id, product_instance_id, tag_id, kind, detail,"
    " first_seen_at, last_seen_at)"
    " SELECT smart_account_id, product_instance_id, tag_id, kind, detail, first_seen, last_seen"
    " FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::text[],"
    " $6::timestamptz[], $7::timestamptz[])"
    " AS n (smart_account_id, product_instance_id, tag_id, kind, detail, first_seen, last_seen)"
    " ON CONFLICT (smart_account_id, product_instance_id, tag_id, kind) DO UPDATE SET"
    " detail = excluded.detail,"
    " first_seen_at = CASE WHEN f.resolved_at IS NULL THEN f.first_seen_at"
    " ELSE excluded.first_seen_at END,"
    " last_seen_at = GREATEST(f.last_seen_at, excluded.last_seen_at), resolved_at = NULL";

constexpr char kResolveFindings[] =
    "UPDATE report_findings f SET resolved_at = r.resolved_at"
    " FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::timestamptz[])"
    " AS r (smart_account_id, product_instance_id, tag_id, kind, resolved_at)"
    " WHERE f.smart_account_id = r.smart_account_id"
    " AND f.product_instance_id = r.product_instance_id AND f.tag_id = r.tag_id"
    " AND f.kind = r.kind AND f.resolved_at IS NULL";

struct KeyColumns {
  std::vector<int64_t> accounts;
  std::vector<int64_t> instances;
  std::vector<int32_t> tags;
  std::vector<int16_t> kinds;

  void Add(const FindingKey& key) {
    accounts.push_back(key.smart_account_id);
    instances.push_back(key.product_instance_id);
    tags.push_back(key.tag_id);
    kinds.push_back(static_cast<int16_t>(key.kind));
  }
  void AddTo(pg::Params& params) const {
    params.AddArray(accounts);
    params.AddArray(instances);
    params.AddArray(tags);
    params.AddArray(kinds);
  }
};

}  // namespace

std::string_view FindingName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kWrongVirtualAccount:
      return "wrong_virtual_account";
    case FindingKind::kGap:
      return "gap";
    case FindingKind::kClockSuspect:
      return "clock_suspect";
    case FindingKind::kReportConflict:
      return "report_conflict";
    case FindingKind::kUnbookableReport:
      return "unbookable_report";
    case FindingKind::kHaSetTooLarge:
      return "ha_set_too_large";
  }
  return "unknown";
}

void FindingRows::Raise(const FindingKey& key, absl::Time seen_at, std::string detail) {
  resolved_.erase(key);
  const auto [seen, is_new] = raised_.emplace(key, Seen{seen_at, seen_at, {}});
  seen->second.first = std::min(seen->second.first, seen_at);
  seen->second.last = std::max(seen->second.last, seen_at);
  seen->second.detail = std::move(detail);
}

void FindingRows::Resolve(const FindingKey& key, absl::Time resolved_at) { resolved_[key] = resolved_at; }

absl::Status FindingRows::Write(pg::RawConnection& connection) const {
  if (!raised_.empty()) RETURN_IF_ERROR(WriteRaised(connection));
  if (!resolved_.empty()) RETURN_IF_ERROR(WriteResolved(connection));
  return absl::OkStatus();
}

absl::Status FindingRows::WriteRaised(pg::RawConnection& connection) const {
  KeyColumns keys;
  std::vector<std::string_view> details;
  std::vector<absl::Time> firsts;
  std::vector<absl::Time> lasts;
  for (const auto& [key, seen] : raised_) {
    keys.Add(key);
    details.push_back(seen.detail);
    firsts.push_back(seen.first);
    lasts.push_back(seen.last);
  }
  pg::Params params;
  keys.AddTo(params);
  params.AddTextArray(details);
  params.AddArray(firsts);
  params.AddArray(lasts);
  return connection.Execute(kUpsertFindings, params).status();
}

absl::Status FindingRows::WriteResolved(pg::RawConnection& connection) const {
  KeyColumns keys;
  std::vector<absl::Time> times;
  for (const auto& [key, resolved_at] : resolved_) {
    keys.Add(key);
    times.push_back(resolved_at);
  }
  pg::Params params;
  keys.AddTo(params);
  params.AddArray(times);
  return connection.Execute(kResolveFindings, params).status();
}

}  // namespace quartermaster::ledger
