#include "services/ingest/storage/report_reader.h"

#include <limits>

#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {
namespace {

// What is shown of the reports that `page` (smart_account_id, received_at, change_id, place) names.
// Progress is read from where the ledger's cursor stands and from the newest acknowledgement; both
// passed over what is set aside.
#define QM_NOT_SET_ASIDE                                                                   \
  " AND NOT EXISTS (SELECT FROM ledger_v1_set_aside_reports w WHERE w.smart_account_id = " \
  "r.smart_account_id AND w.change_id = r.change_id AND w.place = r.place)"
#define QM_REPORT_COLUMNS                                                                    \
  " r.change_id, r.place, (extract(epoch FROM r.received_at) * 1000000)::bigint, d.udi_pid," \
  " d.udi_sn, s.entitlement_tag, r.report_id, r.verification, r.outcome,"                    \
  " (i.change_id, i.place) IS DISTINCT FROM (r.change_id, r.place) AND r.outcome <> 3,"      \
  " EXISTS (SELECT FROM ledger_v1_cursors k WHERE k.consumer = 'apply_reports'"              \
  "         AND (c.incarnation, c.xid, c.change_id) <= (k.incarnation, k.xid, "              \
  "k.change_id))" QM_NOT_SET_ASIDE                                                           \
  ","                                                                                        \
  " coalesce((SELECT (c.incarnation, c.xid, c.change_id)"                                    \
  "                    <= (t.incarnation, t.xid, t.change_id)"                               \
  "           FROM authority_v1_acknowledgements a"                                          \
  "           JOIN ingest_changes t ON t.smart_account_id = a.smart_account_id"              \
  "                AND t.change_id = a.through_change_id"                                    \
  "           WHERE a.smart_account_id = r.smart_account_id AND a.sender_id = s.sender_id"   \
  "           ORDER BY a.sequence DESC LIMIT 1), false)" QM_NOT_SET_ASIDE                    \
  ","                                                                                        \
  " r.digest, octet_length(r.body), r.dictionary_id"
#define QM_REPORT_JOINS                                                                             \
  " JOIN ingest_changes c ON c.smart_account_id = r.smart_account_id AND c.change_id = r.change_id" \
  " JOIN report_sources s ON s.smart_account_id = r.smart_account_id AND s.source_id = r.source_id" \
  " JOIN report_senders d ON d.sender_id = s.sender_id"                                             \
  " LEFT JOIN report_identities i ON i.smart_account_id = r.smart_account_id"                       \
  "           AND i.source_id = r.source_id AND i.report_id = r.report_id"
#define QM_FROM_PAGE                                                                             \
  " FROM page p JOIN ingest_v1_stored_reports r ON r.smart_account_id = $1 AND r.received_at = " \
  "p.received_at"                                                                                \
  "      AND r.change_id = p.change_id AND r.place = p.place" QM_REPORT_JOINS                    \
  " ORDER BY r.received_at DESC, r.change_id DESC, r.place DESC"
// Keyset: $2 microseconds since the epoch (null = from the newest), $3 change id, $4 place.
#define QM_BEFORE(row)                                                    \
  " ($2::bigint IS NULL OR (" row ".received_at, " row ".change_id, " row \
  ".place)"                                                               \
  "   < (to_timestamp(0) + $2::bigint * interval '1 microsecond', $3::bigint, $4::int))"

// $5 limit, $6 tag or null.
constexpr char kListByTime[] =
    "WITH page AS MATERIALIZED ("
    " SELECT r.received_at, r.change_id, r.place FROM ingest_v1_stored_reports r"
    " WHERE r.smart_account_id = $1 AND" QM_BEFORE("r")
    " AND ($6::text IS NULL OR EXISTS (SELECT FROM report_sources s"
    "      WHERE s.smart_account_id = $1 AND s.source_id = r.source_id"
    "      AND s.entitlement_tag = $6))"
    " ORDER BY r.received_at DESC, r.change_id DESC, r.place DESC LIMIT $5)"
    "SELECT" QM_REPORT_COLUMNS QM_FROM_PAGE;

// $6 tag or null, $7 product id or null, $8 serial number or null. What stands, and what does not.
constexpr char kListBySource[] =
    "WITH sources AS MATERIALIZED ("
    " SELECT s.source_id FROM report_senders d"
    " JOIN report_sources s ON s.smart_account_id = $1 AND s.sender_id = d.sender_id"
    " WHERE ($7::text IS NULL OR d.udi_pid = $7) AND ($8::text IS NULL OR d.udi_sn = $8)"
    " AND ($6::text IS NULL OR s.entitlement_tag = $6)),"
    "names AS ("
    " SELECT i.received_at, i.change_id, i.place FROM sources"
    " JOIN report_identities i ON i.smart_account_id = $1 AND i.source_id = sources.source_id"
    " UNION ALL"
    " SELECT o.received_at, o.change_id, o.place FROM sources"
    " JOIN report_other_payloads o ON o.smart_account_id = $1 AND o.source_id = sources.source_id),"
    "page AS MATERIALIZED ("
    " SELECT n.received_at, n.change_id, n.place FROM ("
    "  SELECT n.received_at, n.change_id, n.place FROM names n WHERE" QM_BEFORE("n")
    "  ORDER BY n.received_at DESC, n.change_id DESC, n.place DESC OFFSET 0) n"
    // Names whose bodies retention has taken fill no page; only as many are looked up as it needs.
    " CROSS JOIN LATERAL (SELECT FROM ingest_v1_stored_reports r WHERE r.smart_account_id = $1"
    "  AND r.received_at = n.received_at AND r.change_id = n.change_id AND r.place = n.place OFFSET 0) stored"
    " LIMIT $5)"
    "SELECT" QM_REPORT_COLUMNS QM_FROM_PAGE;

constexpr char kGet[] =
    "SELECT" QM_REPORT_COLUMNS
    ", r.body"
    " FROM ingest_changes n JOIN ingest_v1_stored_reports r ON r.smart_account_id = n.smart_account_id"
    "      AND r.received_at = n.received_at AND r.change_id = n.change_id" QM_REPORT_JOINS
    " WHERE n.smart_account_id = $1 AND n.change_id = $2 AND r.place = $3";

// Whether a report of this name was stored once: its month is opened and has no partition any more.
constexpr char kWasRetired[] =
    "SELECT EXISTS (SELECT FROM ingest_changes c JOIN ledger_v1_report_openings o"
    "               ON c.received_at >= o.received_from AND c.received_at < o.received_until"
    "               WHERE c.smart_account_id = $1 AND c.change_id = $2 AND $3::int BETWEEN 0 AND "
    "c.report_count - 1"
    "               AND NOT EXISTS (SELECT FROM ingest_v1_report_months m WHERE m.received_from = "
    "o.received_from))";

#undef QM_NOT_SET_ASIDE
#undef QM_REPORT_COLUMNS
#undef QM_REPORT_JOINS
#undef QM_FROM_PAGE
#undef QM_BEFORE

StoredReport FromRow(const pqxx::row& row) {
  StoredReport report;
  report.name = {row[0].as<int64_t>(), row[1].as<int32_t>()};
  report.received_at = absl::FromUnixMicros(row[2].as<int64_t>());
  report.udi = {row[3].as<std::string>(), row[4].as<std::string>()};
  report.entitlement_tag = row[5].as<std::string>();
  report.report_id = row[6].as<int64_t>();
  report.verification = static_cast<Verification>(row[7].as<int>());
  report.outcome = static_cast<StoredOutcome>(row[8].as<int>());
  report.superseded = row[9].as<bool>();
  report.applied = row[10].as<bool>();
  report.acknowledged = row[11].as<bool>() && report.verification == Verification::kVerified;
  report.digest = pqxx::binarystring(row[12]).str();
  report.body_bytes = row[13].as<int64_t>();
  report.dictionary_id = row[14].as<int32_t>();
  return report;
}

// Null stands for "any" in the statements.
const std::string* OrNull(const std::string& text) { return text.empty() ? nullptr : &text; }

}  // namespace

absl::StatusOr<std::vector<StoredReport>> ReportReader::List(const ReportFilter& filter,
                                                             const ListedAfter& after, int limit) {
  const bool from_newest = after.received_at == absl::InfiniteFuture();
  const int64_t after_us = from_newest ? 0 : absl::ToUnixMicros(after.received_at);
  const int64_t* after_or_null = from_newest ? nullptr : &after_us;
  const std::string* tag = OrNull(filter.entitlement_tag);
  const std::string* pid = OrNull(filter.udi.product_id);
  const std::string* sn = OrNull(filter.udi.serial_number);
  return pool_.Read("ingest_list_reports",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::vector<StoredReport>> {
                      const pqxx::result rows =
                          pid == nullptr && sn == nullptr
                              ? transaction.exec_params(kListByTime, filter.smart_account_id, after_or_null,
                                                        after.name.change_id, after.name.place, limit, tag)
                              : transaction.exec_params(kListBySource, filter.smart_account_id, after_or_null,
                                                        after.name.change_id, after.name.place, limit, tag,
                                                        pid, sn);
                      std::vector<StoredReport> reports;
                      for (const auto& row : rows) reports.push_back(FromRow(row));
                      return reports;
                    });
}

absl::StatusOr<std::optional<StoredReport>> ReportReader::Get(int64_t smart_account_id,
                                                              const StoredName& name) {
  return pool_.Read("ingest_get_report",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::optional<StoredReport>> {
                      const pqxx::result rows =
                          transaction.exec_params(kGet, smart_account_id, name.change_id, name.place);
                      if (rows.empty()) return std::nullopt;
                      StoredReport report = FromRow(rows[0]);
                      report.body = pqxx::binarystring(rows[0][15]).str();
                      return report;
                    });
}

absl::StatusOr<bool> ReportReader::WasRetired(int64_t smart_account_id, const StoredName& name) {
  return pool_.Read("ingest_was_retired", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<bool> {
    return transaction.exec_params1(kWasRetired, smart_account_id, name.change_id, name.place)[0].as<bool>();
  });
}

}  // namespace quartermaster::ingest
