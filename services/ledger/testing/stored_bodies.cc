#include "services/ledger/testing/stored_bodies.h"

#include <zstd.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace quartermaster::ledger {
namespace {

std::string SudiOf(const std::string& pid, const std::string& sn) {
  return absl::StrCat(R"({"udi_pid":")", pid, R"(","udi_serial_number":")", sn, R"("})");
}

std::string MeasurementText(const Measurement& m) {
  const bool counted = !(m.flags & kNotCounted);
  const char* reason = m.flags & kEndedByReload ? "ProductReload" : m.flags & kEndExplained ? "Closed" : "NA";
  return absl::StrCat(
      R"({"metric_name":")", counted ? "ENTITLEMENT" : "TELEMETRY", R"(","start_time":)", m.start_s,
      R"(,"end_time":)", m.end_s, R"(,"meta":{"termination_reason":")", reason, "\"}",
      counted ? absl::StrCat(R"(,"value":{"type":"COUNT","value":")", m.count, "\"}") : "", "}");
}

}  // namespace

std::string PayloadOf(const FeedReport& report) {
  std::vector<std::string> members, measurements;
  for (const usage::DigestHaMember& member : report.ha_members) {
    members.push_back(absl::StrCat(R"({"role":")", member.role, R"(","sudi":)",
                                   SudiOf(member.product_id, member.serial_number), "}"));
  }
  for (const Measurement& m : report.measurements) measurements.push_back(MeasurementText(m));
  return absl::StrCat(R"({"asset_identification":{"report_id":)", report.report_id, R"(,"instance":{"sudi":)",
                      SudiOf(report.product_id, report.serial_number), R"(}},"meta":{"entitlement_tag":")",
                      report.tag, R"(","software_version":")", report.software_version, R"(","ha_udi":[)",
                      absl::StrJoin(members, ","), R"(]},"measurements":[)", absl::StrJoin(measurements, ","),
                      "]}");
}

std::string BytesLiteral(std::string_view bytes) {
  return absl::StrCat("'\\x", absl::BytesToHexString({bytes.data(), bytes.size()}), "'::bytea");
}

std::string CompressedBody(const std::string& payload) {
  const std::string raw =
      absl::StrCat(R"({"payload":")", absl::StrReplaceAll(payload, {{"\"", "\\\""}}),
                   R"(","signature":{"signing_type":"builtin","key":"k","value":"AAAA"}})");
  std::string body(ZSTD_compressBound(raw.size()), '\0');
  body.resize(ZSTD_compress(body.data(), body.size(), raw.data(), raw.size(), 1));
  return body;
}

std::string StoreSql(const FeedReport& report, const std::string& payload, int64_t change_id, size_t place) {
  std::string sql = absl::StrCat("UPDATE rum_reports SET body = ", BytesLiteral(CompressedBody(payload)),
                                 " WHERE change_id = ", change_id, " AND place = ", place, ";");
  if (report.outcome == 3) return sql;
  return absl::StrCat(
      sql,
      "INSERT INTO report_identities (smart_account_id, source_id, report_id, payload_hash, received_at,"
      " change_id, place, verification) SELECT smart_account_id, source_id, report_id,"
      " encode(substr(sha256(",
      BytesLiteral(payload),
      "), 1, 16), 'hex')::uuid, received_at, change_id, place, verification FROM rum_reports"
      " WHERE change_id = ",
      change_id, " AND place = ", place,
      " ON CONFLICT (smart_account_id, source_id, report_id) DO UPDATE SET"
      " payload_hash = excluded.payload_hash, received_at = excluded.received_at,"
      " change_id = excluded.change_id, place = excluded.place, verification = excluded.verification;");
}

int64_t SubmitWithBodies(LedgerDatabase& database, std::span<const FeedReport> reports,
                         absl::Time received_at, int64_t smart_account_id) {
  const int64_t change_id = database.Submit(reports, received_at, smart_account_id);
  std::string sql;
  for (size_t place = 0; place < reports.size(); ++place) {
    sql += StoreSql(reports[place], PayloadOf(reports[place]), change_id, place);
  }
  database.Run(sql);
  return change_id;
}

}  // namespace quartermaster::ledger
