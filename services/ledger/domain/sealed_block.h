// What a sealed block is made of, byte by byte.
//
// Integers are big-endian two's complement; times are microseconds since the Unix epoch; a field
// that may be absent is 0x00, or 0x01 and its value.
//
//   entry leaf   = 'E' place:4 book:2 tag_id:4 quantity:8 from_state:2 from_virtual_account:opt8
//                  to_state:2 to_virtual_account:opt8 lot:opt8 product_instance:opt8 effective_at:8
//                  cause_change_id:opt8 cause_place:opt4
//   entries root = Merkle root of a change's entry leaves by place; stored with the change by the
//                  transaction that writes both, so that sealing need not read entries
//   change leaf  = 'C' account:8 change_id:8 recorded_at:8 kind:2 entry_count:4 entries_root:32
//   merkle root  = Merkle root of the change leaves in feed order
//   Merkle root of leaves = RFC 6962: SHA-256(0x00 leaf), SHA-256(0x01 left right); of no leaves SHA-256("")
//   block hash   = SHA-256("quartermaster.ledger_block.v1\n" block_id:8 previous_hash:32
//                  merkle_root:32 change_count:8 entry_count:8 through_incarnation:4 through_xid:8
//                  through_change_id:8 sealed_at:8)
// The previous hash of the first block is 32 zero bytes.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_SEALED_BLOCK_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_SEALED_BLOCK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/common/crypto/signature.h"

namespace quartermaster::ledger {

struct ChangeLeaf {
  int64_t smart_account_id = 0;
  int64_t change_id = 0;
  int64_t recorded_at_us = 0;
  int16_t kind = 0;
  int32_t entry_count = 0;
  crypto::Sha256Digest entries_root{};
};
std::string CanonicalBytes(const ChangeLeaf& change);

struct EntryLeaf {
  int32_t place = 0;
  int16_t book = 0;
  int32_t tag_id = 0;
  int64_t quantity = 0;
  int16_t from_state = 0;
  std::optional<int64_t> from_virtual_account_id;
  int16_t to_state = 0;
  std::optional<int64_t> to_virtual_account_id;
  std::optional<int64_t> lot_id;
  std::optional<int64_t> product_instance_id;
  int64_t effective_at_us = 0;
  std::optional<int64_t> cause_change_id;
  std::optional<int32_t> cause_place;
};
std::string CanonicalBytes(const EntryLeaf& entry);

struct EntriesSeal {
  int32_t entry_count = 0;
  crypto::Sha256Digest entries_root{};
};
// Of the entries of one change, in the order of their places.
EntriesSeal Seal(std::span<const EntryLeaf> entries);

// The bytes of a digest, as they are stored.
inline std::string_view View(const crypto::Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Merkle root of a growing list of leaves in logarithmic memory.
class MerkleTree {
 public:
  void Add(std::string_view leaf);
  crypto::Sha256Digest Root() const;

 private:
  // Roots of perfect subtrees, left to right, with their heights.
  std::vector<std::pair<int, crypto::Sha256Digest>> subtrees_;
};

struct BlockHead {
  int64_t block_id = 0;
  crypto::Sha256Digest previous_hash{};
  crypto::Sha256Digest merkle_root{};
  int64_t change_count = 0;
  int64_t entry_count = 0;
  int32_t through_incarnation = 0;
  uint64_t through_xid = 0;
  int64_t through_change_id = 0;
  int64_t sealed_at_us = 0;
};
crypto::Sha256Digest BlockHash(const BlockHead& head);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_SEALED_BLOCK_H_
