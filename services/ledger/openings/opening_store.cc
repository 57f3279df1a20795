#include "services/ledger/openings/opening_store.h"

#include <algorithm>
#include <map>
#include <pqxx/pqxx>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/fsck/body_reader.h"
#include "services/ledger/fsck/stored_reports.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// Sources read at a time: bounds memory by a month of so many.
constexpr int kSourcesPerPage = 50;

// outcome: accepted, and takes the place of an unverifiable report.
constexpr int kSuperseding = 5;

// A change that is not visible yet was received after every month that is old enough.
constexpr char kSelectNextMonth[] = R"sql(
  SELECT (extract(epoch FROM m.received_from) * 1000000)::bigint,
         (extract(epoch FROM m.received_until) * 1000000)::bigint
  FROM ingest_v1_report_months m
  WHERE m.received_until <= $1::timestamptz
    AND NOT EXISTS (SELECT FROM report_openings o WHERE o.received_from = m.received_from)
    AND NOT EXISTS (
      SELECT FROM ingest_v1_changes c
      WHERE c.received_at < m.received_until
        AND (c.incarnation, c.xid, c.change_id) >
            (SELECT k.incarnation, k.xid, k.change_id FROM ledger_cursors k WHERE k.consumer = 'apply_reports'))
    AND EXISTS (SELECT FROM ledger_cursors k WHERE k.consumer = 'apply_reports')
  ORDER BY m.received_from LIMIT 1)sql";

constexpr char kSelectSources[] = R"sql(
  SELECT source_id FROM ingest_v1_sources WHERE smart_account_id = $1 AND source_id > $2
  ORDER BY source_id LIMIT $3)sql";

// DECLARE takes no parameters: numbers and times of ours are quoted in.
constexpr char kDeclareReports[] = R"sql(
  DECLARE month_reports NO SCROLL CURSOR FOR
  SELECT i.source_id, i.report_id, i.payload_hash, i.verification, i.change_id, i.place,
         floor(extract(epoch FROM i.received_at))::bigint AS received_s,
         format('%s-%s', i.change_id, i.place) AS name, s.udi_pid, s.udi_sn, s.entitlement_tag,
         b.outcome, b.dictionary_id, b.body, b.digest,
         EXISTS (SELECT FROM set_aside_reports a
                 WHERE (a.smart_account_id, a.change_id, a.place)
                     = (i.smart_account_id, i.change_id, i.place)) AS set_aside
  FROM unnest(:sources::bigint[]) AS u (source_id)
  JOIN ingest_v1_sources s ON s.smart_account_id = :account AND s.source_id = u.source_id
  JOIN ingest_v1_identities i ON (i.smart_account_id, i.source_id) = (s.smart_account_id, s.source_id)
  JOIN ingest_v1_report_bodies b
    ON (b.smart_account_id, b.received_at, b.change_id, b.place)
     = (i.smart_account_id, i.received_at, i.change_id, i.place)
  WHERE i.received_at >= :from::timestamptz AND i.received_at < :until::timestamptz)sql";

constexpr char kInsertSources[] = R"sql(
  INSERT INTO report_opening_sources (smart_account_id, source_id, draft_id, report_count, reports)
  VALUES ($1, $2, $3, $4, $5))sql";
constexpr char kInsertException[] = R"sql(
  INSERT INTO report_opening_exceptions (smart_account_id, change_id, place, draft_id) VALUES ($1, $2, $3, $4))sql";

constexpr char kSelectLast[] =
    "SELECT opening_id, opening_hash FROM report_openings ORDER BY opening_id DESC LIMIT 1";
constexpr char kInsertOpening[] = R"sql(
  INSERT INTO report_openings (opening_id, draft_id, received_from, received_until, source_count, report_count,
    sources_hash, previous_hash, opening_hash, signed_at, alg, key_id, signature)
  VALUES ($1, $2, $3::timestamptz, $4::timestamptz, $5, $6, $7, $8, $9, $10::timestamptz, $11, $12, $13))sql";

// Nobody forgets a draft while another makes it an opening.
constexpr char kLockDrafts[] = "SELECT pg_advisory_xact_lock(hashtext('report_opening_drafts'))";
constexpr char kCountDraft[] = R"sql(
  SELECT count(*), coalesce(sum(report_count), 0)::bigint FROM report_opening_sources WHERE draft_id = $1)sql";

constexpr char kForgetSources[] = R"sql(
  DELETE FROM report_opening_sources l
  WHERE l.draft_id <= $1 AND NOT EXISTS (SELECT FROM report_openings o WHERE o.draft_id = l.draft_id))sql";
constexpr char kForgetExceptions[] = R"sql(
  DELETE FROM report_opening_exceptions l
  WHERE l.draft_id <= $1 AND NOT EXISTS (SELECT FROM report_openings o WHERE o.draft_id = l.draft_id))sql";

pqxx::binarystring Binary(const crypto::Sha256Digest& digest) { return {digest.data(), digest.size()}; }

// What one report says; nothing, and why, when it cannot be stood in for.
std::optional<fsck::ReportHash> HashOfRow(const pqxx::row& row, fsck::BodyReader& bodies, std::string& why) {
  if (row["set_aside"].as<bool>()) {
    why = "set aside";
    return std::nullopt;
  }
  const auto body = bodies.Read(row, [&](const fsck::Finding& finding) {
    why = absl::StrCat(finding.rule, ": got ", finding.got, ", want ", finding.want);
  });
  const auto verification = row["verification"].as<int>();
  fsck::ReportFacts facts{.payload_hash = row["payload_hash"].as<std::string>(),
                          .verification = verification,
                          .received_s = row["received_s"].as<int64_t>()};
  if (body.has_value() && body->payload_hash != facts.payload_hash) why = "payload_hash_differs";
  if (!body.has_value() || !why.empty()) return std::nullopt;
  facts.points = fsck::PointsOf(*body, facts.received_s, verification == 1, 0);
  facts.silent = row["outcome"].as<int>() == kSuperseding && facts.points.empty();
  return fsck::HashOf(facts);
}

void ReadReports(pqxx::transaction_base& tx, int64_t smart_account_id, const ReportMonth& month,
                 const std::vector<int64_t>& source_ids, OpeningPage& page) {
  tx.exec(absl::StrReplaceAll(kDeclareReports, {{":sources", tx.quote(IntArray(source_ids))},
                                                {":account", absl::StrCat(smart_account_id)},
                                                {":from", tx.quote(TimeText(month.from))},
                                                {":until", tx.quote(TimeText(month.until))}}));
  fsck::BodyReader bodies(tx);
  std::map<int64_t, std::vector<fsck::OpenedReport>> by_source;
  for (pqxx::result rows = tx.exec("FETCH 2000 FROM month_reports"); !rows.empty();
       rows = tx.exec("FETCH 2000 FROM month_reports")) {
    for (const auto& row : rows) {
      std::string why;
      if (const auto hash = HashOfRow(row, bodies, why); hash.has_value()) {
        by_source[row["source_id"].as<int64_t>()].push_back({row["report_id"].as<int64_t>(), *hash});
      } else {
        page.exceptions.push_back({row["change_id"].as<int64_t>(), row["place"].as<int32_t>(), why});
      }
    }
  }
  for (auto& [source_id, reports] : by_source) {
    std::sort(reports.begin(), reports.end(),
              [](const auto& a, const auto& b) { return a.report_id < b.report_id; });
    page.sources.push_back({source_id, std::move(reports)});
  }
}

}  // namespace

absl::StatusOr<std::optional<ReportMonth>> OpeningStore::NextMonth(absl::Time cut) {
  using Answer = absl::StatusOr<std::optional<ReportMonth>>;
  return pool_.Read("ledger_next_month_to_open", [&](pqxx::transaction_base& tx) -> Answer {
    const pqxx::result rows = tx.exec_params(kSelectNextMonth, TimeText(cut));
    if (rows.empty()) return std::nullopt;
    return ReportMonth{MicrosAt(rows[0][0]), MicrosAt(rows[0][1])};
  });
}

absl::StatusOr<std::vector<int64_t>> OpeningStore::SmartAccounts() {
  using Answer = absl::StatusOr<std::vector<int64_t>>;
  return pool_.Read("ledger_accounts_to_open", [](pqxx::transaction_base& tx) -> Answer {
    std::vector<int64_t> ids;
    for (const auto& row : tx.exec("SELECT smart_account_id FROM smart_accounts ORDER BY 1")) {
      ids.push_back(row[0].as<int64_t>());
    }
    return ids;
  });
}

absl::StatusOr<int64_t> OpeningStore::NewDraft() {
  return pool_.Transact("ledger_new_opening_draft",
                        [](pqxx::transaction_base& tx) -> absl::StatusOr<int64_t> {
                          return tx.exec1("SELECT nextval('report_opening_drafts')")[0].as<int64_t>();
                        });
}

absl::StatusOr<OpeningPage> OpeningStore::ReadPage(int64_t smart_account_id, const ReportMonth& month,
                                                   int64_t after_source_id) {
  return pool_.Read(
      "ledger_read_month_to_open", [&](pqxx::transaction_base& tx) -> absl::StatusOr<OpeningPage> {
        std::vector<int64_t> source_ids;
        for (const auto& row :
             tx.exec_params(kSelectSources, smart_account_id, after_source_id, kSourcesPerPage)) {
          source_ids.push_back(row[0].as<int64_t>());
        }
        OpeningPage page;
        if (source_ids.empty()) return page;
        page.last_source_id = source_ids.back();
        ReadReports(tx, smart_account_id, month, source_ids, page);
        return page;
      });
}

absl::Status OpeningStore::WritePage(int64_t draft_id, int64_t smart_account_id, const OpeningPage& page,
                                     SourcesHash& hash) {
  std::vector<std::string> packed;
  for (const OpeningSource& source : page.sources) packed.push_back(fsck::PackOpenedReports(source.reports));
  RETURN_IF_ERROR(pool_.Transact("ledger_write_opening_draft", [&](pqxx::transaction_base& tx) {
    for (size_t i = 0; i < packed.size(); ++i) {
      tx.exec_params(kInsertSources, smart_account_id, page.sources[i].source_id, draft_id,
                     static_cast<int32_t>(page.sources[i].reports.size()), pqxx::binarystring(packed[i]));
    }
    for (const OpeningException& exception : page.exceptions) {
      tx.exec_params(kInsertException, smart_account_id, exception.change_id, exception.place, draft_id);
    }
    return absl::OkStatus();
  }));
  for (size_t i = 0; i < packed.size(); ++i) {
    hash.Add(smart_account_id, page.sources[i].source_id,
             static_cast<int32_t>(page.sources[i].reports.size()), packed[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<OpeningHead> OpeningStore::LastOpening() {
  return pool_.Read("ledger_last_opening", [](pqxx::transaction_base& tx) -> absl::StatusOr<OpeningHead> {
    OpeningHead last;
    const pqxx::result rows = tx.exec(kSelectLast);
    if (rows.empty()) return last;
    last.opening_id = rows[0][0].as<int64_t>();
    const pqxx::binarystring hash(rows[0][1]);
    std::copy_n(hash.data(), std::min(hash.size(), last.previous_hash.size()), last.previous_hash.begin());
    return last;
  });
}

absl::Status OpeningStore::Append(const OpeningHead& head, int64_t draft_id,
                                  const BlockSignature& signature) {
  return pool_.Transact("ledger_append_opening", [&](pqxx::transaction_base& tx) -> absl::Status {
    tx.exec(kLockDrafts);
    // Another replica may have forgotten the draft, which was none of an opening.
    const auto counts = tx.exec_params1(kCountDraft, draft_id);
    if (counts[0].as<int64_t>() != head.source_count || counts[1].as<int64_t>() != head.report_count) {
      return Busy("opening");
    }
    tx.exec_params(kInsertOpening, head.opening_id, draft_id,
                   TimeText(absl::FromUnixMicros(head.received_from_us)),
                   TimeText(absl::FromUnixMicros(head.received_until_us)), head.source_count,
                   head.report_count, Binary(head.sources_hash), Binary(head.previous_hash),
                   Binary(OpeningHash(head)), TimeText(absl::FromUnixMicros(head.signed_at_us)),
                   signature.alg, signature.key_id, pqxx::binarystring(signature.signature));
    return absl::OkStatus();
  });
}

absl::Status OpeningStore::ForgetDrafts(int64_t through_draft_id) {
  return pool_.Transact("ledger_forget_opening_drafts", [&](pqxx::transaction_base& tx) {
    tx.exec(kLockDrafts);
    tx.exec_params(kForgetSources, through_draft_id);
    tx.exec_params(kForgetExceptions, through_draft_id);
    return absl::OkStatus();
  });
}

}  // namespace quartermaster::ledger
