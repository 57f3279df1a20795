#include "services/ledger/fsck/other_bodies.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/ledger/fsck/body_reader.h"
#include "services/ledger/fsck/stored_reports.h"

namespace quartermaster::ledger::fsck {
namespace {

// Names only: bodies that went through these joins would go through temporary files too.
constexpr char kDeclareNames[] = R"sql(
  DECLARE other_bodies NO SCROLL CURSOR FOR
  SELECT r.smart_account_id, r.received_at::text, r.change_id, r.place
  FROM ingest_v1_reports r
  JOIN ingest_v1_sources s USING (smart_account_id, source_id)
  LEFT JOIN ingest_v1_identities i USING (smart_account_id, source_id, report_id)
  LEFT JOIN set_aside_reports a
    ON (a.smart_account_id, a.change_id, a.place) = (r.smart_account_id, r.change_id, r.place)
  LEFT JOIN product_instances p
    ON (p.smart_account_id, p.udi_pid, p.udi_sn) = (s.smart_account_id, s.udi_pid, s.udi_sn)
  WHERE (i.change_id, i.place) IS DISTINCT FROM (r.change_id, r.place)
     OR a.place IS NOT NULL OR p.product_instance_id IS NULL)sql";
constexpr char kFetchNames[] = "FETCH 500 FROM other_bodies";

// named_hash: of the identity, or of the other payload, whichever names this report.
constexpr char kSelectBodies[] = R"sql(
  SELECT format('%s-%s', b.change_id, b.place) AS name, s.udi_pid, s.udi_sn, s.entitlement_tag, b.report_id,
         floor(extract(epoch FROM b.received_at))::bigint AS received_s, b.dictionary_id, b.body, b.digest,
         coalesce(CASE WHEN (i.change_id, i.place) = (b.change_id, b.place) THEN i.payload_hash END,
                  (SELECT o.payload_hash FROM ingest_v1_other_payloads o
                   WHERE (o.smart_account_id, o.source_id, o.report_id, o.change_id, o.place)
                       = (b.smart_account_id, b.source_id, b.report_id, b.change_id, b.place) LIMIT 1)) AS named_hash
  FROM unnest($1::bigint[], $2::text[]::timestamptz[], $3::bigint[], $4::int[])
    AS k (smart_account_id, received_at, change_id, place)
  JOIN ingest_v1_report_bodies b
    ON (b.smart_account_id, b.received_at, b.change_id, b.place)
     = (k.smart_account_id, k.received_at, k.change_id, k.place)
  JOIN ingest_v1_sources s ON (s.smart_account_id, s.source_id) = (b.smart_account_id, b.source_id)
  LEFT JOIN ingest_v1_identities i
    ON (i.smart_account_id, i.source_id, i.report_id) = (b.smart_account_id, b.source_id, b.report_id))sql";

std::string Column(const pqxx::result& rows, int column) {
  std::vector<std::string> values;
  for (const auto& row : rows) values.push_back(row[column].as<std::string>());
  return ArrayLiteral(values);
}

void Judge(const pqxx::row& row, BodyReader& bodies, const FindingSink& sink) {
  const std::optional<ReadBody> body = bodies.Read(row, sink);
  if (!body.has_value() || row["named_hash"].is_null()) return;
  if (const auto stored_hash = row["named_hash"].as<std::string>(); body->payload_hash != stored_hash) {
    sink({"payload_hash_differs", ReportSubject(row), stored_hash, body->payload_hash});
  }
}

}  // namespace

bool CheckOtherBodies(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress,
                      Totals& totals) {
  // The names come from joins of whole tables, the bodies by key; the plan of a cursor is made when it is
  // declared.
  transaction.exec(
      "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '64MB'");
  transaction.exec(kDeclareNames);
  transaction.exec(
      "SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off; SET LOCAL enable_seqscan = off");
  BodyReader bodies(transaction);
  bool whole = true;
  for (int64_t read = 0; whole;) {
    whole = progress(absl::StrCat("bodies beside the positions: ", read, " read"));
    const pqxx::result names = transaction.exec(kFetchNames);
    if (names.empty()) break;
    const pqxx::result rows = transaction.exec_params(kSelectBodies, Column(names, 0), Column(names, 1),
                                                      Column(names, 2), Column(names, 3));
    for (const auto& row : rows) Judge(row, bodies, sink);
    read += static_cast<int64_t>(rows.size());
    totals.reports += static_cast<int64_t>(rows.size());
  }
  transaction.exec("CLOSE other_bodies");
  transaction.exec(
      "SET LOCAL enable_mergejoin = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_seqscan = on;"
      " SET LOCAL work_mem = DEFAULT");
  return whole;
}

}  // namespace quartermaster::ledger::fsck
