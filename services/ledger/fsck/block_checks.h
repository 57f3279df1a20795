// Recomputes every sealed block from the rows that it covers, with code of its own.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_CHECKS_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// The newest block of a chain, or one that somebody noted.
struct BlockHeadNote {
  int64_t block_id = 0;  // 0 = none
  // 32 bytes.
  std::string block_hash;
  int64_t sealed_us = 0;
};

struct BlockCheckOptions {
  // Whose entries are recomputed; nothing = everybody's. Blocks and changes always are those of all.
  std::optional<int64_t> smart_account_id;
  // A head that was noted elsewhere, and must still be in the chain.
  BlockHeadNote expected_head;
};

// Fills `head` with the newest block. False when `progress` said stop. Throws what libpqxx throws.
bool CheckBlocks(pqxx::transaction_base& transaction, const BlockCheckOptions& options,
                 const FindingSink& sink, const Progress& progress, Totals& totals, BlockHeadNote& head);

// The entries of changes that no block covers yet, against the changes. How many changes; nothing when
// `progress` said stop.
std::optional<int64_t> CheckUnsealed(pqxx::transaction_base& transaction, const BlockCheckOptions& options,
                                     const FindingSink& sink, const Progress& progress, Totals& totals);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_BLOCK_CHECKS_H_
