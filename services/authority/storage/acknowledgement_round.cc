#include "services/authority/storage/acknowledgement_round.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "services/authority/storage/issued_cursor.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

absl::StatusOr<pg::FeedPosition> ReadPosition(pg::RawConnection& connection, const char* sql,
                                              std::string_view consumer) {
  pg::Params params;
  params.AddText(consumer);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(sql, params));
  if (rows.rows() == 0) return pg::FeedPosition{};
  return pg::FeedPosition{rows.Int32(0, 0), rows.Xid(0, 1), rows.Int64(0, 2)};
}

constexpr char kSelectIssued[] =
    "SELECT incarnation, xid, change_id FROM authority_cursors WHERE consumer = $1";
constexpr char kSelectApplied[] =
    "SELECT incarnation, xid, change_id FROM ledger_v1_cursors WHERE consumer = $1";

// OFFSET 0 keeps the planner at one index range per change, whatever it believes of the sizes.
constexpr char kSelectVerifiedReports[] = R"sql(
SELECT c.smart_account_id, r.source_id, r.report_id, (c.place - 1)::int, r.place
FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) WITH ORDINALITY
     AS c(smart_account_id, received_at, change_id, place)
CROSS JOIN LATERAL (
  SELECT source_id, report_id, place FROM ingest_v1_reports
  WHERE smart_account_id = c.smart_account_id AND received_at = c.received_at
    AND change_id = c.change_id AND outcome IN (1, 5) AND verification = 1
  OFFSET 0) r)sql";

constexpr char kSelectSetAside[] = R"sql(
SELECT s.smart_account_id, s.change_id, s.place
FROM unnest($1::bigint[], $2::bigint[]) AS c(smart_account_id, change_id)
JOIN ledger_v1_set_aside_reports s USING (smart_account_id, change_id))sql";

constexpr char kSelectReleased[] = R"sql(
SELECT w.smart_account_id, w.change_id, w.place, w.sender_id, w.source_id, w.report_id,
       coalesce((SELECT c.change_id FROM ingest_v1_changes c
                 WHERE c.smart_account_id = w.smart_account_id AND c.change_id IN (w.change_id,
                   (SELECT a.through_change_id FROM acknowledgements a
                    WHERE a.smart_account_id = w.smart_account_id AND a.sender_id = w.sender_id
                    ORDER BY a.sequence DESC LIMIT 1))
                 ORDER BY c.incarnation DESC, c.xid DESC, c.change_id DESC LIMIT 1), w.change_id)
FROM withheld_acknowledgements w
WHERE NOT EXISTS (SELECT FROM ledger_v1_set_aside_reports s
                  WHERE s.smart_account_id = w.smart_account_id AND s.change_id = w.change_id
                    AND s.place = w.place)
ORDER BY w.smart_account_id, w.change_id, w.place LIMIT $1)sql";

constexpr char kInsertWithheld[] = R"sql(
INSERT INTO withheld_acknowledgements (smart_account_id, change_id, place, sender_id, source_id, report_id)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[]))sql";

constexpr char kDeleteWithheld[] = R"sql(
DELETE FROM withheld_acknowledgements w
USING unnest($1::bigint[], $2::bigint[], $3::int[]) AS r(smart_account_id, change_id, place)
WHERE w.smart_account_id = r.smart_account_id AND w.change_id = r.change_id AND w.place = r.place)sql";

constexpr char kSelectAccountsWithPolicies[] = R"sql(
SELECT DISTINCT smart_account_id FROM ledger_v1_reporting_policies
WHERE smart_account_id = ANY ($1::bigint[]) AND ended_at IS NULL)sql";

// The Virtual Account's before the Smart Account's. OFFSET 0 keeps the planner at one look-up a sender.
constexpr char kSelectPolicies[] = R"sql(
SELECT n.place, r.policy_id
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS n(smart_account_id, sender_id, place)
JOIN ingest_v1_senders s ON s.sender_id = n.sender_id
JOIN ledger_v1_product_instances p ON p.udi_pid = s.udi_pid AND p.udi_sn = s.udi_sn
CROSS JOIN LATERAL (
  SELECT policy_id FROM ledger_v1_reporting_policies
  WHERE smart_account_id = n.smart_account_id AND ended_at IS NULL
    AND (virtual_account_id = p.virtual_account_id OR virtual_account_id IS NULL)
  ORDER BY virtual_account_id NULLS LAST LIMIT 1 OFFSET 0) r)sql";

constexpr char kInsertAcknowledgements[] = R"sql(
INSERT INTO acknowledgements (smart_account_id, sender_id, sequence, issued_at, report_count,
                              through_change_id, reports, policy_id)
SELECT n.smart_account_id, n.sender_id,
       1 + coalesce((SELECT max(a.sequence) FROM acknowledgements a
                     WHERE a.smart_account_id = n.smart_account_id
                       AND a.sender_id = n.sender_id), 0),
       $6, n.report_count, n.through_change_id, n.reports, nullif(n.policy_id, 0)
FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bytea[], $7::bigint[])
     AS n(smart_account_id, sender_id, report_count, through_change_id, reports, policy_id))sql";

constexpr char kInsertChange[] = R"sql(
INSERT INTO authority_changes (smart_account_id, incarnation, issued_at, sender_ids, policy_ids)
VALUES ($1, $2, $3, $4, CASE WHEN 0 = ALL ($5::bigint[]) THEN NULL ELSE $5 END))sql";

}  // namespace

absl::StatusOr<pg::FeedPosition> ReadIssuedPosition(pg::RawConnection& connection) {
  return ReadPosition(connection, kSelectIssued, kIssuedConsumer);
}

absl::StatusOr<pg::FeedPosition> ReadAppliedPosition(pg::RawConnection& connection) {
  return ReadPosition(connection, kSelectApplied, kAppliedConsumer);
}

absl::StatusOr<std::vector<VerifiedReport>> ReadVerifiedReports(pg::RawConnection& connection,
                                                                std::span<const pg::Change> changes) {
  std::vector<int64_t> accounts, change_ids;
  std::vector<absl::Time> received_at;
  for (const pg::Change& change : changes) {
    accounts.push_back(change.smart_account_id);
    received_at.push_back(change.at);
    change_ids.push_back(change.position.change_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(received_at);
  params.AddArray(change_ids);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectVerifiedReports, params));
  std::vector<VerifiedReport> reports;
  reports.reserve(static_cast<size_t>(rows.rows()));
  for (int row = 0; row < rows.rows(); ++row) {
    reports.push_back(
        {rows.Int64(row, 0), rows.Int64(row, 1), rows.Int64(row, 2), rows.Int32(row, 3), rows.Int32(row, 4)});
  }
  return reports;
}

absl::StatusOr<std::set<ReportName>> ReadSetAside(pg::RawConnection& connection,
                                                  std::span<const pg::Change> changes) {
  std::vector<int64_t> accounts, change_ids;
  for (const pg::Change& change : changes) {
    accounts.push_back(change.smart_account_id);
    change_ids.push_back(change.position.change_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(change_ids);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectSetAside, params));
  std::set<ReportName> names;
  for (int row = 0; row < rows.rows(); ++row) {
    names.insert({rows.Int64(row, 0), rows.Int64(row, 1), rows.Int32(row, 2)});
  }
  return names;
}

absl::StatusOr<std::vector<WithheldReport>> ReadReleased(pg::RawConnection& connection, int64_t limit) {
  pg::Params params;
  params.Add(limit);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectReleased, params));
  std::vector<WithheldReport> reports;
  for (int row = 0; row < rows.rows(); ++row) {
    reports.push_back({.smart_account_id = rows.Int64(row, 0),
                       .change_id = rows.Int64(row, 1),
                       .place = rows.Int32(row, 2),
                       .sender_id = rows.Int64(row, 3),
                       .source_id = rows.Int64(row, 4),
                       .report_id = rows.Int64(row, 5),
                       .through_change_id = rows.Int64(row, 6)});
  }
  return reports;
}

absl::Status ReadPolicies(pg::RawConnection& connection, std::span<NewAcknowledgement> rows) {
  std::set<int64_t> accounts;
  for (const NewAcknowledgement& row : rows) accounts.insert(row.smart_account_id);
  pg::Params account_params;
  account_params.AddArray(std::vector<int64_t>(accounts.begin(), accounts.end()));
  ASSIGN_OR_RETURN(const pg::Result found, connection.Execute(kSelectAccountsWithPolicies, account_params));
  std::set<int64_t> with_policies;
  for (int row = 0; row < found.rows(); ++row) with_policies.insert(found.Int64(row, 0));

  std::vector<NewAcknowledgement*> asked;
  std::vector<int64_t> account_ids, senders;
  for (NewAcknowledgement& row : rows) {
    if (!with_policies.contains(row.smart_account_id)) continue;
    asked.push_back(&row);
    account_ids.push_back(row.smart_account_id);
    senders.push_back(row.sender_id);
  }
  if (asked.empty()) return absl::OkStatus();
  pg::Params params;
  params.AddArray(account_ids);
  params.AddArray(senders);
  ASSIGN_OR_RETURN(const pg::Result policies, connection.Execute(kSelectPolicies, params));
  for (int row = 0; row < policies.rows(); ++row) {
    asked[static_cast<size_t>(policies.Int64(row, 0) - 1)]->policy_id = policies.Int64(row, 1);
  }
  return absl::OkStatus();
}

absl::Status InsertWithheld(pg::RawConnection& connection, std::span<const WithheldReport> reports) {
  if (reports.empty()) return absl::OkStatus();
  std::vector<int64_t> accounts, change_ids, senders, sources, report_ids;
  std::vector<int32_t> places;
  for (const WithheldReport& report : reports) {
    accounts.push_back(report.smart_account_id);
    change_ids.push_back(report.change_id);
    places.push_back(report.place);
    senders.push_back(report.sender_id);
    sources.push_back(report.source_id);
    report_ids.push_back(report.report_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(change_ids);
  params.AddArray(places);
  params.AddArray(senders);
  params.AddArray(sources);
  params.AddArray(report_ids);
  return connection.Execute(kInsertWithheld, params).status();
}

absl::StatusOr<bool> DeleteWithheld(pg::RawConnection& connection, std::span<const WithheldReport> reports) {
  if (reports.empty()) return true;
  std::vector<int64_t> accounts, change_ids;
  std::vector<int32_t> places;
  for (const WithheldReport& report : reports) {
    accounts.push_back(report.smart_account_id);
    change_ids.push_back(report.change_id);
    places.push_back(report.place);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(change_ids);
  params.AddArray(places);
  ASSIGN_OR_RETURN(const pg::Result deleted, connection.Execute(kDeleteWithheld, params));
  return deleted.affected_rows() == std::ssize(reports);
}

absl::Status InsertAcknowledgements(pg::RawConnection& connection, std::span<const NewAcknowledgement> rows,
                                    absl::Time now) {
  std::vector<int64_t> accounts, senders, through_change_ids;
  std::vector<int32_t> report_counts;
  std::vector<std::string_view> packed_reports;
  std::vector<int64_t> policy_ids;
  for (const NewAcknowledgement& row : rows) {
    accounts.push_back(row.smart_account_id);
    senders.push_back(row.sender_id);
    report_counts.push_back(row.report_count);
    through_change_ids.push_back(row.through_change_id);
    packed_reports.push_back(row.packed_reports);
    policy_ids.push_back(row.policy_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(senders);
  params.AddArray(report_counts);
  params.AddArray(through_change_ids);
  params.AddBytesArray(packed_reports);
  params.Add(now);
  params.AddArray(policy_ids);
  return connection.Execute(kInsertAcknowledgements, params).status();
}

absl::Status InsertChanges(pg::RawConnection& connection, std::span<const NewAcknowledgement> rows,
                           absl::Time now) {
  ASSIGN_OR_RETURN(const int32_t incarnation, pg::CurrentIncarnation(connection));
  struct Senders {
    std::vector<int64_t> ids, policy_ids;
  };
  std::map<int64_t, Senders> senders_by_account;
  for (const NewAcknowledgement& row : rows) {
    Senders& senders = senders_by_account[row.smart_account_id];
    senders.ids.push_back(row.sender_id);
    senders.policy_ids.push_back(row.policy_id);
  }
  for (const auto& [smart_account_id, senders] : senders_by_account) {
    for (size_t begin = 0; begin < senders.ids.size(); begin += kSendersPerChangeMax) {
      const size_t count = std::min(kSendersPerChangeMax, senders.ids.size() - begin);
      pg::Params params;
      params.Add(smart_account_id);
      params.Add(incarnation);
      params.Add(now);
      params.AddArray(std::span(senders.ids).subspan(begin, count));
      params.AddArray(std::span(senders.policy_ids).subspan(begin, count));
      RETURN_IF_ERROR(connection.Execute(kInsertChange, params).status());
    }
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::authority
