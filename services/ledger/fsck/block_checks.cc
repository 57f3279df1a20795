#include "services/ledger/fsck/block_checks.h"

#include <openssl/evp.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"
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

constexpr char kSelectCertificates[] =
    "SELECT key_id, purpose, certificate FROM authority_v1_block_certificates";

constexpr char kSelectBlocks[] = R"sql(
  SELECT block_id, previous_hash, merkle_root, block_hash, entry_count, change_count, through_incarnation,
         through_xid::text AS through_xid, through_change_id, key_id, signature,
         floor(extract(epoch FROM sealed_at))::bigint AS sealed_s,
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

// The block keys whose certificates one of our CAs has signed.
class BlockKeys {
 public:
  explicit BlockKeys(pqxx::transaction_base& transaction) {
    std::vector<crypto::Certificate> anchors;
    for (const auto& row : transaction.exec(kSelectCertificates)) {
      auto certificate = crypto::Certificate::FromDer(Bytes(row["certificate"]));
      if (!certificate.ok()) continue;
      if (row["purpose"].as<std::string>() == "ca") {
        anchors.push_back(*std::move(certificate));
      } else {
        certificates_.emplace(row["key_id"].as<std::string>(), *std::move(certificate));
      }
    }
    if (auto created = crypto::TrustAnchors::Create(anchors); created.ok()) anchors_ = *std::move(created);
  }

  // OK, or why nobody of ours has signed this.
  absl::Status Verify(const pqxx::row& block) const {
    const auto found = certificates_.find(block["key_id"].as<std::string>());
    if (found == certificates_.end()) return absl::NotFoundError("no block key of this id");
    if (!anchors_.has_value()) return absl::NotFoundError("no CA");
    RETURN_IF_ERROR(
        anchors_->Verify(found->second, {}, absl::FromUnixSeconds(block["sealed_s"].as<int64_t>())));
    ASSIGN_OR_RETURN(const crypto::PublicKey key, crypto::PublicKey::FromCertificateDer(found->second.der()));
    if (!key.Verify(crypto::kBlockDomain + Bytes(block["block_hash"]), Bytes(block["signature"]))) {
      return absl::UnauthenticatedError("the signature is not this key's over the block's hash");
    }
    return absl::OkStatus();
  }

 private:
  std::map<std::string, crypto::Certificate> certificates_;
  std::optional<crypto::TrustAnchors> anchors_;
};

class BlockCheck {
 public:
  BlockCheck(pqxx::transaction_base& transaction, const FindingSink& sink, Totals& totals)
      : transaction_(transaction), sink_(sink), totals_(totals), keys_(transaction) {}

  // False when there is no block after the last one.
  bool CheckNextBlocks() {
    const auto rows = transaction_.exec_params(kSelectBlocks, block_id_);
    for (const auto& row : rows) CheckBlock(row);
    return !rows.empty();
  }
  int64_t block_id() const { return block_id_; }

 private:
  void CheckBlock(const pqxx::row& row) {
    const int64_t id = row["block_id"].as<int64_t>();
    const std::string subject = absl::StrCat("block ", id);
    if (id != block_id_ + 1)
      Differs("block_chain_broken", subject, absl::StrCat(id), absl::StrCat(block_id_ + 1));
    if (Bytes(row["previous_hash"]) != previous_hash_) {
      Differs("block_chain_broken", absl::StrCat(subject, " previous hash"),
              crypto::HexEncode(Bytes(row["previous_hash"])), crypto::HexEncode(previous_hash_));
    }
    if (Bytes(row["block_hash"]) != Bytes(row["want_hash"])) {
      Differs("block_differs", absl::StrCat(subject, " hash"), crypto::HexEncode(Bytes(row["block_hash"])),
              crypto::HexEncode(Bytes(row["want_hash"])));
    }
    if (const absl::Status signature = keys_.Verify(row); !signature.ok()) {
      Differs("block_signature_invalid", absl::StrCat(subject, " key ", row["key_id"].as<std::string>()),
              std::string(signature.message()), "a signature by a block key under our CA");
    }
    CheckChanges(row, subject);
    ++totals_.blocks;
    block_id_ = id;
    previous_hash_ = Bytes(row["block_hash"]);
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
    for (int at = 0; at < static_cast<int>(changes.size());) at = CheckEntries(changes, at);
    through_ = through;
  }

  // The entries of some changes from `at` on; answers where to go on.
  int CheckEntries(const pqxx::result& changes, int at) {
    std::vector<std::string> accounts, times, ids;
    int end = at;
    for (int64_t entries = 0; end < static_cast<int>(changes.size()) && entries < kEntriesPerRead; ++end) {
      accounts.push_back(changes[end]["smart_account_id"].as<std::string>());
      times.push_back(changes[end]["recorded_at"].as<std::string>());
      ids.push_back(changes[end]["change_id"].as<std::string>());
      entries += changes[end]["entry_count"].as<int64_t>();
    }
    std::vector<std::vector<std::string>> leaves(end - at);
    for (const auto& leaf : transaction_.exec_params(kSelectEntryLeaves, ArrayLiteral(accounts),
                                                     ArrayLiteral(times), ArrayLiteral(ids))) {
      leaves[leaf[0].as<size_t>() - 1].push_back(Bytes(leaf[1]));
    }
    for (int i = at; i < end; ++i) {
      const std::string root = MerkleRoot(leaves[i - at], 0, leaves[i - at].size());
      totals_.entries += static_cast<int64_t>(leaves[i - at].size());
      if (root == Bytes(changes[i]["entries_root"])) continue;
      Differs("change_differs",
              absl::StrCat("account ", accounts[i - at], " change ", ids[i - at], " entries"),
              crypto::HexEncode(root), crypto::HexEncode(Bytes(changes[i]["entries_root"])));
    }
    return end;
  }

  void Differs(const char* rule, std::string subject, std::string got, std::string want) {
    sink_({rule, std::move(subject), std::move(got), std::move(want)});
  }

  pqxx::transaction_base& transaction_;
  const FindingSink& sink_;
  Totals& totals_;
  const BlockKeys keys_;
  int64_t block_id_ = 0;
  std::string previous_hash_ = std::string(32, '\0');
  Through through_;
};

}  // namespace

bool CheckBlocks(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress,
                 Totals& totals) {
  BlockCheck check(transaction, sink, totals);
  while (check.CheckNextBlocks()) {
    if (!progress(absl::StrCat("sealed blocks: ", check.block_id()))) return false;
  }
  return true;
}

}  // namespace quartermaster::ledger::fsck
