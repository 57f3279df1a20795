#include "services/ledger/storage/report_reader.h"

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

// One index range a change; the inner ORDER BY keeps the planner from anything else.
constexpr char kSelectReports[] =
    "SELECT r.smart_account_id, r.received_at, r.change_id, r.place, r.source_id, r.report_id,"
    " r.door_virtual_account_id, r.outcome, r.verification, r.digest"
    " FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[])"
    " WITH ORDINALITY AS c (smart_account_id, received_at, change_id, number)"
    " CROSS JOIN LATERAL"
    " (SELECT smart_account_id, received_at, change_id, place, source_id, report_id,"
    " door_virtual_account_id, outcome, verification, digest"
    " FROM ingest_v1_reports r WHERE r.smart_account_id = c.smart_account_id"
    " AND r.received_at = c.received_at AND r.change_id = c.change_id ORDER BY r.place) r"
    " ORDER BY c.number, r.place";

StoredReport ReadRow(const pg::Result& result, int row) {
  StoredReport report;
  report.smart_account_id = result.Int64(row, 0);
  report.received_at = result.Time(row, 1);
  report.change_id = result.Int64(row, 2);
  report.place = result.Int32(row, 3);
  report.source_id = result.Int64(row, 4);
  report.report_id = result.Int64(row, 5);
  if (!result.IsNull(row, 6)) report.door_virtual_account_id = result.Int64(row, 6);
  report.outcome = static_cast<StoredOutcome>(result.Int16(row, 7));
  report.verification = static_cast<StoredVerification>(result.Int16(row, 8));
  report.digest = result.Bytes(row, 9);
  return report;
}

}  // namespace

absl::StatusOr<ReportBatch> ReadReports(pg::RawConnection& connection, std::span<const pg::Change> changes) {
  std::vector<int64_t> accounts;
  std::vector<absl::Time> times;
  std::vector<int64_t> ids;
  for (const pg::Change& change : changes) {
    accounts.push_back(change.smart_account_id);
    times.push_back(change.at);
    ids.push_back(change.position.change_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(times);
  params.AddArray(ids);
  ASSIGN_OR_RETURN(pg::Result result, connection.Execute(kSelectReports, params));
  std::vector<StoredReport> reports;
  reports.reserve(result.rows());
  for (int row = 0; row < result.rows(); ++row) reports.push_back(ReadRow(result, row));
  return ReportBatch(std::move(result), std::move(reports));
}

}  // namespace quartermaster::ledger
