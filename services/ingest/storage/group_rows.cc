#include "services/ingest/storage/group_rows.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "services/common/ids/random.h"

namespace quartermaster::ingest {

constexpr char kInsertChanges[] = R"(
INSERT INTO ingest_changes (smart_account_id, change_id, incarnation, received_at, report_count,
                            digest_bytes)
OVERRIDING SYSTEM VALUE
SELECT k.smart_account_id, k.change_id, $1, $2, k.report_count, k.digest_bytes
FROM unnest($3::bigint[], $4::bigint[], $5::int[], $6::bigint[])
       AS k(smart_account_id, change_id, report_count, digest_bytes))";

static int64_t StoredDigestBytes(const AccountShare& share) {
  int64_t bytes = 0;
  for (const GroupReport& row : share.reports()) {
    if (row.stored != StoredOutcome::kNone) bytes += static_cast<int64_t>(row.report->digest.size());
  }
  return bytes;
}

void QueueChanges(GroupStatements& statements, int32_t incarnation, absl::Time received_at,
                  std::span<const AccountShare> shares) {
  std::vector<int64_t> smart_account_ids, change_ids, digest_bytes;
  std::vector<int32_t> counts;
  for (const AccountShare& share : shares) {
    const int32_t count = share.stored_count();
    if (count == 0) continue;
    smart_account_ids.push_back(share.smart_account_id());
    change_ids.push_back(share.change_id());
    counts.push_back(count);
    digest_bytes.push_back(StoredDigestBytes(share));
  }
  if (counts.empty()) return;
  pg::Params params;
  params.Add(incarnation);
  params.Add(received_at);
  params.AddArray(smart_account_ids);
  params.AddArray(change_ids);
  params.AddArray(counts);
  params.AddArray(digest_bytes);
  statements.Queue(kInsertChanges, std::move(params));
}

constexpr char kInsertTickets[] = R"(
INSERT INTO poll_tickets (smart_account_id, poll_id, created_at, sender_ids, change_ids)
SELECT k.smart_account_id, k.poll_id, $1, array_agg(k.sender_id ORDER BY k.sender_id),
       array_agg(k.change_id ORDER BY k.sender_id)
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
       AS k(poll_id, smart_account_id, sender_id, change_id)
GROUP BY k.smart_account_id, k.poll_id)";

// Any device may poll, and a poll id is all that it shows: so it must not be guessed. Positive, and
// never 0, which means none.
int64_t NewPollId() { return static_cast<int64_t>(ids::SecretBits() >> 1 | 1); }

bool QueueTickets(GroupStatements& statements, absl::Time received_at, std::span<const AccountShare> shares,
                  std::span<Submission* const> submissions) {
  // For each submission and sender, the change that the acknowledgement must reach.
  std::map<std::pair<const Submission*, int64_t>, int64_t> reach;
  for (const AccountShare& share : shares) {
    for (const GroupReport& row : share.reports()) {
      if (!row.submission->wants_ticket) continue;
      if (row.answer->outcome != ReportAnswer::Outcome::kAccepted &&
          row.answer->outcome != ReportAnswer::Outcome::kDuplicate) {
        continue;
      }
      int64_t& change_id = reach[{row.submission, row.sender_id}];
      change_id = std::max(change_id, row.answer->name.change_id);
    }
  }
  if (reach.empty()) return false;

  std::vector<int64_t> poll_ids, smart_account_ids, sender_ids, change_ids;
  for (Submission* submission : submissions) {
    const auto first = reach.lower_bound({submission, 0});
    if (first == reach.end() || first->first.first != submission) continue;
    submission->poll_id = NewPollId();
    for (auto it = first; it != reach.end() && it->first.first == submission; ++it) {
      poll_ids.push_back(submission->poll_id);
      smart_account_ids.push_back(submission->smart_account_id);
      sender_ids.push_back(it->first.second);
      change_ids.push_back(it->second);
    }
  }
  pg::Params params;
  params.Add(received_at);
  params.AddArray(poll_ids);
  params.AddArray(smart_account_ids);
  params.AddArray(sender_ids);
  params.AddArray(change_ids);
  statements.Queue(kInsertTickets, std::move(params));
  return true;
}

// Rows in the order of the senders, so that two groups wait in one direction only.
constexpr char kUpsertSystemInfos[] = R"(
INSERT INTO report_system_infos (smart_account_id, sender_id, received_at, hostname, body)
SELECT d.smart_account_id, d.sender_id, $1, k.hostname, k.body
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[])
       AS k(smart_account_id, udi_pid, udi_sn, hostname, body)
JOIN report_senders d ON d.udi_pid = k.udi_pid AND d.udi_sn = k.udi_sn
     AND d.smart_account_id = k.smart_account_id
ORDER BY d.sender_id
ON CONFLICT (smart_account_id, sender_id) DO UPDATE
SET received_at = EXCLUDED.received_at, hostname = EXCLUDED.hostname, body = EXCLUDED.body
WHERE report_system_infos.received_at <= EXCLUDED.received_at)";

bool QueueSystemInfos(GroupStatements& statements, absl::Time received_at,
                      std::span<Submission* const> submissions) {
  // One row for each sender: the last one wins.
  std::map<std::tuple<int64_t, std::string_view, std::string_view>, const PendingSystemInfo*> newest;
  for (const Submission* submission : submissions) {
    for (const PendingSystemInfo& info : submission->system_infos) {
      newest[{submission->smart_account_id, info.udi.product_id, info.udi.serial_number}] = &info;
    }
  }
  if (newest.empty()) return false;
  std::vector<int64_t> smart_account_ids;
  std::vector<std::string_view> pids, sns, hostnames, bodies;
  for (const auto& [key, info] : newest) {
    smart_account_ids.push_back(std::get<0>(key));
    pids.push_back(std::get<1>(key));
    sns.push_back(std::get<2>(key));
    hostnames.push_back(info->hostname);
    bodies.push_back(info->body);
  }
  pg::Params params;
  params.Add(received_at);
  params.AddArray(smart_account_ids);
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  params.AddTextArray(hostnames);
  params.AddBytesArray(bodies);
  statements.Queue(kUpsertSystemInfos, std::move(params));
  return true;
}

}  // namespace quartermaster::ingest
