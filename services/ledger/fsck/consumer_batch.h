// What is stored of the few consumers that are checked together.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_CONSUMER_BATCH_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_CONSUMER_BATCH_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "services/ledger/fsck/stored_reports.h"
#include "services/ledger/fsck/timeline_checks.h"

namespace quartermaster::ledger::fsck {

// Lead and tag.
using ConsumerTag = std::pair<int64_t, std::string>;

struct ConsumerBatch {
  std::vector<Member> members;
  // Of each lead: the product instances of its set, by UDI.
  std::map<int64_t, std::vector<int64_t>> members_of;
  // Of each lead: where it is at home, and until when (Unix seconds) it was where before.
  std::map<int64_t, int64_t> home;
  std::map<int64_t, std::map<int64_t, int64_t>> former_homes;
  std::map<ConsumerTag, PositionRow> positions;
};

ConsumerBatch ReadConsumerBatch(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                const std::vector<int64_t>& leads);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_CONSUMER_BATCH_H_
