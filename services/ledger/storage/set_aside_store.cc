#include "services/ledger/storage/set_aside_store.h"

#include <string_view>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kInsertSetAside[] = R"sql(
  INSERT INTO set_aside_reports (smart_account_id, change_id, place, product_instance_id, tag_id, reason,
    set_aside_at)
  SELECT smart_account_id, change_id, place, product_instance_id, tag_id, reason, $7
  FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::int[], $6::text[])
    AS r (smart_account_id, change_id, place, product_instance_id, tag_id, reason)
  ON CONFLICT (smart_account_id, change_id, place) DO UPDATE SET reason = excluded.reason)sql";

constexpr char kSelectNext[] = R"sql(
  SELECT s.smart_account_id, s.change_id, s.place, c.received_at, c.digest_bytes
  FROM set_aside_reports s JOIN ingest_v1_changes c USING (smart_account_id, change_id)
  WHERE (s.smart_account_id, s.change_id, s.place) > ($1, $2, $3)
  ORDER BY s.smart_account_id, s.change_id, s.place LIMIT $4)sql";

// Statements of one WITH see the table as it was, so what goes is left out by name. 6: unbookable.
constexpr char kDeleteSetAside[] = R"sql(
  WITH gone AS (
    DELETE FROM set_aside_reports s
    USING unnest($1::bigint[], $2::bigint[], $3::int[]) AS r (smart_account_id, change_id, place)
    WHERE s.smart_account_id = r.smart_account_id AND s.change_id = r.change_id AND s.place = r.place
    RETURNING s.smart_account_id, s.change_id, s.place, s.product_instance_id, s.tag_id)
  UPDATE report_findings f SET resolved_at = $4
  FROM (SELECT DISTINCT smart_account_id, product_instance_id, tag_id FROM gone) g
  WHERE f.smart_account_id = g.smart_account_id AND f.product_instance_id = g.product_instance_id
    AND f.tag_id = g.tag_id AND f.kind = 6 AND f.resolved_at IS NULL
    AND NOT EXISTS (
      SELECT FROM set_aside_reports s
      WHERE s.smart_account_id = g.smart_account_id AND s.product_instance_id = g.product_instance_id
        AND s.tag_id = g.tag_id
        AND (s.smart_account_id, s.change_id, s.place) NOT IN (SELECT smart_account_id, change_id, place FROM gone)
    ))sql";

struct NameColumns {
  std::vector<int64_t> accounts;
  std::vector<int64_t> changes;
  std::vector<int32_t> places;

  void Add(const ReportName& name) {
    accounts.push_back(name.smart_account_id);
    changes.push_back(name.change_id);
    places.push_back(name.place);
  }
  void AddTo(pg::Params& params) const {
    params.AddArray(accounts);
    params.AddArray(changes);
    params.AddArray(places);
  }
};

}  // namespace

absl::Status InsertSetAside(pg::RawConnection& connection, std::span<const SetAsideReport> reports,
                            absl::Time now) {
  if (reports.empty()) return absl::OkStatus();
  NameColumns names;
  std::vector<int64_t> instances;
  std::vector<int32_t> tags;
  std::vector<std::string_view> reasons;
  for (const SetAsideReport& report : reports) {
    names.Add(report.name);
    instances.push_back(report.product_instance_id);
    tags.push_back(report.tag_id);
    reasons.push_back(report.reason);
  }
  pg::Params params;
  names.AddTo(params);
  params.AddArray(instances);
  params.AddArray(tags);
  params.AddTextArray(reasons);
  params.Add(now);
  return connection.Execute(kInsertSetAside, params).status();
}

absl::StatusOr<std::vector<SetAsideName>> NextSetAside(pg::RawConnection& connection, const ReportName& after,
                                                       int32_t limit) {
  pg::Params params;
  params.Add(after.smart_account_id);
  params.Add(after.change_id);
  params.Add(after.place);
  params.Add(int64_t{limit});
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectNext, params));
  std::vector<SetAsideName> names;
  for (int row = 0; row < rows.rows(); ++row) {
    names.push_back({{rows.Int64(row, 0), rows.Int64(row, 1), rows.Int32(row, 2)},
                     rows.Time(row, 3),
                     rows.Int64(row, 4)});
  }
  return names;
}

absl::Status DeleteSetAside(pg::RawConnection& connection, std::span<const ReportName> names,
                            absl::Time now) {
  if (names.empty()) return absl::OkStatus();
  NameColumns columns;
  for (const ReportName& name : names) columns.Add(name);
  pg::Params params;
  columns.AddTo(params);
  params.Add(now);
  return connection.Execute(kDeleteSetAside, params).status();
}

}  // namespace quartermaster::ledger
