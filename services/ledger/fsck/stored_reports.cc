#include "services/ledger/fsck/stored_reports.h"

#include <zstd.h>

#include <memory>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/common/crypto/signature.h"
#include "services/common/usage/digest.h"
#include "services/ledger/fsck/report_rereader.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr size_t kBodyBytesMax = 16u << 20;

// DECLARE takes no parameters, so three values are quoted in.
// A cursor, because some consumers have more reports than fit into memory.
constexpr char kDeclareReports[] = R"sql(
  DECLARE stored_reports NO SCROLL CURSOR FOR
  SELECT s.udi_pid, s.udi_sn, s.entitlement_tag, i.report_id, i.payload_hash, i.verification,
         floor(extract(epoch FROM i.received_at))::bigint AS received_s,
         format('%s-%s', i.change_id, i.place) AS name, b.dictionary_id, b.body, b.digest, b.outcome,
         (c.incarnation, c.xid, c.change_id) <= (k.incarnation, k.xid, k.change_id) AS applied
  FROM unnest(:pids::text[], :sns::text[]) AS u (pid, sn)
  JOIN ingest_v1_sources s ON s.smart_account_id = :account AND s.udi_pid = u.pid AND s.udi_sn = u.sn
  JOIN ingest_v1_identities i ON (i.smart_account_id, i.source_id) = (s.smart_account_id, s.source_id)
  JOIN ingest_v1_changes c ON (c.smart_account_id, c.change_id) = (i.smart_account_id, i.change_id)
  JOIN ingest_v1_report_bodies b
    ON (b.smart_account_id, b.received_at, b.change_id, b.place)
     = (i.smart_account_id, i.received_at, i.change_id, i.place)
  JOIN ledger_cursors k ON k.consumer = 'apply_reports'
  -- A rule of its own names what was set aside.
  WHERE NOT EXISTS (
    SELECT FROM set_aside_reports a
    WHERE (a.smart_account_id, a.change_id, a.place) = (i.smart_account_id, i.change_id, i.place)))sql";

constexpr char kFetchReports[] = "FETCH 2000 FROM stored_reports";

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

// uuid text of the first 16 bytes of SHA-256.
std::string PayloadHash(const std::string& payload) {
  const crypto::Sha256Digest digest = crypto::Sha256(payload);
  std::string hex = crypto::HexEncode({reinterpret_cast<const char*>(digest.data()), 16});
  for (int at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

std::string Describe(int64_t start_s, int64_t end_s, int64_t count, bool counts) {
  return absl::StrCat("[", start_s, ", ", end_s, "] ", counts ? absl::StrCat(count) : "not counted");
}

std::string DescribeBody(const RereadReport& report) {
  std::string text;
  for (const RereadMeasurement& m : report.measurements) {
    absl::StrAppend(&text, Describe(m.start_s, m.end_s, m.count, m.counts), " ");
  }
  return text;
}

std::string DescribeDigest(const usage::Digest& digest) {
  std::string text;
  for (const Measurement& m : digest.measurements) {
    absl::StrAppend(&text, Describe(m.start_s, m.end_s, m.count, !(m.flags & kNotCounted)), " ");
  }
  return text;
}

// A clock is judged when its report arrives, which may be a while before the report is stored: a
// measurement that ends in between is suspect though it no longer looks so.
constexpr int64_t kStoringTakesAtMostS = 600;

void CheckSuspicion(const std::string& name, const usage::Digest& digest, int64_t received_s,
                    const FindingSink& sink) {
  for (const Measurement& measurement : digest.measurements) {
    const int64_t ahead_s = measurement.end_s - received_s;
    const bool suspect = (measurement.flags & kClockSuspect) != 0;
    const bool may_be = ahead_s > kClockSuspectAfterS - kStoringTakesAtMostS;
    const bool must_be = ahead_s > kClockSuspectAfterS;
    if (suspect ? may_be : !must_be) continue;
    sink({"clock_suspect_differs", absl::StrCat(name, " measurement that ends at ", measurement.end_s),
          suspect ? "suspect" : "not suspect", absl::StrCat(ahead_s, " s ahead of its receipt")});
  }
}

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

StoredReports::StoredReports(pqxx::transaction_base& transaction) : transaction_(transaction) {
  for (const auto& row :
       transaction_.exec("SELECT dictionary_id, dictionary FROM ingest_v1_body_dictionaries")) {
    dictionaries_[row[0].as<int32_t>()] = Bytes(row[1]);
  }
}

std::string StoredReports::Decompress(std::string_view body, int32_t dictionary_id) const {
  const unsigned long long size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size > kBodyBytesMax) throw std::runtime_error("body: no zstd frame of a known, sane size");
  std::string raw(size, '\0');
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::string_view dictionary;
  if (dictionary_id != 0) dictionary = dictionaries_.at(dictionary_id);
  const size_t got = ZSTD_decompress_usingDict(context.get(), raw.data(), raw.size(), body.data(),
                                               body.size(), dictionary.data(), dictionary.size());
  if (ZSTD_isError(got) || got != raw.size()) throw std::runtime_error("body: zstd frame is damaged");
  return raw;
}

void StoredReports::ReadReport(const pqxx::row& row, const Member& member, StoredUsage& usage,
                               const FindingSink& sink) {
  const std::string name = absl::StrCat("report ", row["name"].as<std::string>());
  RereadReport report;
  try {
    auto reread = RereadReportBody(Decompress(Bytes(row["body"]), row["dictionary_id"].as<int32_t>()));
    if (!reread.ok()) throw std::runtime_error(std::string(reread.status().message()));
    report = *std::move(reread);
  } catch (const std::exception& error) {
    sink({"body_unreadable", name, error.what(), "a RUM report"});
    return;
  }
  const std::string got_hash = PayloadHash(report.payload);
  if (got_hash != row["payload_hash"].as<std::string>()) {
    sink({"payload_hash_differs", name, row["payload_hash"].as<std::string>(), got_hash});
  }
  if (report.udi != member.udi || report.tag != row["entitlement_tag"].as<std::string>() ||
      report.report_id != row["report_id"].as<int64_t>()) {
    sink({"identity_differs", name,
          absl::StrCat(row["udi_pid"].as<std::string>(), ":", row["udi_sn"].as<std::string>(), " report ",
                       row["report_id"].as<int64_t>()),
          absl::StrCat(report.udi.first, ":", report.udi.second, " report ", report.report_id)});
  }
  usage::Digest digest;
  const std::string want = DescribeBody(report);
  if (!usage::DecodeDigest(Bytes(row["digest"]), digest).ok() || DescribeDigest(digest) != want) {
    sink({"digest_differs", name, DescribeDigest(digest), want});
  }
  const int64_t received_s = row["received_s"].as<int64_t>();
  CheckSuspicion(name, digest, received_s, sink);
  for (size_t place = 0; place < report.measurements.size(); ++place) {
    const RereadMeasurement& measurement = report.measurements[place];
    if (!measurement.counts) continue;
    OraclePoint point;
    point.end_s = measurement.end_s;
    point.report_id = report.report_id;
    point.place = static_cast<int64_t>(place);
    point.udi = member.udi;
    point.count = measurement.count;
    point.received_s = received_s;
    point.suspect = place < digest.measurements.size() && (digest.measurements[place].flags & kClockSuspect);
    point.verified = row["verification"].as<int>() == 1;
    usage.points.push_back(std::move(point));
  }
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
  transaction_.exec(absl::StrReplaceAll(kDeclareReports, {{":pids", transaction_.quote(ArrayLiteral(pids))},
                                                          {":sns", transaction_.quote(ArrayLiteral(sns))},
                                                          {":account", absl::StrCat(smart_account_id)}}));
  while (true) {
    const pqxx::result rows = transaction_.exec(kFetchReports);
    if (rows.empty()) break;
    for (const auto& row : rows) {
      const Member& member = *by_udi.at({row["udi_pid"].as<std::string>(), row["udi_sn"].as<std::string>()});
      const bool applied = row["applied"].as<bool>();
      const bool superseding = row["outcome"].as<int>() == 5;
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
  return found;
}

}  // namespace quartermaster::ledger::fsck
