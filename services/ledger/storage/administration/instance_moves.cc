#include "services/ledger/storage/administration/instance_moves.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "services/common/status/status_macros.h"
#include "services/ledger/domain/entry_states.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/sql_values.h"
#include "services/ledger/storage/authorized_usage.h"
#include "services/ledger/storage/stored_position.h"
#include "services/ledger/storage/usage_books.h"

namespace quartermaster::ledger {
namespace {

constexpr char kChoose[] =
    "SELECT p.ha_lead_id, bool_or(p.ha_lead_id <> p.product_instance_id OR EXISTS ("
    "  SELECT FROM product_instances f WHERE f.smart_account_id = $1 AND f.ha_lead_id = p.product_instance_id"
    "   AND f.ha_lead_id <> f.product_instance_id)),"
    " count(*) FILTER (WHERE p.virtual_account_id <> $4 AND p.removed_at IS NULL)"
    " FROM product_instances p WHERE p.smart_account_id = $1 AND p.product_instance_id = ANY ($2::bigint[])"
    "  AND ($3 = 0 OR p.virtual_account_id = $3) GROUP BY 1 ORDER BY 1";

// $2: leads. A follower is found by the condition of the index product_instances_ha.
#define MEMBERS_OF_LEADS                                                                             \
  "(SELECT product_instance_id, virtual_account_id, home_since_s, removed_at FROM product_instances" \
  "  WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[])"                       \
  " UNION ALL"                                                                                       \
  " SELECT product_instance_id, virtual_account_id, home_since_s, removed_at FROM product_instances" \
  "  WHERE smart_account_id = $1 AND ha_lead_id = ANY ($2::bigint[])"                                \
  "   AND ha_lead_id <> product_instance_id)"

constexpr char kCountToMove[] = "SELECT count(*) FROM " MEMBERS_OF_LEADS
                                " AS member WHERE virtual_account_id <> $3 AND removed_at IS NULL";
constexpr char kUseToMove[] =
    "SELECT virtual_account_id, tag_id, sum(in_use)::bigint FROM usage_positions"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[]) AND virtual_account_id <> $3"
    "  AND in_use <> 0 GROUP BY 1, 2";

constexpr char kLatestHome[] = "SELECT coalesce(max(home_since_s), 0) FROM " MEMBERS_OF_LEADS " AS member";

// Who was at home for less than a second was not at home there.
constexpr char kKeepFormerHomes[] =
    "INSERT INTO former_homes (smart_account_id, product_instance_id, until_s, virtual_account_id)"
    " SELECT $1, product_instance_id, $4, virtual_account_id FROM " MEMBERS_OF_LEADS
    " AS member WHERE virtual_account_id <> $3 AND coalesce(home_since_s, 0) < $4";
constexpr char kMoveHomes[] =
    "UPDATE product_instances p SET virtual_account_id = $3, home_since_s = $4 FROM " MEMBERS_OF_LEADS
    " AS member WHERE p.smart_account_id = $1 AND p.product_instance_id = member.product_instance_id"
    "  AND p.virtual_account_id <> $3 RETURNING p.product_instance_id";

// States 1 to 5: from the request until its code is replaced or returned. Use is counted at the lead's home:
// a member that goes home to it takes none along.
constexpr char kFindAuthorized[] =
    "SELECT p.udi_pid, p.udi_sn FROM " MEMBERS_OF_LEADS
    " AS member JOIN product_instances p"
    "  ON (p.smart_account_id, p.product_instance_id) = ($1, member.product_instance_id)"
    " JOIN product_instances l ON (l.smart_account_id, l.product_instance_id) = ($1, p.ha_lead_id)"
    " WHERE l.virtual_account_id <> $3 AND EXISTS (SELECT FROM authorizations a"
    "   JOIN authorization_lots o USING (smart_account_id, authorization_id)"
    "   WHERE a.smart_account_id = $1 AND a.product_instance_id = member.product_instance_id"
    "    AND a.state BETWEEN 1 AND 5 AND o.virtual_account_id <> $3)"
    " ORDER BY 1, 2 LIMIT 1";

#undef MEMBERS_OF_LEADS

constexpr char kFollowLeads[] = R"sql(
  WITH stray AS (
    SELECT f.product_instance_id, coalesce(f.home_since_s, 0) AS since_s, l.virtual_account_id AS home
    FROM product_instances f
    JOIN product_instances l ON (l.smart_account_id, l.product_instance_id) = ($1, f.ha_lead_id)
    WHERE f.smart_account_id = $1 AND f.virtual_account_id = $2 AND f.ha_lead_id <> f.product_instance_id
      AND l.virtual_account_id <> $2),
  kept AS (
    INSERT INTO former_homes (smart_account_id, product_instance_id, until_s, virtual_account_id)
    SELECT $1, product_instance_id, $3, $2 FROM stray WHERE since_s < $3)
  UPDATE product_instances p SET virtual_account_id = s.home, home_since_s = greatest(s.since_s, $3) FROM stray s
  WHERE (p.smart_account_id, p.product_instance_id) = ($1, s.product_instance_id)
  RETURNING p.product_instance_id, p.virtual_account_id)sql";
constexpr char kFindAuthorizedUsage[] =
    "SELECT product_instance_id, tag_id FROM authorized_usage"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[])";

constexpr char kSelectPositions[] =
    "SELECT product_instance_id, tag_id, virtual_account_id, in_use, chunk_count, points, coverage"
    " FROM usage_positions WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[])"
    "  AND virtual_account_id <> $3 ORDER BY product_instance_id, tag_id";
constexpr char kSelectChunks[] =
    "SELECT points FROM usage_timeline_chunks"
    " WHERE smart_account_id = $1 AND product_instance_id = $2 AND tag_id = $3 ORDER BY chunk";
constexpr char kSelectSwitches[] =
    "SELECT floor(extract(epoch FROM effective_at))::bigint, counts FROM unverifiable_policies"
    " WHERE smart_account_id = $1 ORDER BY effective_at";
constexpr char kMovePositions[] =
    "UPDATE usage_positions SET virtual_account_id = $3"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[]) AND virtual_account_id <> $3";
// What is at home there has its pools there, also when nothing is in use.
constexpr char kTouchPools[] =
    "INSERT INTO license_pools (smart_account_id, virtual_account_id, tag_id)"
    " SELECT DISTINCT $1::bigint, $3::bigint, tag_id FROM usage_positions"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[]) ON CONFLICT DO NOTHING";

// ledger_book_usage_moves: entries and pools from the same rows.
constexpr char kBookMoves[] = R"sql(
  WITH movement AS (
    SELECT * FROM unnest($4::bigint[], $5::int[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
      WITH ORDINALITY AS m (product_instance_id, tag_id, quantity, from_virtual_account_id,
                            to_virtual_account_id, effective_s, place)),
  side AS (
    SELECT to_virtual_account_id AS virtual_account_id, tag_id, quantity FROM movement
    UNION ALL
    SELECT from_virtual_account_id, tag_id, -quantity FROM movement),
  pool AS (
    INSERT INTO license_pools AS p (smart_account_id, virtual_account_id, tag_id, in_use)
    SELECT $1, virtual_account_id, tag_id, sum(quantity) FROM side GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (smart_account_id, virtual_account_id, tag_id)
    DO UPDATE SET in_use = p.in_use + excluded.in_use)
  INSERT INTO ledger_entries (smart_account_id, recorded_at, change_id, place, book, tag_id,
    product_instance_id, quantity, from_state, from_virtual_account_id, to_state, to_virtual_account_id,
    effective_at)
  SELECT $1, $2::timestamptz, $3, place - 1, 2, tag_id, product_instance_id, quantity,
    7, from_virtual_account_id, 7, to_virtual_account_id, to_timestamp(effective_s)
  FROM movement)sql";
static_assert(static_cast<int>(Book::kUsage) == 2 && static_cast<int>(EntryState::kInUse) == 7);

// 1: wrong Virtual Account. Its text is that of jobs/apply_batch.
constexpr char kResolveDoors[] =
    "UPDATE report_findings SET resolved_at = $4::timestamptz"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[]) AND tag_id = 0 AND kind = 1"
    "  AND resolved_at IS NULL AND detail = 'came through Virtual Account ' || $3::bigint";

constexpr char kCountHomeChange[] =
    "INSERT INTO ledger_cursors AS c (consumer, incarnation, xid, change_id, updated_at)"
    " VALUES ('homes', 0, '0', 1, $1::timestamptz)"
    " ON CONFLICT (consumer) DO UPDATE SET change_id = c.change_id + 1, updated_at = excluded.updated_at";

UnverifiablePolicy PolicyOf(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  std::vector<PolicySwitch> switches;
  for (const auto& row : transaction.exec_params(kSelectSwitches, smart_account_id)) {
    switches.push_back({row[0].as<int64_t>(), row[1].as<bool>()});
  }
  return UnverifiablePolicy(std::move(switches));
}

// A position that leaves its Virtual Account.
struct Leaving {
  int64_t consumer_id = 0;
  int32_t tag_id = 0;
  int64_t virtual_account_id = 0;
  int64_t in_use = 0;
  int32_t chunk_count = 0;
  std::string points, coverage;
};

std::vector<Leaving> ReadLeaving(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                 const std::string& leads, int64_t to) {
  std::vector<Leaving> positions;
  for (const auto& row : transaction.exec_params(kSelectPositions, smart_account_id, leads, to)) {
    positions.push_back({row[0].as<int64_t>(), row[1].as<int32_t>(), row[2].as<int64_t>(),
                         row[3].as<int64_t>(), row[4].as<int32_t>(), pqxx::binarystring(row[5]).str(),
                         pqxx::binarystring(row[6]).str()});
  }
  return positions;
}

bool LoadChunks(pqxx::transaction_base& transaction, int64_t smart_account_id, const Leaving& position,
                UsageTimeline& timeline) {
  if (timeline.loaded()) return true;
  std::vector<std::string> chunks;
  for (const auto& row :
       transaction.exec_params(kSelectChunks, smart_account_id, position.consumer_id, position.tag_id)) {
    chunks.push_back(pqxx::binarystring(row[0]).str());
  }
  return timeline.LoadChunks(std::vector<std::string_view>(chunks.begin(), chunks.end()));
}

class Move {
 public:
  Move(pqxx::transaction_base& transaction, int64_t smart_account_id, const std::vector<int64_t>& leads,
       int64_t to)
      : transaction_(transaction),
        smart_account_id_(smart_account_id),
        leads_(IntArray(leads)),
        to_(to),
        policy_(PolicyOf(transaction, smart_account_id)) {}

  absl::StatusOr<int64_t> Run(const Act& act) {
    // A clock that was set back does not put a move before another.
    at_s_ = std::max(absl::ToUnixSeconds(act.now),
                     transaction_.exec_params1(kLatestHome, smart_account_id_, leads_)[0].as<int64_t>());
    for (const Leaving& position : ReadLeaving(transaction_, smart_account_id_, leads_, to_)) {
      RETURN_IF_ERROR(Add(position));
    }
    transaction_.exec_params(kKeepFormerHomes, smart_account_id_, leads_, to_, at_s_);
    const pqxx::result moved = transaction_.exec_params(kMoveHomes, smart_account_id_, leads_, to_, at_s_);
    if (moved.empty()) return 0;
    std::vector<int64_t> ids;
    for (const auto& row : moved) ids.push_back(row[0].as<int64_t>());
    transaction_.exec_params(kMovePositions, smart_account_id_, leads_, to_);
    transaction_.exec_params(kTouchPools, smart_account_id_, leads_, to_);
    transaction_.exec_params(kResolveDoors, smart_account_id_, IntArray(ids), to_, TimeText(act.now));
    SettleAuthorized();
    Book(act);
    CountHomeChange(transaction_, act);
    return std::ssize(ids);
  }

 private:
  // What is in use at the move, and what rises or falls later, which a device with a fast clock has measured.
  absl::Status Add(const Leaving& position) {
    UsageTimeline timeline(position.consumer_id);
    UsageTimeline::Stored stored;
    stored.consumer_id = position.consumer_id;
    stored.chunk_count = position.chunk_count;
    stored.points = position.points;
    stored.coverage = position.coverage;
    stored.position.in_use = position.in_use;
    if (!UsageTimeline::Restore(stored, timeline)) {
      return PositionUnreadable(position.consumer_id, position.tag_id);
    }
    const bool settled = policy_.ConstantFrom(at_s_) &&
                         (timeline.points().empty() ? timeline.chunk_count() == 0
                                                    : timeline.points().back().effective_s <= at_s_);
    if (settled) {
      Add(position, at_s_, position.in_use);
      return absl::OkStatus();
    }
    if (!LoadChunks(transaction_, smart_account_id_, position, timeline)) {
      return PositionUnreadable(position.consumer_id, position.tag_id);
    }
    const UsageSteps steps = timeline.PostedSteps(policy_);
    Add(position, at_s_, InUseAt(steps, at_s_));
    for (const UsageDelta& delta : Difference({}, steps)) {
      if (delta.effective_s > at_s_) Add(position, delta.effective_s, delta.quantity);
    }
    return absl::OkStatus();
  }

  void Add(const Leaving& position, int64_t effective_s, int64_t quantity) {
    if (quantity == 0) return;
    movements_.push_back({.smart_account_id = smart_account_id_,
                          .virtual_account_id = to_,
                          .consumer_id = position.consumer_id,
                          .tag_id = position.tag_id,
                          .effective_s = effective_s,
                          .quantity = quantity,
                          .from_virtual_account_id = position.virtual_account_id});
  }

  // What of an authorization lies beyond the use counts at the new home too.
  void SettleAuthorized() {
    std::vector<int64_t> accounts, consumers, tags;
    for (const auto& row : transaction_.exec_params(kFindAuthorizedUsage, smart_account_id_, leads_)) {
      accounts.push_back(smart_account_id_);
      consumers.push_back(row[0].as<int64_t>());
      tags.push_back(row[1].as<int64_t>());
    }
    if (accounts.empty()) return;
    transaction_.exec_params(kSettleAuthorizedUsage, IntArray(accounts), IntArray(consumers), IntArray(tags));
  }

  void Book(const Act& act) {
    std::vector<EntryLeaf> entries;
    std::vector<int64_t> consumers, tags, quantities, from, to, effective;
    for (const UsageMovement& movement : movements_) {
      const EntryLeaf& entry = entries.emplace_back(EntryOf(movement, static_cast<int32_t>(entries.size())));
      consumers.push_back(movement.consumer_id);
      tags.push_back(movement.tag_id);
      quantities.push_back(entry.quantity);
      from.push_back(*entry.from_virtual_account_id);
      to.push_back(*entry.to_virtual_account_id);
      effective.push_back(movement.effective_s);
    }
    const int64_t change_id = WriteChange(transaction_, smart_account_id_, ChangeKind::kMove, entries, act);
    if (entries.empty()) return;
    transaction_.exec_params(kBookMoves, smart_account_id_, TimeText(act.now), change_id, IntArray(consumers),
                             IntArray(tags), IntArray(quantities), IntArray(from), IntArray(to),
                             IntArray(effective));
  }

  pqxx::transaction_base& transaction_;
  const int64_t smart_account_id_;
  const std::string leads_;
  const int64_t to_;
  const UnverifiablePolicy policy_;
  int64_t at_s_ = 0;
  std::vector<UsageMovement> movements_;
};

}  // namespace

ChosenConsumers ChooseConsumers(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                const std::vector<int64_t>& instance_ids, int64_t only_from,
                                int64_t to_virtual_account_id) {
  ChosenConsumers chosen;
  for (const auto& row : transaction.exec_params(kChoose, smart_account_id, IntArray(instance_ids), only_from,
                                                 to_virtual_account_id)) {
    chosen.leads.push_back(row[0].as<int64_t>());
    if (row[1].as<bool>()) chosen.sets.insert(chosen.leads.back());
    chosen.chosen_elsewhere += row[2].as<int64_t>();
  }
  return chosen;
}

MovePlan PlanMove(pqxx::transaction_base& transaction, int64_t smart_account_id,
                  const std::vector<int64_t>& leads, int64_t to_virtual_account_id) {
  MovePlan plan;
  const std::string array = IntArray(leads);
  plan.product_instances =
      transaction.exec_params1(kCountToMove, smart_account_id, array, to_virtual_account_id)[0].as<int64_t>();
  for (const auto& row :
       transaction.exec_params(kUseToMove, smart_account_id, array, to_virtual_account_id)) {
    plan.in_use[{row[0].as<int64_t>(), row[1].as<int32_t>()}] += row[2].as<int64_t>();
  }
  return plan;
}

absl::StatusOr<int64_t> MoveInstances(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const std::vector<int64_t>& leads, int64_t to_virtual_account_id,
                                      const Act& act) {
  if (leads.empty()) return 0;
  const pqxx::result authorized =
      transaction.exec_params(kFindAuthorized, smart_account_id, IntArray(leads), to_virtual_account_id);
  if (!authorized.empty()) {
    return ProductInstanceAuthorized(authorized[0][0].as<std::string>(), authorized[0][1].as<std::string>());
  }
  return Move(transaction, smart_account_id, leads, to_virtual_account_id).Run(act);
}

int64_t MoveFollowersHome(pqxx::transaction_base& transaction, int64_t smart_account_id,
                          int64_t virtual_account_id, const Act& act) {
  const pqxx::result moved = transaction.exec_params(kFollowLeads, smart_account_id, virtual_account_id,
                                                     absl::ToUnixSeconds(act.now));
  if (moved.empty()) return 0;
  std::map<int64_t, std::vector<int64_t>> by_home;
  for (const auto& row : moved) by_home[row[1].as<int64_t>()].push_back(row[0].as<int64_t>());
  for (const auto& [home, ids] : by_home) {
    transaction.exec_params(kResolveDoors, smart_account_id, IntArray(ids), home, TimeText(act.now));
  }
  WriteChange(transaction, smart_account_id, ChangeKind::kMove, {}, act);
  CountHomeChange(transaction, act);
  return std::ssize(moved);
}

void CountHomeChange(pqxx::transaction_base& transaction, const Act& act) {
  transaction.exec_params(kCountHomeChange, TimeText(act.now));
}

}  // namespace quartermaster::ledger
