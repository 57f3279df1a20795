#include "services/ledger/storage/administration/pools_now.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// Accounts whose lots are kept; some 60 bytes a lot.
constexpr size_t kKeptMax = 64;

constexpr char kReadStamp[] = "SELECT rights_stamp FROM smart_accounts WHERE smart_account_id = $1";
// Rights: a lot counts from its start until its end, whatever of it is available, held or reserved. What is
// booked as expired (5) counts by its dates too: a clock that was set back finds it in force again. The
// overage stays with the Virtual Account that bought the lot, or took the content of that one when it was
// closed, as long as any of it is there. A pool whose lots all ended still is one.
constexpr char kReadLots[] = R"sql(
  WITH RECURSIVE heir AS (
    SELECT virtual_account_id AS bought_in, virtual_account_id, closed_into
    FROM virtual_accounts WHERE smart_account_id = $1
    UNION ALL
    SELECT h.bought_in, v.virtual_account_id, v.closed_into
    FROM heir h JOIN virtual_accounts v ON (v.smart_account_id, v.virtual_account_id) = ($1, h.closed_into))
  SELECT b.virtual_account_id, b.tag_id, b.quantity,
         CASE WHEN b.quantity > 0 AND b.virtual_account_id = h.virtual_account_id THEN e.overage_quantity ELSE 0 END,
         (extract(epoch FROM e.start_at) * 1000000)::bigint, (extract(epoch FROM e.end_at) * 1000000)::bigint
  FROM (SELECT virtual_account_id, tag_id, lot_id,
               coalesce(sum(quantity) FILTER (WHERE state IN (2, 3, 4, 5)), 0)::bigint AS quantity
        FROM lot_balances WHERE smart_account_id = $1 GROUP BY 1, 2, 3) AS b
  JOIN entitlements e ON (e.smart_account_id, e.lot_id) = ($1, b.lot_id)
  JOIN heir h ON h.bought_in = e.virtual_account_id AND h.closed_into IS NULL
  ORDER BY 1, 2)sql";
constexpr char kReadUsed[] =
    "SELECT virtual_account_id, tag_id, in_use, reserved FROM license_pools WHERE smart_account_id = $1"
    " ORDER BY 1, 2";
constexpr char kReadTags[] =
    "SELECT tag_id, tag, display_name, known FROM license_tags WHERE tag_id = ANY ($1::int[])";

template <typename Row>
auto KeyOf(const Row& row) {
  return std::make_tuple(row.virtual_account_id, row.tag_id);
}

PoolFigures PoolOf(int64_t virtual_account_id, int32_t tag_id) {
  PoolFigures pool;
  pool.virtual_account_id = virtual_account_id;
  pool.tag_id = tag_id;
  return pool;
}

// Both in the order of their keys: what is owned and what is used of each pool.
std::vector<PoolFigures> Joined(std::vector<PoolFigures> owned, const std::vector<PoolFigures>& used) {
  std::vector<PoolFigures> pools;
  pools.reserve(std::max(owned.size(), used.size()));
  auto own = owned.begin();
  for (const PoolFigures& use : used) {
    while (own != owned.end() && KeyOf(*own) < KeyOf(use)) pools.push_back(std::move(*own++));
    const bool same = own != owned.end() && KeyOf(*own) == KeyOf(use);
    pools.push_back(same ? std::move(*own++) : PoolOf(use.virtual_account_id, use.tag_id));
    pools.back().in_use = use.in_use;
    pools.back().reserved = use.reserved;
  }
  std::move(own, owned.end(), std::back_inserter(pools));
  return pools;
}

std::vector<PoolFigures> ReadUsed(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  std::vector<PoolFigures> used;
  for (const auto& row : transaction.exec_params(kReadUsed, smart_account_id)) {
    used.push_back(PoolOf(row[0].as<int64_t>(), row[1].as<int32_t>()));
    used.back().in_use = row[2].as<int64_t>();
    used.back().reserved = row[3].as<int64_t>();
  }
  return used;
}

// The order in which pools are shown: by what the tags are called.
void NameTags(pqxx::transaction_base& transaction, std::vector<PoolFigures>& pools) {
  struct Tag {
    std::string tag, display_name;
    bool known;
  };
  std::unordered_map<int32_t, Tag> tags;
  for (const PoolFigures& pool : pools) tags.try_emplace(pool.tag_id);
  std::vector<int64_t> ids;
  for (const auto& [id, tag] : tags) ids.push_back(id);
  for (const auto& row : transaction.exec_params(kReadTags, IntArray(ids))) {
    tags[row[0].as<int32_t>()] = {row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<bool>()};
  }
  for (PoolFigures& pool : pools) {
    const Tag& tag = tags[pool.tag_id];
    pool.tag = tag.tag;
    pool.display_name = tag.display_name;
    pool.known = tag.known;
  }
  std::sort(pools.begin(), pools.end(), [](const PoolFigures& a, const PoolFigures& b) {
    return std::tie(a.virtual_account_id, a.tag) < std::tie(b.virtual_account_id, b.tag);
  });
}

}  // namespace

PoolsNow::Lots PoolsNow::ReadLots(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  Lots lots;
  for (const auto& row : transaction.exec_params(kReadLots, smart_account_id)) {
    lots.push_back({.virtual_account_id = row[0].as<int64_t>(),
                    .tag_id = row[1].as<int32_t>(),
                    .quantity = row[2].as<int64_t>(),
                    .overage_quantity = row[3].as<int64_t>(),
                    .start = MicrosAt(row[4]),
                    .end = OptionalMicrosAt(row[5]).value_or(absl::InfiniteFuture())});
  }
  return lots;
}

// The stamp is read before the lots: what is kept under it is never older than it.
std::shared_ptr<const PoolsNow::Lots> PoolsNow::LotsOf(pqxx::transaction_base& transaction,
                                                       int64_t smart_account_id) {
  const auto stamp = transaction.exec_params1(kReadStamp, smart_account_id)[0].as<int64_t>();
  {
    absl::MutexLock lock(&mutex_);
    const auto kept = kept_.find(smart_account_id);
    if (kept != kept_.end() && kept->second.stamp == stamp) return kept->second.lots;
  }
  auto lots = std::make_shared<const Lots>(ReadLots(transaction, smart_account_id));
  absl::MutexLock lock(&mutex_);
  if (kept_.size() >= kKeptMax) kept_.clear();
  kept_.insert_or_assign(smart_account_id, Kept{stamp, lots});
  return lots;
}

std::vector<PoolFigures> PoolsNow::Read(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        absl::Time now) {
  const std::shared_ptr<const Lots> lots = LotsOf(transaction, smart_account_id);
  std::vector<PoolFigures> owned;
  for (const Lot& lot : *lots) {
    if (owned.empty() || KeyOf(owned.back()) != KeyOf(lot)) {
      owned.push_back(PoolOf(lot.virtual_account_id, lot.tag_id));
    }
    if (lot.start > now || lot.end <= now) continue;
    owned.back().entitled += lot.quantity;
    owned.back().overage_quantity += lot.overage_quantity;
  }
  std::vector<PoolFigures> pools = Joined(std::move(owned), ReadUsed(transaction, smart_account_id));
  NameTags(transaction, pools);
  return pools;
}

}  // namespace quartermaster::ledger
