#include "services/ledger/fsck/stored_reports.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/common/usage/measurement.h"
#include "services/ledger/fsck/openings.h"

namespace quartermaster::ledger::fsck {
namespace {

// outcome: accepted, and takes the place of an unverifiable report.
constexpr int kSuperseding = 5;

// DECLARE takes no parameters, so three values are quoted in.
// A cursor, because some consumers have more reports than fit into memory.
constexpr char kDeclareReports[] = R"sql(
  DECLARE stored_reports NO SCROLL CURSOR FOR
  SELECT s.source_id, s.udi_pid, s.udi_sn, s.entitlement_tag, i.report_id, i.payload_hash, i.verification,
         floor(extract(epoch FROM i.received_at))::bigint AS received_s,
         format('%s-%s', i.change_id, i.place) AS name, b.dictionary_id, b.body, b.digest, b.outcome,
         (c.incarnation, c.xid, c.change_id) <= (k.incarnation, k.xid, k.change_id) AS applied
  FROM unnest(:pids::text[], :sns::text[]) AS u (pid, sn)
  JOIN ingest_v1_sources s ON s.smart_account_id = :account AND s.udi_pid = u.pid AND s.udi_sn = u.sn
  JOIN ingest_v1_identities i ON (i.smart_account_id, i.source_id) = (s.smart_account_id, s.source_id)
  JOIN ingest_v1_changes c ON (c.smart_account_id, c.change_id) = (i.smart_account_id, i.change_id)
  LEFT JOIN ingest_v1_report_bodies b
    ON (b.smart_account_id, b.received_at, b.change_id, b.place)
     = (i.smart_account_id, i.received_at, i.change_id, i.place)
  JOIN ledger_cursors k ON k.consumer = 'apply_reports'
  -- A rule of its own names what was set aside.
  WHERE NOT EXISTS (
    SELECT FROM set_aside_reports a
    WHERE (a.smart_account_id, a.change_id, a.place) = (i.smart_account_id, i.change_id, i.place)))sql";

constexpr char kFetchReports[] = "FETCH 2000 FROM stored_reports";

}  // namespace

std::string ArrayLiteral(const std::vector<std::string>& values) {
  std::string literal = "{";
  for (const std::string& value : values) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + "}";
}

std::vector<OraclePoint> PointsOf(const ReadBody& body, int64_t received_s, bool verified, int32_t member) {
  std::vector<OraclePoint> points;
  const std::vector<Measurement>& digest = body.digest.measurements;
  for (size_t place = 0; place < body.report.measurements.size(); ++place) {
    const RereadMeasurement& measurement = body.report.measurements[place];
    if (!measurement.counts) continue;
    OraclePoint& point = points.emplace_back();
    point.start_s = measurement.start_s;
    point.end_s = measurement.end_s;
    point.report_id = body.report.report_id;
    point.place = static_cast<int64_t>(place);
    point.count = measurement.count;
    point.received_s = received_s;
    point.member = member;
    point.suspect = place < digest.size() && (digest[place].flags & kClockSuspect);
    point.verified = verified;
    point.end_explained = measurement.end_explained;
    point.ended_by_reload = measurement.ended_by_reload;
  }
  return points;
}

void StoredReports::ReadReport(const pqxx::row& row, const Member& member, StoredUsage& usage,
                               const FindingSink& sink) {
  const std::optional<ReadBody> body = bodies_.Read(row, sink);
  if (!body.has_value()) return;
  if (const auto stored_hash = row["payload_hash"].as<std::string>(); body->payload_hash != stored_hash) {
    sink({"payload_hash_differs", ReportSubject(row), stored_hash, body->payload_hash});
  }
  const std::vector<OraclePoint> points =
      PointsOf(*body, row["received_s"].as<int64_t>(), row["verification"].as<int>() == 1, member.number);
  usage.points.insert(usage.points.end(), points.begin(), points.end());
  if (row["outcome"].as<int>() == kSuperseding && points.empty()) {
    usage.silent.emplace(member.number, body->report.report_id);
  }
}

// A body that is gone must be one that an opening stands in for.
void StoredReports::TakeRetired(const pqxx::row& row, const Member& member, const OpenedReport* opened,
                                StoredUsage& usage, const FindingSink& sink) {
  const auto name = row["name"].as<std::string>();
  if (opened == nullptr) {
    sink({"identity_without_report", absl::StrCat("report ", name), "no stored report and no opening", name});
    return;
  }
  usage.retired.push_back({.name = name,
                           .payload_hash = row["payload_hash"].as<std::string>(),
                           .verification = row["verification"].as<int>(),
                           .received_s = row["received_s"].as<int64_t>(),
                           .report_id = row["report_id"].as<int64_t>(),
                           .member = member.number,
                           .hash = opened->hash});
}

std::map<std::pair<int64_t, std::string>, StoredUsage> StoredReports::Read(int64_t smart_account_id,
                                                                           const std::vector<Member>& members,
                                                                           const FindingSink& sink,
                                                                           Totals& totals) {
  std::vector<std::string> pids, sns;
  std::map<UdiPair, const Member*> by_udi;
  for (const Member& member : members) {
    pids.push_back(member.udi.first);
    sns.push_back(member.udi.second);
    by_udi[member.udi] = &member;
  }
  std::map<std::pair<int64_t, std::string>, StoredUsage> found;
  Openings openings(transaction_, smart_account_id, ArrayLiteral(pids), ArrayLiteral(sns), sink);
  transaction_.exec(absl::StrReplaceAll(kDeclareReports, {{":pids", transaction_.quote(ArrayLiteral(pids))},
                                                          {":sns", transaction_.quote(ArrayLiteral(sns))},
                                                          {":account", absl::StrCat(smart_account_id)}}));
  while (true) {
    const pqxx::result rows = transaction_.exec(kFetchReports);
    if (rows.empty()) break;
    for (const auto& row : rows) {
      const Member& member = *by_udi.at({row["udi_pid"].as<std::string>(), row["udi_sn"].as<std::string>()});
      const OpenedReport* opened =
          openings.Find(row["source_id"].as<int64_t>(), row["report_id"].as<int64_t>(),
                        row["received_s"].as<int64_t>(), row["verification"].as<int>() == 1);
      if (row["body"].is_null()) {
        TakeRetired(row, member, opened, found[{member.lead_id, row["entitlement_tag"].as<std::string>()}],
                    sink);
        continue;
      }
      const bool applied = row["applied"].as<bool>();
      const bool superseding = row["outcome"].as<int>() == kSuperseding;
      if (!applied && !superseding) continue;
      StoredUsage& usage = found[{member.lead_id, row["entitlement_tag"].as<std::string>()}];
      if (!applied) {
        usage.in_flight = true;
        continue;
      }
      ++totals.reports;
      ReadReport(row, member, usage, sink);
    }
  }
  transaction_.exec("CLOSE stored_reports");
  openings.ReportUnasked(sink);
  return found;
}

}  // namespace quartermaster::ledger::fsck
