#include "services/ledger/storage/administration/rights_store.h"

#include <random>
#include <tuple>

#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// Does not wait for those who only name the account in a row of theirs.
constexpr char kLockRights[] =
    "SELECT rights_stamp, domain, closed_at IS NOT NULL FROM smart_accounts WHERE smart_account_id = $1"
    " FOR NO KEY UPDATE";
constexpr char kStampRights[] = "UPDATE smart_accounts SET rights_stamp = $2 WHERE smart_account_id = $1";

constexpr char kReadOrder[] = "SELECT consumption_order FROM smart_accounts WHERE smart_account_id = $1";

constexpr char kReadLots[] = R"sql(
  SELECT b.virtual_account_id, b.tag_id, b.lot_id, b.state, b.quantity, e.term,
         (extract(epoch FROM e.start_at) * 1000000)::bigint, (extract(epoch FROM e.end_at) * 1000000)::bigint
  FROM unnest($2::bigint[], $3::int[]) AS p (virtual_account_id, tag_id)
  JOIN lot_balances b ON (b.smart_account_id, b.virtual_account_id, b.tag_id)
                       = ($1, p.virtual_account_id, p.tag_id)
  JOIN entitlements e ON (e.smart_account_id, e.lot_id) = ($1, b.lot_id)
  WHERE b.state IN (2, 3, 4) AND b.quantity <> 0)sql";
static_assert(static_cast<int>(EntryState::kAvailable) == 2 && static_cast<int>(EntryState::kHeld) == 3 &&
              static_cast<int>(EntryState::kReserved) == 4);

constexpr char kReadLotDates[] = R"sql(
  SELECT e.lot_id, e.tag_id, e.term, (extract(epoch FROM e.start_at) * 1000000)::bigint,
         (extract(epoch FROM e.end_at) * 1000000)::bigint
  FROM entitlements e WHERE e.smart_account_id = $1 AND e.lot_id = ANY ($2::bigint[]))sql";

// ledger_read_consumed: of enforced (2) and export-controlled (3) licenses only.
constexpr char kReadConsumed[] = R"sql(
  SELECT p.virtual_account_id, p.tag_id, coalesce(l.in_use + l.reserved, 0)
  FROM unnest($2::bigint[], $3::int[]) AS p (virtual_account_id, tag_id)
  JOIN license_tags t ON t.tag_id = p.tag_id AND t.enforcement IN (2, 3)
  LEFT JOIN license_pools l ON (l.smart_account_id, l.virtual_account_id, l.tag_id)
                             = ($1, p.virtual_account_id, p.tag_id))sql";

// ledger_change_balances: one row per balance, so that a hot pool is written once for many movements.
constexpr char kChangeBalances[] = R"sql(
  INSERT INTO lot_balances AS b (smart_account_id, virtual_account_id, tag_id, lot_id, state, quantity)
  SELECT $1, * FROM unnest($2::bigint[], $3::int[], $4::bigint[], $5::smallint[], $6::bigint[])
  ON CONFLICT (smart_account_id, virtual_account_id, tag_id, lot_id, state)
  DO UPDATE SET quantity = b.quantity + excluded.quantity)sql";

// ledger_insert_movements: 0 is no Virtual Account.
constexpr char kInsertMovements[] = R"sql(
  INSERT INTO ledger_entries (smart_account_id, recorded_at, change_id, place, book, tag_id, lot_id, quantity,
    from_state, from_virtual_account_id, to_state, to_virtual_account_id, effective_at)
  SELECT $1, $2::timestamptz, change_id, place, 1, tag_id, lot_id, quantity,
    from_state, nullif(from_virtual_account_id, 0), to_state, nullif(to_virtual_account_id, 0),
    'epoch'::timestamptz + effective_us * interval '1 microsecond'
  FROM unnest($3::bigint[], $4::int[], $5::bigint[], $6::int[], $7::bigint[], $8::smallint[], $9::bigint[],
              $10::smallint[], $11::bigint[], $12::bigint[])
    AS m (change_id, place, lot_id, tag_id, quantity, from_state, from_virtual_account_id, to_state,
          to_virtual_account_id, effective_us))sql";
static_assert(static_cast<int>(Book::kRights) == 1);

constexpr char kFindChange[] = R"sql(
  SELECT c.kind, (SELECT r.change_id FROM ledger_changes r
                  WHERE r.smart_account_id = $1 AND r.reverses_change_id = c.change_id)
  FROM ledger_changes c WHERE c.smart_account_id = $1 AND c.change_id = $2)sql";
constexpr char kReadEntries[] = R"sql(
  SELECT e.lot_id, e.tag_id, e.quantity, e.from_state, coalesce(e.from_virtual_account_id, 0), e.to_state,
         coalesce(e.to_virtual_account_id, 0)
  FROM ledger_changes c
  JOIN ledger_entries e ON (e.smart_account_id, e.recorded_at, e.change_id)
                         = (c.smart_account_id, c.recorded_at, c.change_id)
  WHERE c.smart_account_id = $1 AND c.change_id = $2 AND e.book = 1 ORDER BY e.place)sql";

constexpr char kReadAll[] = R"sql(
  SELECT lot_id, tag_id, state, quantity FROM lot_balances
  WHERE smart_account_id = $1 AND virtual_account_id = $2 AND state <> 1 AND quantity <> 0
  ORDER BY tag_id, lot_id, state)sql";
constexpr char kLotsOf[] =
    "SELECT entitlement_id, lot_id FROM entitlements WHERE smart_account_id = $1"
    " AND entitlement_id = ANY ($2::text[])";
constexpr char kNamesOfLots[] =
    "SELECT e.lot_id, e.entitlement_id, t.tag FROM entitlements e JOIN license_tags t USING (tag_id)"
    " WHERE e.smart_account_id = $1 AND e.lot_id = ANY ($2::bigint[])";

EntryLeaf LeafOf(const BookedMovement& booked, int32_t place) {
  const RightsMovement& movement = booked.movement;
  const auto account = [](const RightsPlace& at) {
    return at.virtual_account_id == 0 ? std::nullopt : std::optional(at.virtual_account_id);
  };
  EntryLeaf entry;
  entry.place = place;
  entry.book = static_cast<int16_t>(Book::kRights);
  entry.tag_id = movement.tag_id;
  entry.quantity = movement.quantity;
  entry.from_state = static_cast<int16_t>(movement.from.state);
  entry.from_virtual_account_id = account(movement.from);
  entry.to_state = static_cast<int16_t>(movement.to.state);
  entry.to_virtual_account_id = account(movement.to);
  entry.lot_id = movement.lot_id;
  entry.effective_at_us = absl::ToUnixMicros(booked.effective_at);
  return entry;
}

// Random, so that a database that was restored never shows a stamp that stood for other rights.
int64_t NewStamp() {
  std::random_device random;
  return static_cast<int64_t>(uint64_t{random()} << 32 | random());
}

void InsertMovements(pqxx::transaction_base& transaction, int64_t smart_account_id, absl::Time recorded_at,
                     std::span<const RightsChange> changes, std::span<const int64_t> change_ids) {
  std::vector<int64_t> ids, places, lots, tags, quantities, from_states, from_accounts, to_states,
      to_accounts, effective;
  for (size_t i = 0; i < changes.size(); ++i) {
    for (const auto& [movement, effective_at] : changes[i].movements) {
      places.push_back(!ids.empty() && ids.back() == change_ids[i] ? places.back() + 1 : 0);
      ids.push_back(change_ids[i]);
      lots.push_back(movement.lot_id);
      tags.push_back(movement.tag_id);
      quantities.push_back(movement.quantity);
      from_states.push_back(static_cast<int64_t>(movement.from.state));
      from_accounts.push_back(movement.from.virtual_account_id);
      to_states.push_back(static_cast<int64_t>(movement.to.state));
      to_accounts.push_back(movement.to.virtual_account_id);
      effective.push_back(absl::ToUnixMicros(effective_at));
    }
  }
  transaction.exec_params(kInsertMovements, smart_account_id, TimeText(recorded_at), IntArray(ids),
                          IntArray(places), IntArray(lots), IntArray(tags), IntArray(quantities),
                          IntArray(from_states), IntArray(from_accounts), IntArray(to_states),
                          IntArray(to_accounts), IntArray(effective));
}

void ChangeBalances(pqxx::transaction_base& transaction, int64_t smart_account_id,
                    std::span<const RightsChange> changes) {
  using Balance = std::tuple<int64_t, int32_t, int64_t, EntryState>;
  std::map<Balance, int64_t> differences;
  for (const RightsChange& change : changes) {
    for (const auto& [movement, effective_at] : change.movements) {
      const auto add = [&](const RightsPlace& place, int64_t quantity) {
        if (place.virtual_account_id == 0) return;
        differences[{place.virtual_account_id, movement.tag_id, movement.lot_id, place.state}] += quantity;
      };
      add(movement.from, -movement.quantity);
      add(movement.to, movement.quantity);
    }
  }
  std::vector<int64_t> accounts, tags, lots, states, quantities;
  for (const auto& [balance, difference] : differences) {
    if (difference == 0) continue;
    accounts.push_back(std::get<0>(balance));
    tags.push_back(std::get<1>(balance));
    lots.push_back(std::get<2>(balance));
    states.push_back(static_cast<int64_t>(std::get<3>(balance)));
    quantities.push_back(difference);
  }
  if (quantities.empty()) return;
  transaction.exec_params(kChangeBalances, smart_account_id, IntArray(accounts), IntArray(tags),
                          IntArray(lots), IntArray(states), IntArray(quantities));
}

}  // namespace

int64_t LockRights(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  return transaction.exec_params1(kLockRights, smart_account_id)[0].as<int64_t>();
}

absl::StatusOr<int64_t> LockOpenRights(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  const pqxx::row row = transaction.exec_params1(kLockRights, smart_account_id);
  if (row[2].as<bool>()) return SmartAccountClosed(row[1].as<std::string>());
  return row[0].as<int64_t>();
}

void StampRights(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  transaction.exec_params(kStampRights, smart_account_id, NewStamp());
}

ConsumptionOrder ReadConsumptionOrder(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  return static_cast<ConsumptionOrder>(transaction.exec_params1(kReadOrder, smart_account_id)[0].as<int>());
}

RightsBook ReadRights(pqxx::transaction_base& transaction, int64_t smart_account_id,
                      const std::set<RightsPool>& pools) {
  RightsBook book(ReadConsumptionOrder(transaction, smart_account_id));
  ReadLots(transaction, smart_account_id, pools, book);
  ReadConsumed(transaction, smart_account_id, pools, book);
  return book;
}

void ReadLots(pqxx::transaction_base& transaction, int64_t smart_account_id,
              const std::set<RightsPool>& pools, RightsBook& book) {
  std::vector<int64_t> virtual_accounts, tags;
  for (const RightsPool& pool : pools) {
    if (book.Knows(pool)) continue;
    book.AddKnownPool(pool);
    virtual_accounts.push_back(pool.virtual_account_id);
    tags.push_back(pool.tag_id);
  }
  if (tags.empty()) return;
  for (const auto& row :
       transaction.exec_params(kReadLots, smart_account_id, IntArray(virtual_accounts), IntArray(tags))) {
    const RightsPool pool{row[0].as<int64_t>(), row[1].as<int32_t>()};
    Lot lot;
    lot.lot_id = row[2].as<int64_t>();
    lot.tag_id = pool.tag_id;
    lot.term = static_cast<Term>(row[5].as<int>());
    lot.start_at = MicrosAt(row[6]);
    if (const auto end = OptionalMicrosAt(row[7])) lot.end_at = *end;
    book.AddLot(lot);
    book.AddQuantity(pool, lot.lot_id, static_cast<EntryState>(row[3].as<int>()), row[4].as<int64_t>());
  }
}

void ReadLotDates(pqxx::transaction_base& transaction, int64_t smart_account_id,
                  const std::set<int64_t>& lot_ids, RightsBook& book) {
  for (const auto& row :
       transaction.exec_params(kReadLotDates, smart_account_id, IntArray({lot_ids.begin(), lot_ids.end()}))) {
    Lot lot{.lot_id = row[0].as<int64_t>(),
            .tag_id = row[1].as<int32_t>(),
            .term = static_cast<Term>(row[2].as<int>()),
            .start_at = MicrosAt(row[3])};
    if (const auto end = OptionalMicrosAt(row[4])) lot.end_at = *end;
    book.AddLot(lot);
  }
}

void ReadConsumed(pqxx::transaction_base& transaction, int64_t smart_account_id,
                  const std::set<RightsPool>& pools, RightsBook& book) {
  std::vector<int64_t> virtual_accounts, tags;
  for (const RightsPool& pool : pools) {
    virtual_accounts.push_back(pool.virtual_account_id);
    tags.push_back(pool.tag_id);
  }
  for (const auto& row :
       transaction.exec_params(kReadConsumed, smart_account_id, IntArray(virtual_accounts), IntArray(tags))) {
    book.SetConsumed({row[0].as<int64_t>(), row[1].as<int32_t>()}, row[2].as<int64_t>());
  }
}

BookedChanges BookChanges(pqxx::transaction_base& transaction, int64_t smart_account_id,
                          absl::Time recorded_at, std::span<const RightsChange> changes) {
  std::vector<std::vector<EntryLeaf>> entries;
  std::vector<NewChange> heads;
  for (const RightsChange& change : changes) {
    std::vector<EntryLeaf>& leaves = entries.emplace_back();
    for (const BookedMovement& booked : change.movements) {
      leaves.push_back(LeafOf(booked, static_cast<int32_t>(leaves.size())));
    }
    heads.push_back({change.kind, leaves, change.act, change.reverses});
  }
  BookedChanges booked{.change_ids = WriteChanges(transaction, smart_account_id, recorded_at, heads),
                       .stamp = NewStamp()};
  InsertMovements(transaction, smart_account_id, recorded_at, changes, booked.change_ids);
  ChangeBalances(transaction, smart_account_id, changes);
  transaction.exec_params(kStampRights, smart_account_id, booked.stamp);
  return booked;
}

std::vector<RightsMovement> MovementsOfAll(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           int64_t from_virtual_account_id, int64_t to_virtual_account_id) {
  std::vector<RightsMovement> movements;
  for (const auto& row : transaction.exec_params(kReadAll, smart_account_id, from_virtual_account_id)) {
    const auto state = static_cast<EntryState>(row[2].as<int>());
    RightsMovement movement{.lot_id = row[0].as<int64_t>(),
                            .tag_id = row[1].as<int32_t>(),
                            .quantity = row[3].as<int64_t>(),
                            .from = {state, from_virtual_account_id},
                            .to = {state, to_virtual_account_id}};
    if (movement.quantity < 0) {
      movement = Reversed(movement);
      movement.quantity = -movement.quantity;
    }
    movements.push_back(movement);
  }
  return movements;
}

int64_t BookMovements(pqxx::transaction_base& transaction, int64_t smart_account_id, ChangeKind kind,
                      std::span<const BookedMovement> movements, const Act& act,
                      std::optional<int64_t> reverses) {
  const RightsChange change{kind, {movements.begin(), movements.end()}, &act, reverses};
  return BookChanges(transaction, smart_account_id, act.now, {&change, 1}).change_ids.front();
}

std::optional<StoredMovements> ReadMovements(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                             int64_t change_id) {
  const pqxx::result change = transaction.exec_params(kFindChange, smart_account_id, change_id);
  if (change.empty()) return std::nullopt;
  StoredMovements stored;
  stored.kind = static_cast<ChangeKind>(change[0][0].as<int>());
  if (!change[0][1].is_null()) stored.reversed_by = change[0][1].as<int64_t>();
  for (const auto& row : transaction.exec_params(kReadEntries, smart_account_id, change_id)) {
    stored.movements.push_back({.lot_id = row[0].as<int64_t>(),
                                .tag_id = row[1].as<int32_t>(),
                                .quantity = row[2].as<int64_t>(),
                                .from = {static_cast<EntryState>(row[3].as<int>()), row[4].as<int64_t>()},
                                .to = {static_cast<EntryState>(row[5].as<int>()), row[6].as<int64_t>()}});
  }
  return stored;
}

std::map<std::string, int64_t> LotsOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const std::vector<std::string>& entitlement_ids) {
  std::map<std::string, int64_t> lots;
  for (const auto& row : transaction.exec_params(kLotsOf, smart_account_id, TextArray(entitlement_ids))) {
    lots[row[0].as<std::string>()] = row[1].as<int64_t>();
  }
  return lots;
}

std::map<int64_t, LotNames> NamesOfLots(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        const std::vector<int64_t>& lot_ids) {
  std::map<int64_t, LotNames> names;
  for (const auto& row : transaction.exec_params(kNamesOfLots, smart_account_id, IntArray(lot_ids))) {
    names[row[0].as<int64_t>()] = {row[1].as<std::string>(), row[2].as<std::string>()};
  }
  return names;
}

}  // namespace quartermaster::ledger
