#include "services/ledger/sealing/block_store.h"

#include <algorithm>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/pg/change_feed.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

crypto::Sha256Digest DigestAt(const pg::Result& result, int row, int column) {
  crypto::Sha256Digest digest{};
  const std::string_view bytes = result.Bytes(row, column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

// ledger_seal_try_lock: held until the transaction ends.
constexpr char kTryLock[] = "SELECT pg_try_advisory_xact_lock(hashtext('ledger_seal_blocks'))";

constexpr char kSelectLastBlock[] = R"sql(
  SELECT block_id, block_hash, through_incarnation, through_xid, through_change_id
  FROM ledger_blocks ORDER BY block_id DESC LIMIT 1)sql";

// ledger_read_change_heads: in the order of the changes that are asked for.
constexpr char kSelectHeads[] = R"sql(
  SELECT h.kind, h.entry_count, h.entries_root
  FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS c (smart_account_id, change_id, n)
  JOIN ledger_changes h USING (smart_account_id, change_id)
  ORDER BY c.n)sql";

constexpr char kInsertBlock[] = R"sql(
  INSERT INTO ledger_blocks (block_id, previous_hash, merkle_root, block_hash, entry_count, change_count,
    through_incarnation, through_xid, through_change_id, sealed_at, alg, key_id, signature)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13))sql";

// Sets what `changes` and their leaves say of a block.
absl::Status Cover(pg::RawConnection& connection, std::span<const pg::Change> changes, BlockHead& head) {
  std::vector<int64_t> accounts, ids;
  for (const pg::Change& change : changes) {
    accounts.push_back(change.smart_account_id);
    ids.push_back(change.position.change_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(ids);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectHeads, params));
  MerkleTree tree;
  for (int row = 0; row < rows.rows(); ++row) {
    const pg::Change& change = changes[row];
    tree.Add(CanonicalBytes(ChangeLeaf{.smart_account_id = change.smart_account_id,
                                       .change_id = change.position.change_id,
                                       .recorded_at_us = absl::ToUnixMicros(change.at),
                                       .kind = rows.Int16(row, 0),
                                       .entry_count = rows.Int32(row, 1),
                                       .entries_root = DigestAt(rows, row, 2)}));
    head.entry_count += rows.Int32(row, 1);
  }
  const pg::FeedPosition& last = changes.back().position;
  head.merkle_root = tree.Root();
  head.change_count = std::ssize(changes);
  head.through_incarnation = last.incarnation;
  head.through_xid = last.xid;
  head.through_change_id = last.change_id;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> BlockStore::TryLock() {
  ASSIGN_OR_RETURN(pg::Result result, connection_.Execute(kTryLock, pg::Params()));
  return result.Bool(0, 0);
}

absl::StatusOr<BlockHead> BlockStore::LastBlock() {
  ASSIGN_OR_RETURN(pg::Result rows, connection_.Execute(kSelectLastBlock, pg::Params()));
  BlockHead last;
  if (rows.rows() == 0) return last;
  last.block_id = rows.Int64(0, 0);
  // Only the hash is needed of what it was computed from.
  last.previous_hash = DigestAt(rows, 0, 1);
  last.through_incarnation = rows.Int32(0, 2);
  last.through_xid = rows.Xid(0, 3);
  last.through_change_id = rows.Int64(0, 4);
  return last;
}

absl::StatusOr<std::optional<BlockStore::UnsealedBlock>> BlockStore::NextBlock(absl::Time now,
                                                                               int changes_max) {
  ASSIGN_OR_RETURN(const BlockHead last, LastBlock());
  const pg::FeedPosition after{last.through_incarnation, last.through_xid, last.through_change_id};
  ASSIGN_OR_RETURN(const std::vector<pg::Change> changes,
                   pg::ReadChanges(connection_, pg::kLedgerFeed, after, changes_max));
  if (changes.empty()) return std::nullopt;
  BlockHead head;
  head.block_id = last.block_id + 1;
  head.previous_hash = last.previous_hash;
  head.sealed_at_us = absl::ToUnixMicros(now);
  RETURN_IF_ERROR(Cover(connection_, changes, head));
  return UnsealedBlock{head, std::ssize(changes) == changes_max};
}

absl::Status BlockStore::Append(const BlockHead& head, const BlockSignature& signature) {
  const crypto::Sha256Digest hash = BlockHash(head);
  pg::Params params;
  params.Add(head.block_id);
  params.AddBytes(View(head.previous_hash));
  params.AddBytes(View(head.merkle_root));
  params.AddBytes(View(hash));
  params.Add(head.entry_count);
  params.Add(head.change_count);
  params.Add(head.through_incarnation);
  params.AddXid(head.through_xid);
  params.Add(head.through_change_id);
  params.Add(absl::FromUnixMicros(head.sealed_at_us));
  params.AddText(signature.alg);
  params.AddText(signature.key_id);
  params.AddBytes(signature.signature);
  return connection_.Execute(kInsertBlock, params).status();
}

}  // namespace quartermaster::ledger
