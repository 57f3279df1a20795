#include "services/ingest/storage/group_bodies.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "services/common/status/status_macros.h"
#include "services/common/usage/digest.h"
#include "services/common/usage/measurement.h"

namespace quartermaster::ingest {
namespace {

// COPY writes many rows for less, but costs two round trips of its own and is parsed each time.
constexpr int32_t kInsertedMax = 64;

// 0 is no Virtual Account's id.
int64_t DoorOf(const GroupReport& row) { return row.submission->door_virtual_account_id.value_or(0); }

}  // namespace

absl::Status DecideClockSuspects(int64_t received_s, std::string& digest) {
  usage::Digest decoded;
  RETURN_IF_ERROR(usage::DecodeDigest(digest, decoded));
  for (Measurement& measurement : decoded.measurements) {
    measurement.flags &= ~uint32_t{kClockSuspect};
    if (measurement.end_s > received_s + kClockSuspectAfterS) measurement.flags |= kClockSuspect;
  }
  digest = usage::EncodeDigest(decoded);
  return absl::OkStatus();
}

// The share's time of receipt is the group's, and later than the time of parsing.
static absl::Status FitToReceipt(AccountShare& share) {
  const int64_t received_s = absl::ToUnixSeconds(share.received_at());
  for (GroupReport& row : share.reports()) {
    PendingReport& report = *row.report;
    const int64_t earlier_s = std::min(received_s, report.received_s);
    if (report.received_s == received_s || report.latest_end_s <= earlier_s + kClockSuspectAfterS) {
      continue;
    }
    RETURN_IF_ERROR(DecideClockSuspects(received_s, report.digest));
    report.received_s = received_s;
  }
  return absl::OkStatus();
}

constexpr char kCopyReports[] = R"(
COPY rum_reports (smart_account_id, received_at, change_id, source_id, report_id,
                  door_virtual_account_id, place, dictionary_id, outcome, verification, digest,
                  body)
FROM STDIN (FORMAT binary))";

static void AddRows(const AccountShare& share, pg::CopyBuffer& rows) {
  for (const GroupReport& row : share.reports()) {
    if (row.stored == StoredOutcome::kNone) continue;
    const PendingReport& report = *row.report;
    rows.StartRow(12);
    rows.Add(share.smart_account_id());
    rows.Add(share.received_at());
    rows.Add(share.change_id());
    rows.Add(row.source_id);
    rows.Add(report.report_id);
    if (const int64_t door = DoorOf(row); door != 0) {
      rows.Add(door);
    } else {
      rows.AddNull();
    }
    rows.Add(row.place);
    rows.Add(report.dictionary_id);
    rows.Add(static_cast<int16_t>(row.stored));
    rows.Add(static_cast<int16_t>(report.verification));
    rows.AddBytes(report.digest);
    rows.AddBytes(report.body);
  }
}

constexpr char kInsertReports[] = R"(
INSERT INTO rum_reports (smart_account_id, received_at, change_id, source_id, report_id,
                         door_virtual_account_id, place, dictionary_id, outcome, verification,
                         digest, body)
SELECT $1, $2, $3, k.source_id, k.report_id, nullif(k.door, 0), k.place, k.dictionary_id, k.outcome,
       k.verification, k.digest, k.body
FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::int[], $8::int[], $9::smallint[],
            $10::smallint[], $11::bytea[], $12::bytea[])
       AS k(source_id, report_id, door, place, dictionary_id, outcome, verification, digest, body))";

static void QueueInsert(GroupStatements& statements, const AccountShare& share) {
  std::vector<int64_t> source_ids, report_ids, doors;
  std::vector<int32_t> places, dictionaries;
  std::vector<int16_t> outcomes, verifications;
  std::vector<std::string_view> digests, bodies;
  for (const GroupReport& row : share.reports()) {
    if (row.stored == StoredOutcome::kNone) continue;
    source_ids.push_back(row.source_id);
    report_ids.push_back(row.report->report_id);
    doors.push_back(DoorOf(row));
    places.push_back(row.place);
    dictionaries.push_back(row.report->dictionary_id);
    outcomes.push_back(static_cast<int16_t>(row.stored));
    verifications.push_back(static_cast<int16_t>(row.report->verification));
    digests.push_back(row.report->digest);
    bodies.push_back(row.report->body);
  }
  if (source_ids.empty()) return;
  pg::Params params;
  params.Add(share.smart_account_id());
  params.Add(share.received_at());
  params.Add(share.change_id());
  params.AddArray(source_ids);
  params.AddArray(report_ids);
  params.AddArray(doors);
  params.AddArray(places);
  params.AddArray(dictionaries);
  params.AddArray(outcomes);
  params.AddArray(verifications);
  params.AddBytesArray(digests);
  params.AddBytesArray(bodies);
  statements.Queue(kInsertReports, std::move(params));
}

absl::Status StoreBodies(GroupStatements& statements, std::span<AccountShare> shares) {
  int32_t stored = 0;
  for (AccountShare& share : shares) {
    RETURN_IF_ERROR(FitToReceipt(share));
    stored += share.stored_count();
  }
  if (stored <= kInsertedMax) {
    for (const AccountShare& share : shares) QueueInsert(statements, share);
    return absl::OkStatus();
  }
  pg::CopyBuffer rows;
  for (const AccountShare& share : shares) AddRows(share, rows);
  return statements.Copy(kCopyReports, rows);
}

}  // namespace quartermaster::ingest
