#include "services/ledger/fsck/block_checks.h"

#include <openssl/evp.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/ledger/fsck/block_keys.h"
#include "services/ledger/fsck/stored_reports.h"

namespace quartermaster::ledger::fsck {
namespace {

std::string Sha256(const std::string& bytes) {
  std::string digest(32, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  return digest;
}

// RFC 6962, as its definition reads: split at the largest power of two below the size.
std::string MerkleRoot(const std::vector<std::string>& hashes, size_t begin, size_t end) {
  if (begin == end) return Sha256("");
  if (end - begin == 1) return hashes[begin];
  size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  return Sha256("\x01" + MerkleRoot(hashes, begin, begin + split) + MerkleRoot(hashes, begin + split, end));
}

// The server writes the canonical bytes (services/ledger/domain/sealed_block.h): int8send and friends are
// big-endian.
constexpr char kSelectChanges[] = R"sql(
  SELECT smart_account_id, change_id, recorded_at::text AS recorded_at, entry_count, entries_root,
         sha256('\x0043'::bytea || int8send(smart_account_id) || int8send(change_id)
                || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint) || int2send(kind)
                || int4send(entry_count) || entries_root) AS leaf
  FROM ledger_changes
  WHERE (incarnation, xid, change_id) > ($1::int, $2::text::xid8, $3::bigint)
    AND (incarnation, xid, change_id) <= ($4::int, $5::text::xid8, $6::bigint)
  ORDER BY incarnation, xid, change_id)sql";

// In pages: while nobody seals, many wait. The horizon of the feed does not matter to who compares rows with
// rows.
constexpr char kSelectUnsealed[] = R"sql(
  SELECT smart_account_id, change_id, recorded_at::text AS recorded_at, entry_count, entries_root,
         incarnation, xid::text AS xid
  FROM ledger_changes
  WHERE (incarnation, xid, change_id) > ($1::int, $2::text::xid8, $3::bigint)
  ORDER BY incarnation, ledger_changes.xid, change_id LIMIT 5000)sql";
constexpr char kSelectLastThrough[] = R"sql(
  SELECT through_incarnation, through_xid::text, through_change_id FROM ledger_blocks
  ORDER BY block_id DESC LIMIT 1)sql";

constexpr char kSelectEntryLeaves[] = R"sql(
  SELECT c.n,
         sha256('\x0045'::bytea || int4send(e.place) || int2send(e.book) || int4send(e.tag_id)
           || int8send(e.quantity) || int2send(e.from_state)
           || coalesce('\x01'::bytea || int8send(e.from_virtual_account_id), '\x00') || int2send(e.to_state)
           || coalesce('\x01'::bytea || int8send(e.to_virtual_account_id), '\x00')
           || coalesce('\x01'::bytea || int8send(e.lot_id), '\x00')
           || coalesce('\x01'::bytea || int8send(e.product_instance_id), '\x00')
           || int8send((extract(epoch FROM e.effective_at) * 1000000)::bigint)
           || coalesce('\x01'::bytea || int8send(e.cause_change_id), '\x00')
           || coalesce('\x01'::bytea || int4send(e.cause_place), '\x00'))
  FROM unnest($1::bigint[], $2::text[]::timestamptz[], $3::bigint[]) WITH ORDINALITY
    AS c (smart_account_id, recorded_at, change_id, n)
  JOIN ledger_entries e USING (smart_account_id, recorded_at, change_id)
  ORDER BY c.n, e.place)sql";
// Entries read at a time: some ten megabytes.
constexpr int64_t kEntriesPerRead = 50'000;

constexpr char kSelectBlocks[] = R"sql(
  SELECT block_id, previous_hash, merkle_root, block_hash, entry_count, change_count, through_incarnation,
         through_xid::text AS through_xid, through_change_id, key_id, signature,
         floor(extract(epoch FROM sealed_at))::bigint AS signed_s,
         (extract(epoch FROM sealed_at) * 1000000)::bigint AS sealed_us,
         sha256(convert_to(E'quartermaster.ledger_block.v1\n', 'UTF8') || int8send(block_id) || previous_hash
                || merkle_root || int8send(change_count) || int8send(entry_count) || int4send(through_incarnation)
                || decode(lpad(to_hex(through_xid::text::bigint), 16, '0'), 'hex') || int8send(through_change_id)
                || int8send((extract(epoch FROM sealed_at) * 1000000)::bigint)) AS want_hash
  FROM ledger_blocks WHERE block_id > $1 ORDER BY block_id LIMIT 200)sql";

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

struct Through {
  int incarnation = 0;
  std::string xid = "0";
  int64_t change_id = 0;
};

// Changes against their entries.
class EntriesCheck {
 public:
  EntriesCheck(pqxx::transaction_base& transaction, std::optional<int64_t> smart_account_id,
               const FindingSink& sink, Totals& totals)
      : transaction_(transaction), smart_account_id_(smart_account_id), sink_(sink), totals_(totals) {}

  void Check(const pqxx::result& changes) {
    for (int at = 0; at < static_cast<int>(changes.size());) at = CheckSome(changes, at);
  }

 private:
  // The entries of some changes from `at` on; answers where to go on.
  int CheckSome(const pqxx::result& changes, int at) {
    std::vector<int> rows;
    std::vector<std::string> accounts, times, ids;
    int end = at;
    for (int64_t entries = 0; end < static_cast<int>(changes.size()) && entries < kEntriesPerRead; ++end) {
      const pqxx::row change = changes[end];
      if (smart_account_id_.value_or(change["smart_account_id"].as<int64_t>()) !=
          change["smart_account_id"].as<int64_t>()) {
        continue;
      }
      rows.push_back(end);
      accounts.push_back(change["smart_account_id"].as<std::string>());
      times.push_back(change["recorded_at"].as<std::string>());
      ids.push_back(change["change_id"].as<std::string>());
      entries += change["entry_count"].as<int64_t>();
    }
    if (rows.empty()) return end;
    std::vector<std::vector<std::string>> leaves(rows.size());
    for (const auto& leaf : transaction_.exec_params(kSelectEntryLeaves, ArrayLiteral(accounts),
                                                     ArrayLiteral(times), ArrayLiteral(ids))) {
      leaves[leaf[0].as<size_t>() - 1].push_back(Bytes(leaf[1]));
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string root = MerkleRoot(leaves[i], 0, leaves[i].size());
      totals_.entries += static_cast<int64_t>(leaves[i].size());
      const std::string want = Bytes(changes[rows[i]]["entries_root"]);
      if (root == want) continue;
      sink_({"change_differs", absl::StrCat("account ", accounts[i], " change ", ids[i], " entries"),
             absl::StrCat(leaves[i].size(), " entries, ", crypto::HexEncode(root)),
             absl::StrCat(changes[rows[i]]["entry_count"].as<int64_t>(), " entries, ",
                          crypto::HexEncode(want))});
    }
    return end;
  }

  pqxx::transaction_base& transaction_;
  const std::optional<int64_t> smart_account_id_;
  const FindingSink& sink_;
  Totals& totals_;
};

class BlockCheck {
 public:
  BlockCheck(pqxx::transaction_base& transaction, const BlockCheckOptions& options, const FindingSink& sink,
             Totals& totals)
      : transaction_(transaction),
        expected_(options.expected_head),
        sink_(sink),
        totals_(totals),
        entries_(transaction, options.smart_account_id, sink, totals),
        keys_(transaction) {}

  // False when there is no block after the last one.
  bool CheckNextBlocks() {
    const auto rows = transaction_.exec_params(kSelectBlocks, head_.block_id);
    for (const auto& row : rows) CheckBlock(row);
    return !rows.empty();
  }
  // After the last block.
  void CheckExpected() {
    if (expected_.block_id == 0 || expected_seen_) return;
    Differs("expected_head_missing", absl::StrCat("block ", expected_.block_id),
            head_.block_id == 0 ? "no block at all"
                                : absl::StrCat("a chain that ends with block ", head_.block_id),
            crypto::HexEncode(expected_.block_hash));
  }
  const BlockHeadNote& head() const { return head_; }

 private:
  void CheckBlock(const pqxx::row& row) {
    const int64_t id = row["block_id"].as<int64_t>();
    const std::string subject = absl::StrCat("block ", id);
    if (id != head_.block_id + 1)
      Differs("block_chain_broken", subject, absl::StrCat(id), absl::StrCat(head_.block_id + 1));
    if (Bytes(row["previous_hash"]) != head_.block_hash) {
      Differs("block_chain_broken", absl::StrCat(subject, " previous hash"),
              crypto::HexEncode(Bytes(row["previous_hash"])), crypto::HexEncode(head_.block_hash));
    }
    if (Bytes(row["block_hash"]) != Bytes(row["want_hash"])) {
      Differs("block_differs", absl::StrCat(subject, " hash"), crypto::HexEncode(Bytes(row["block_hash"])),
              crypto::HexEncode(Bytes(row["want_hash"])));
    }
    if (const absl::Status signature = keys_.Verify(row, crypto::kBlockDomain, Bytes(row["block_hash"]));
        !signature.ok()) {
      Differs("block_signature_invalid", absl::StrCat(subject, " key ", row["key_id"].as<std::string>()),
              std::string(signature.message()), "a signature by a block key under our CA");
    }
    CheckChanges(row, subject);
    ++totals_.blocks;
    head_ = {id, Bytes(row["block_hash"]), row["sealed_us"].as<int64_t>()};
    if (id != expected_.block_id) return;
    expected_seen_ = true;
    if (head_.block_hash == expected_.block_hash) return;
    Differs("expected_head_differs", absl::StrCat(subject, " hash"), crypto::HexEncode(head_.block_hash),
            crypto::HexEncode(expected_.block_hash));
  }

  // The changes that the block covers, and their entries.
  void CheckChanges(const pqxx::row& row, const std::string& subject) {
    const Through through{row["through_incarnation"].as<int>(), row["through_xid"].as<std::string>(),
                          row["through_change_id"].as<int64_t>()};
    const pqxx::result changes =
        transaction_.exec_params(kSelectChanges, through_.incarnation, through_.xid, through_.change_id,
                                 through.incarnation, through.xid, through.change_id);
    std::vector<std::string> leaves;
    int64_t entries = 0;
    for (const auto& change : changes) {
      leaves.push_back(Bytes(change["leaf"]));
      entries += change["entry_count"].as<int64_t>();
    }
    const auto count = static_cast<int64_t>(leaves.size());
    if (count != row["change_count"].as<int64_t>() || entries != row["entry_count"].as<int64_t>()) {
      Differs("block_differs", absl::StrCat(subject, " counts"),
              absl::StrCat(count, " changes, ", entries, " entries"),
              absl::StrCat(row["change_count"].as<int64_t>(), " changes, ", row["entry_count"].as<int64_t>(),
                           " entries"));
    }
    const std::string root = MerkleRoot(leaves, 0, leaves.size());
    if (root != Bytes(row["merkle_root"])) {
      Differs("block_differs",
              absl::StrCat(subject, " rows (changes ", through_.change_id, " to ", through.change_id, ")"),
              crypto::HexEncode(root), crypto::HexEncode(Bytes(row["merkle_root"])));
    }
    entries_.Check(changes);
    through_ = through;
  }

  void Differs(const char* rule, std::string subject, std::string got, std::string want) {
    sink_({rule, std::move(subject), std::move(got), std::move(want)});
  }

  pqxx::transaction_base& transaction_;
  const BlockHeadNote& expected_;
  bool expected_seen_ = false;
  const FindingSink& sink_;
  Totals& totals_;
  EntriesCheck entries_;
  const BlockKeys keys_;
  // The last block that was checked; the first one names 32 zero bytes.
  BlockHeadNote head_{.block_hash = std::string(32, '\0')};
  Through through_;
};

}  // namespace

bool CheckBlocks(pqxx::transaction_base& transaction, const BlockCheckOptions& options,
                 const FindingSink& sink, const Progress& progress, Totals& totals, BlockHeadNote& head) {
  BlockCheck check(transaction, options, sink, totals);
  while (check.CheckNextBlocks()) {
    if (!progress(absl::StrCat("sealed blocks: ", check.head().block_id))) return false;
  }
  check.CheckExpected();
  if (check.head().block_id != 0) head = check.head();
  return true;
}

std::optional<int64_t> CheckUnsealed(pqxx::transaction_base& transaction, const BlockCheckOptions& options,
                                     const FindingSink& sink, const Progress& progress, Totals& totals) {
  Through through;
  if (const pqxx::result last = transaction.exec(kSelectLastThrough); !last.empty()) {
    through = {last[0][0].as<int>(), last[0][1].as<std::string>(), last[0][2].as<int64_t>()};
  }
  EntriesCheck entries(transaction, options.smart_account_id, sink, totals);
  int64_t count = 0;
  while (progress(absl::StrCat("changes that no block covers yet: ", count))) {
    const pqxx::result changes =
        transaction.exec_params(kSelectUnsealed, through.incarnation, through.xid, through.change_id);
    if (changes.empty()) return count;
    entries.Check(changes);
    count += static_cast<int64_t>(changes.size());
    const pqxx::row last = changes.back();
    through = {last["incarnation"].as<int>(), last["xid"].as<std::string>(), last["change_id"].as<int64_t>()};
  }
  return std::nullopt;
}

}  // namespace quartermaster::ledger::fsck
