#include "services/ledger/storage/administration/instance_search.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace quartermaster::ledger {
namespace {

// Rows that one page of a filter looks through: some milliseconds.
constexpr int kRowsScannedMax = 2000;

// Every other text that begins with the same is less, where texts compare by their bytes.
constexpr char kAfterAll[] = "\xf4\x8f\xbf\xbf";

constexpr char kComparesBytes[] =
    "SELECT datcollate IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database()";

// The pieces are constants; what callers send is bound. $1: Smart Account, $2 and $3: where it begins, $4 and
// $5: where it ends, $6: rows to look through, $7: Virtual Account.
constexpr char kScan[] =
    "WITH scanned AS MATERIALIZED (SELECT * FROM product_instances"
    " WHERE smart_account_id = $1 AND ($4::text IS NOT NULL OR $5::text IS NOT NULL OR $7::bigint IS NOT "
    "NULL)";
constexpr char kAtHome[] = " AND virtual_account_id = $7";
constexpr char kAfter[] = " AND (udi_pid, udi_sn) > ($2, $3)";
constexpr char kFrom[] = " AND (udi_pid, udi_sn) >= ($2, $3)";
constexpr char kUntil[] = " AND (udi_pid, udi_sn) < ($4, $5)";
constexpr char kMatch[] =
    " ORDER BY udi_pid, udi_sn LIMIT $6),"
    " last AS (SELECT udi_pid, udi_sn, count(*) OVER () AS scanned FROM scanned"
    "  ORDER BY udi_pid DESC, udi_sn DESC LIMIT 1),"
    " matched AS (SELECT " QM_INSTANCE_DETAILS
    " FROM scanned p"
    "  WHERE ($8 OR removed_at IS NULL)"
    "   AND ($9 = '' OR strpos(lower(udi_pid), lower($9)) > 0 OR strpos(lower(udi_sn), lower($9)) > 0"
    "        OR strpos(lower(hostname), lower($9)) > 0)"
    "   AND ($10 = '' OR strpos(lower(hostname), lower($10)) > 0)"
    "   AND ($11 = '' OR starts_with(software_version, $11))"
    "   AND (starts_with(udi_pid, $12) OR starts_with(udi_pid || ':' || udi_sn, $12))"
    "   AND ($13 = 0 OR EXISTS (SELECT FROM usage_positions u WHERE u.smart_account_id = $1"
    "        AND u.product_instance_id = p.ha_lead_id AND u.tag_id = $13))"
    "   AND ($14 = 0 OR EXISTS (SELECT FROM report_findings f WHERE f.smart_account_id = $1"
    "        AND f.product_instance_id = p.product_instance_id AND f.kind = $14 AND f.resolved_at IS NULL))"
    "  ORDER BY udi_pid, udi_sn LIMIT $15)"
    " SELECT m.*, l.udi_pid, l.udi_sn, l.scanned FROM last l LEFT JOIN matched m ON true"
    " ORDER BY m.udi_pid, m.udi_sn";
constexpr int kDetailColumns = 14;

// The part of the order in which all with the prefix are.
struct Range {
  UdiText begin, end;
};
Range RangeOf(const std::string& prefix) {
  const size_t colon = prefix.find(':');
  if (colon == std::string::npos) return {{prefix, ""}, {prefix + kAfterAll, ""}};
  const std::string product_id = prefix.substr(0, colon), serial = prefix.substr(colon + 1);
  return {{product_id, serial}, {product_id, serial + kAfterAll}};
}

// Whether rows are looked through that do not match, beside removed ones.
bool NeedsScan(const InstanceFilter& filter) {
  return !filter.search.empty() || !filter.hostname.empty() || filter.tag_id.has_value() ||
         !filter.software_version.empty() || filter.finding.has_value();
}

}  // namespace

InstancePage SearchInstances(pqxx::transaction_base& transaction, const InstanceFilter& filter,
                             const UdiText& after, int limit) {
  Range range{after, {}};
  bool inclusive = false, bounded = false;
  if (!filter.udi_prefix.empty()) {
    range = RangeOf(filter.udi_prefix);
    inclusive = after < range.begin;
    if (!inclusive) range.begin = after;
    bounded = transaction.exec1(kComparesBytes)[0].as<bool>();
  }
  // All of a bounded range have the prefix.
  const bool scans = NeedsScan(filter) || (!filter.udi_prefix.empty() && !bounded);
  const int scan = scans ? std::max(limit, kRowsScannedMax) : limit;
  const std::string sql = absl::StrCat(kScan, filter.virtual_account_id ? kAtHome : "",
                                       inclusive ? kFrom : kAfter, bounded ? kUntil : "", kMatch);
  const pqxx::result rows = transaction.exec_params(
      sql, filter.smart_account_id, range.begin.product_id, range.begin.serial_number, range.end.product_id,
      range.end.serial_number, scan, filter.virtual_account_id.value_or(0), filter.show_removed,
      filter.search, filter.hostname, filter.software_version, filter.udi_prefix, filter.tag_id.value_or(0),
      filter.finding.value_or(0), limit);
  InstancePage page;
  if (rows.empty()) return page;
  for (const auto& row : rows) {
    if (!row[0].is_null()) page.instances.push_back(InstanceDetailsOf(row));
  }
  const auto& last = rows[0];
  if (static_cast<int>(page.instances.size()) == limit) {
    page.next = page.instances.back().udi;
  } else if (last[kDetailColumns + 2].as<int64_t>() == scan) {
    page.next = UdiText{last[kDetailColumns].as<std::string>(), last[kDetailColumns + 1].as<std::string>()};
  }
  return page;
}

}  // namespace quartermaster::ledger
