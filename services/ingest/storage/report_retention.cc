#include "services/ingest/storage/report_retention.h"

#include <pqxx/pqxx>
#include <string>

namespace quartermaster::ingest {
namespace {

constexpr int kTrimmedPerTransaction = 5000;

std::string TimeText(absl::Time time) { return absl::FormatTime(time); }
absl::Time MicrosAt(const pqxx::field& field) { return absl::FromUnixMicros(field.as<int64_t>()); }

constexpr char kMonthsToDrop[] = R"(
SELECT (extract(epoch FROM m.received_from) * 1000000)::bigint
FROM ingest_v1_report_months m JOIN ledger_v1_report_openings o
  ON o.received_from = m.received_from AND o.received_until = m.received_until
WHERE m.received_until <= $1::timestamptz
ORDER BY m.received_from)";

constexpr char kKeep[] = "SELECT ingest_keep_reports($1::timestamptz, $2::timestamptz, $3::int)";
constexpr char kDropMonth[] = "SELECT ingest_drop_report_month($1::timestamptz)";

// Of months that are gone: what was moved out of one that still stands is looked at when that one goes. The
// reasons are looked up for each row of the page, because a join would read every stored report.
constexpr char kTrimKept[] = R"(
WITH months AS MATERIALIZED (SELECT received_from, received_until FROM ingest_v1_report_months),
page AS MATERIALIZED (
  SELECT smart_account_id, received_at, change_id, place FROM rum_reports_kept
  WHERE (smart_account_id, received_at, change_id, place)
      > ($2::bigint, to_timestamp(0) + $3::bigint * interval '1 microsecond', $4::bigint, $5::int)
  ORDER BY smart_account_id, received_at, change_id, place LIMIT $6),
gone AS (
  SELECT p.smart_account_id, p.received_at, p.change_id, p.place
  FROM page p CROSS JOIN LATERAL (
    SELECT w.reasons FROM ingest_v1_reasons_to_stay w
    WHERE w.smart_account_id = p.smart_account_id AND w.received_at = p.received_at
      AND w.change_id = p.change_id AND w.place = p.place OFFSET 0) w
  WHERE w.reasons & ~$1::int = 0
    AND NOT EXISTS (SELECT FROM months m
                    WHERE p.received_at >= m.received_from AND p.received_at < m.received_until)),
deleted AS (
  DELETE FROM rum_reports_kept k USING gone g
  WHERE (k.smart_account_id, k.received_at, k.change_id, k.place)
      = (g.smart_account_id, g.received_at, g.change_id, g.place)
  RETURNING 1)
SELECT (SELECT count(*) FROM deleted), p.smart_account_id, (extract(epoch FROM p.received_at) * 1000000)::bigint,
       p.change_id, p.place
FROM page p ORDER BY 2 DESC, 3 DESC, 4 DESC, 5 DESC LIMIT 1)";

constexpr char kCount[] = R"(
SELECT (SELECT (extract(epoch FROM min(received_from)) * 1000000)::bigint FROM ingest_v1_report_months),
       (SELECT count(*) FROM rum_reports_kept))";

constexpr char kEraseSystemInfos[] = R"(
DELETE FROM report_system_infos i USING report_senders d, ledger_v1_instance_erasures e
WHERE (d.udi_pid, d.udi_sn, d.smart_account_id) = (e.udi_pid, e.udi_sn, e.smart_account_id)
  AND (i.smart_account_id, i.sender_id) = (d.smart_account_id, d.sender_id) AND i.received_at <= e.erased_at)";

}  // namespace

absl::StatusOr<std::vector<absl::Time>> ReportRetention::MonthsToDrop(absl::Time cut) {
  using Answer = absl::StatusOr<std::vector<absl::Time>>;
  return pool_.Read("ingest_months_to_drop", [&](pqxx::transaction_base& transaction) -> Answer {
    std::vector<absl::Time> months;
    for (const auto& row : transaction.exec_params(kMonthsToDrop, TimeText(cut))) {
      months.push_back(MicrosAt(row[0]));
    }
    return months;
  });
}

absl::StatusOr<int64_t> ReportRetention::Keep(absl::Time from, absl::Time until, int ignored) {
  return pool_.Transact(
      "ingest_keep_reports", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
        return transaction.exec_params1(kKeep, TimeText(from), TimeText(until), ignored)[0].as<int64_t>();
      });
}

absl::StatusOr<bool> ReportRetention::DropMonth(absl::Time from) {
  return pool_.Transact("ingest_drop_report_month",
                        [&](pqxx::transaction_base& transaction) -> absl::StatusOr<bool> {
                          return transaction.exec_params1(kDropMonth, TimeText(from))[0].as<bool>();
                        });
}

absl::StatusOr<int64_t> ReportRetention::TrimKept(int ignored, std::optional<KeptReport>& position) {
  const KeptReport after = position.value_or(KeptReport());
  return pool_.Transact(
      "ingest_trim_kept_reports", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
        const pqxx::result rows =
            transaction.exec_params(kTrimKept, ignored, after.smart_account_id, after.received_us,
                                    after.change_id, after.place, kTrimmedPerTransaction);
        position.reset();
        if (rows.empty()) return 0;
        position = KeptReport{rows[0][1].as<int64_t>(), rows[0][2].as<int64_t>(), rows[0][3].as<int64_t>(),
                              rows[0][4].as<int32_t>()};
        return rows[0][0].as<int64_t>();
      });
}

absl::StatusOr<StoredMonths> ReportRetention::Count() {
  return pool_.Read("ingest_count_kept_reports",
                    [](pqxx::transaction_base& transaction) -> absl::StatusOr<StoredMonths> {
                      const auto row = transaction.exec1(kCount);
                      StoredMonths months;
                      if (!row[0].is_null()) months.oldest = MicrosAt(row[0]);
                      months.kept_reports = row[1].as<int64_t>();
                      return months;
                    });
}

absl::Status ReportRetention::EraseSystemInfos() {
  return pool_.Transact("ingest_erase_system_infos", [](pqxx::transaction_base& transaction) {
    transaction.exec(kEraseSystemInfos);
    return absl::OkStatus();
  });
}

}  // namespace quartermaster::ingest
