#include "services/ledger/fsck/entry_stream.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace quartermaster::ledger::fsck {
namespace {

// The account id is a number of ours: DECLARE takes no parameters.
constexpr char kDeclare[] = R"sql(
  DECLARE usage_entries NO SCROLL CURSOR FOR
  SELECT product_instance_id, tag_id, floor(extract(epoch FROM effective_at))::bigint,
         side.virtual_account_id, sum(side.quantity)::bigint
  FROM ledger_entries CROSS JOIN LATERAL (VALUES
    (to_state, to_virtual_account_id, quantity), (from_state, from_virtual_account_id, -quantity))
    AS side (state, virtual_account_id, quantity)
  WHERE book = 2 AND side.state = 7 AND smart_account_id = )sql";
constexpr char kOrder[] = " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";

}  // namespace

EntryStream::EntryStream(pqxx::transaction_base& transaction, int64_t smart_account_id)
    : transaction_(transaction) {
  transaction_.exec(absl::StrCat(kDeclare, smart_account_id, kOrder));
}

EntryStream::~EntryStream() {
  try {
    transaction_.exec("CLOSE usage_entries");
  } catch (const std::exception&) {
    // The transaction is broken; it closes the cursor.
  }
}

bool EntryStream::Fetch() {
  rows_ = transaction_.exec("FETCH 10000 FROM usage_entries");
  next_ = 0;
  return !rows_.empty();
}

DeltasByPosition EntryStream::TakeThrough(int64_t product_instance_id) {
  DeltasByPosition taken;
  while (next_ < rows_.size() || Fetch()) {
    const auto row = rows_[next_];
    const int64_t id = row[0].as<int64_t>();
    if (id > product_instance_id) break;
    taken[{id, row[1].as<int32_t>()}][row[3].as<int64_t>()][row[2].as<int64_t>()] += row[4].as<int64_t>();
    ++next_;
  }
  return taken;
}

DeltasByPosition EntryStream::TakeAll() { return TakeThrough(std::numeric_limits<int64_t>::max()); }

}  // namespace quartermaster::ledger::fsck
