#include "services/ledger/domain/sealed_block.h"

#include <string_view>

namespace quartermaster::ledger {
namespace {

constexpr std::string_view kBlockPrefix = "quartermaster.ledger_block.v1\n";

template <typename Integer>
void Put(std::string& out, Integer value) {
  for (int shift = 8 * (static_cast<int>(sizeof(Integer)) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<uint64_t>(value) >> shift);
  }
}

template <typename Integer>
void PutOptional(std::string& out, const std::optional<Integer>& value) {
  out += value.has_value() ? '\x01' : '\x00';
  if (value.has_value()) Put(out, *value);
}

void Put(std::string& out, const crypto::Sha256Digest& digest) {
  out.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

crypto::Sha256Digest JoinNodes(const crypto::Sha256Digest& left, const crypto::Sha256Digest& right) {
  std::string bytes = "\x01";
  Put(bytes, left);
  Put(bytes, right);
  return crypto::Sha256(bytes);
}

}  // namespace

std::string CanonicalBytes(const ChangeLeaf& change) {
  std::string bytes = "C";
  Put(bytes, change.smart_account_id);
  Put(bytes, change.change_id);
  Put(bytes, change.recorded_at_us);
  Put(bytes, change.kind);
  Put(bytes, change.entry_count);
  Put(bytes, change.entries_root);
  return bytes;
}

std::string CanonicalBytes(const EntryLeaf& entry) {
  std::string bytes = "E";
  Put(bytes, entry.place);
  Put(bytes, entry.book);
  Put(bytes, entry.tag_id);
  Put(bytes, entry.quantity);
  Put(bytes, entry.from_state);
  PutOptional(bytes, entry.from_virtual_account_id);
  Put(bytes, entry.to_state);
  PutOptional(bytes, entry.to_virtual_account_id);
  PutOptional(bytes, entry.lot_id);
  PutOptional(bytes, entry.product_instance_id);
  Put(bytes, entry.effective_at_us);
  PutOptional(bytes, entry.cause_change_id);
  PutOptional(bytes, entry.cause_place);
  return bytes;
}

void MerkleTree::Add(std::string_view leaf) {
  std::string bytes(1, '\0');
  bytes += leaf;
  std::pair<int, crypto::Sha256Digest> node{0, crypto::Sha256(bytes)};
  while (!subtrees_.empty() && subtrees_.back().first == node.first) {
    node = {node.first + 1, JoinNodes(subtrees_.back().second, node.second)};
    subtrees_.pop_back();
  }
  subtrees_.push_back(node);
}

crypto::Sha256Digest MerkleTree::Root() const {
  if (subtrees_.empty()) return crypto::Sha256("");
  crypto::Sha256Digest root = subtrees_.back().second;
  for (auto subtree = subtrees_.rbegin() + 1; subtree != subtrees_.rend(); ++subtree) {
    root = JoinNodes(subtree->second, root);
  }
  return root;
}

EntriesSeal Seal(std::span<const EntryLeaf> entries) {
  MerkleTree tree;
  for (const EntryLeaf& entry : entries) tree.Add(CanonicalBytes(entry));
  return {static_cast<int32_t>(entries.size()), tree.Root()};
}

crypto::Sha256Digest BlockHash(const BlockHead& head) {
  std::string bytes(kBlockPrefix);
  Put(bytes, head.block_id);
  Put(bytes, head.previous_hash);
  Put(bytes, head.merkle_root);
  Put(bytes, head.change_count);
  Put(bytes, head.entry_count);
  Put(bytes, head.through_incarnation);
  Put(bytes, head.through_xid);
  Put(bytes, head.through_change_id);
  Put(bytes, head.sealed_at_us);
  return crypto::Sha256(bytes);
}

}  // namespace quartermaster::ledger
