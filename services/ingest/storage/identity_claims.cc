#include "services/ingest/storage/identity_claims.h"

#include <utility>
#include <vector>

#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {
namespace {

int16_t Stored(Verification verification) { return static_cast<int16_t>(verification); }

// (source, report id) of chains, as parameters.
struct ChainKeys {
  std::vector<int64_t> source_ids;
  std::vector<int64_t> report_ids;

  explicit ChainKeys(const std::vector<IdentityChain*>& chains) {
    for (const IdentityChain* chain : chains) {
      source_ids.push_back(chain->source_id());
      report_ids.push_back(chain->report_id());
    }
  }
};

}  // namespace

#define QM_INSERT_IDENTITIES                                                             \
  "INSERT INTO report_identities (smart_account_id, source_id, report_id, payload_hash," \
  " received_at, change_id, place, verification)"                                        \
  " SELECT $1, k.source_id, k.report_id, k.payload_hash, $2, change.change_id, k.place," \
  " k.verification FROM change,"                                                         \
  " unnest($3::bigint[], $4::bigint[], $5::uuid[], $6::int[], $7::smallint[])"           \
  " AS k(source_id, report_id, payload_hash, place, verification)"
#define QM_DRAW_CHANGE_ID \
  "WITH change AS MATERIALIZED (SELECT nextval('ingest_changes_change_id_seq') AS change_id),"

// Rows go in in the order of the arrays. The places that were claimed come back; with all of them
// (the usual case) an empty list stands for that.
constexpr char kClaimIdentities[] =
    QM_DRAW_CHANGE_ID " claimed AS (" QM_INSERT_IDENTITIES
                      " ON CONFLICT (smart_account_id, source_id, report_id) DO NOTHING RETURNING place),"
                      " total AS (SELECT count(*) AS claimed FROM claimed)"
                      " SELECT change.change_id, total.claimed, claimed.place FROM change CROSS JOIN total"
                      " LEFT JOIN claimed ON total.claimed < $8";

constexpr char kClaimNewIdentities[] =
    QM_DRAW_CHANGE_ID " claimed AS (" QM_INSERT_IDENTITIES ") SELECT change_id FROM change";

#undef QM_INSERT_IDENTITIES
#undef QM_DRAW_CHANGE_ID

static pg::Params ClaimsOf(const AccountShare& share) {
  std::vector<int64_t> source_ids, report_ids;
  std::vector<pg::Uuid> hashes;
  std::vector<int32_t> places;
  std::vector<int16_t> verifications;
  for (const IdentityChain& chain : share.chains()) {
    const GroupReport& first = *chain.reports.front();
    source_ids.push_back(first.source_id);
    report_ids.push_back(first.report->report_id);
    hashes.push_back(first.report->payload_hash);
    places.push_back(first.place);
    verifications.push_back(Stored(first.report->verification));
  }
  pg::Params params;
  params.Add(share.smart_account_id());
  params.Add(share.received_at());
  params.AddArray(source_ids);
  params.AddArray(report_ids);
  params.AddArray(hashes);
  params.AddArray(places);
  params.AddArray(verifications);
  return params;
}

absl::Status ClaimIdentities(GroupStatements& statements, AccountShare& share) {
  const auto wanted = std::ssize(share.chains());
  pg::Params params = ClaimsOf(share);
  params.Add(int64_t{wanted});
  ASSIGN_OR_RETURN(pg::Result rows, statements.Execute(kClaimIdentities, std::move(params)));
  share.set_change_id(rows.Int64(0, 0));
  const bool all = rows.Int64(0, 1) == wanted;
  std::vector<IdentityChain*> by_place(share.reports().size());
  for (IdentityChain& chain : share.chains()) {
    chain.claimed = all;
    by_place[chain.reports.front()->place] = &chain;
  }
  for (int row = 0; row < rows.rows(); ++row) {
    if (!rows.IsNull(row, 2)) by_place[rows.Int32(row, 2)]->claimed = true;
  }
  return absl::OkStatus();
}

absl::Status ClaimNewIdentities(GroupStatements& statements, AccountShare& share) {
  ASSIGN_OR_RETURN(pg::Result rows, statements.Execute(kClaimNewIdentities, ClaimsOf(share)));
  share.set_change_id(rows.Int64(0, 0));
  for (IdentityChain& chain : share.chains()) chain.claimed = true;
  return absl::OkStatus();
}

constexpr char kReadStanding[] = R"(
SELECT k.place::int, i.payload_hash, i.received_at, i.change_id, i.place, i.verification
FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS k(source_id, report_id, place)
JOIN report_identities i ON i.smart_account_id = $1 AND i.source_id = k.source_id
     AND i.report_id = k.report_id)";

// Locks in the order of the keys, like the claims.
constexpr char kLockStanding[] = R"(
SELECT k.place::int, i.payload_hash, i.received_at, i.change_id, i.place, i.verification
FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS k(source_id, report_id, place)
JOIN report_identities i ON i.smart_account_id = $1 AND i.source_id = k.source_id
     AND i.report_id = k.report_id
ORDER BY k.place
FOR UPDATE OF i)";

static absl::Status ReadStanding(GroupStatements& statements, const AccountShare& share, const char* sql,
                                 const std::vector<IdentityChain*>& chains) {
  const ChainKeys keys(chains);
  pg::Params params;
  params.Add(share.smart_account_id());
  params.AddArray(keys.source_ids);
  params.AddArray(keys.report_ids);
  ASSIGN_OR_RETURN(pg::Result rows, statements.Execute(sql, std::move(params)));
  if (rows.rows() != static_cast<int>(chains.size())) {
    return absl::InternalError("report_identities: an identity that was taken has no row");
  }
  for (int row = 0; row < rows.rows(); ++row) {
    chains[rows.Int32(row, 0) - 1]->standing = {
        .payload_hash = rows.UuidAt(row, 1),
        .received_at = rows.Time(row, 2),
        .name = {rows.Int64(row, 3), rows.Int32(row, 4)},
        .verification = static_cast<Verification>(rows.Int16(row, 5))};
  }
  return absl::OkStatus();
}

constexpr char kReadOtherPayloads[] = R"(
SELECT k.place::int, o.outcome, o.payload_hash, o.received_at, o.change_id, o.place
FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS k(source_id, report_id, place)
JOIN report_other_payloads o ON o.smart_account_id = $1 AND o.source_id = k.source_id
     AND o.report_id = k.report_id)";

static absl::Status ReadOtherPayloads(GroupStatements& statements, const AccountShare& share,
                                      const std::vector<IdentityChain*>& chains) {
  const ChainKeys keys(chains);
  pg::Params params;
  params.Add(share.smart_account_id());
  params.AddArray(keys.source_ids);
  params.AddArray(keys.report_ids);
  ASSIGN_OR_RETURN(pg::Result rows, statements.Execute(kReadOtherPayloads, std::move(params)));
  for (int row = 0; row < rows.rows(); ++row) {
    IdentityChain& chain = *chains[rows.Int32(row, 0) - 1];
    chain.others.push_back({.kind = static_cast<OtherPayload::Kind>(rows.Int16(row, 1)),
                            .payload_hash = rows.UuidAt(row, 2),
                            .received_at = rows.Time(row, 3),
                            .name = {rows.Int64(row, 4), rows.Int32(row, 5)}});
    chain.others_stored = chain.others.size();
  }
  return absl::OkStatus();
}

absl::Status DecideChains(GroupStatements& statements, AccountShare& share) {
  std::vector<IdentityChain*> taken;
  for (IdentityChain& chain : share.chains()) {
    if (!chain.claimed) taken.push_back(&chain);
  }
  if (!taken.empty()) {
    RETURN_IF_ERROR(ReadStanding(statements, share, kReadStanding, taken));
    std::vector<IdentityChain*> contested;
    for (IdentityChain* chain : taken) {
      if (!AccountShare::IsPlainDuplicate(*chain)) contested.push_back(chain);
    }
    if (!contested.empty()) {
      RETURN_IF_ERROR(ReadStanding(statements, share, kLockStanding, contested));
      RETURN_IF_ERROR(ReadOtherPayloads(statements, share, contested));
    }
  }
  for (IdentityChain& chain : share.chains()) share.Decide(chain);
  return absl::OkStatus();
}

constexpr char kUpdateStanding[] = R"(
UPDATE report_identities i
SET payload_hash = k.payload_hash, received_at = $2, change_id = $3, place = k.place,
    verification = k.verification
FROM unnest($4::bigint[], $5::bigint[], $6::uuid[], $7::int[], $8::smallint[])
       AS k(source_id, report_id, payload_hash, place, verification)
WHERE i.smart_account_id = $1 AND i.source_id = k.source_id AND i.report_id = k.report_id)";

static void QueueStanding(GroupStatements& statements, AccountShare& share) {
  std::vector<IdentityChain*> changed;
  std::vector<pg::Uuid> hashes;
  std::vector<int32_t> places;
  std::vector<int16_t> verifications;
  for (IdentityChain& chain : share.chains()) {
    if (!chain.standing_changed) continue;
    changed.push_back(&chain);
    hashes.push_back(chain.standing.payload_hash);
    places.push_back(chain.standing.name.place);
    verifications.push_back(Stored(chain.standing.verification));
  }
  if (changed.empty()) return;
  const ChainKeys keys(changed);
  pg::Params params;
  params.Add(share.smart_account_id());
  params.Add(share.received_at());
  params.Add(share.change_id());
  params.AddArray(keys.source_ids);
  params.AddArray(keys.report_ids);
  params.AddArray(hashes);
  params.AddArray(places);
  params.AddArray(verifications);
  statements.Queue(kUpdateStanding, std::move(params));
}

constexpr char kInsertOtherPayloads[] = R"(
INSERT INTO report_other_payloads (smart_account_id, source_id, report_id, payload_hash, outcome,
                                   received_at, change_id, place)
SELECT $1, k.source_id, k.report_id, k.payload_hash, k.outcome, k.received_at, k.change_id, k.place
FROM unnest($2::bigint[], $3::bigint[], $4::uuid[], $5::smallint[], $6::timestamptz[],
            $7::bigint[], $8::int[])
       AS k(source_id, report_id, payload_hash, outcome, received_at, change_id, place))";

static void QueueOtherPayloads(GroupStatements& statements, AccountShare& share) {
  std::vector<int64_t> source_ids, report_ids, change_ids;
  std::vector<pg::Uuid> hashes;
  std::vector<int16_t> kinds;
  std::vector<absl::Time> times;
  std::vector<int32_t> places;
  for (const IdentityChain& chain : share.chains()) {
    for (size_t i = chain.others_stored; i < chain.others.size(); ++i) {
      const OtherPayload& other = chain.others[i];
      source_ids.push_back(chain.source_id());
      report_ids.push_back(chain.report_id());
      hashes.push_back(other.payload_hash);
      kinds.push_back(static_cast<int16_t>(other.kind));
      times.push_back(other.received_at);
      change_ids.push_back(other.name.change_id);
      places.push_back(other.name.place);
    }
  }
  if (source_ids.empty()) return;
  pg::Params params;
  params.Add(share.smart_account_id());
  params.AddArray(source_ids);
  params.AddArray(report_ids);
  params.AddArray(hashes);
  params.AddArray(kinds);
  params.AddArray(times);
  params.AddArray(change_ids);
  params.AddArray(places);
  statements.Queue(kInsertOtherPayloads, std::move(params));
}

void QueueDecisions(GroupStatements& statements, AccountShare& share) {
  QueueStanding(statements, share);
  QueueOtherPayloads(statements, share);
}

}  // namespace quartermaster::ingest
