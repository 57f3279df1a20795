// Gives each (UDI, tag) of a group its numbers, making rows for new ones. Part of the group's
// transaction: what it inserts becomes known to others with the group's commit.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_SOURCE_RESOLVER_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_SOURCE_RESOLVER_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/ingest/domain/report.h"
#include "services/ingest/storage/group_statements.h"
#include "services/ingest/storage/source_cache.h"

namespace quartermaster::ingest {

// One (UDI, tag) to resolve. The views outlive the request.
struct SourceRequest {
  const Udi* udi = nullptr;
  std::string_view entitlement_tag;
  // Filled by Resolve; both 0 when the UDI belongs to another Smart Account.
  SourceNumbers numbers = {};
};

// Not thread-safe; one for each transaction.
class SourceResolver {
 public:
  SourceResolver(GroupStatements& statements, SourceCache& cache) : statements_(statements), cache_(cache) {}

  // Resolves all requests of one Smart Account. Rows are inserted in the order of their keys, and
  // senders before sources, so that two groups cannot wait for each other.
  absl::Status Resolve(int64_t smart_account_id, absl::Time received_at,
                       std::vector<SourceRequest>& requests);

  // After the transaction was committed: lets others of this process profit.
  void Publish();

 private:
  struct Unknown;
  absl::Status Find(int64_t smart_account_id, std::vector<Unknown>& unknown);
  absl::Status ClaimSenders(int64_t smart_account_id, absl::Time received_at, std::vector<Unknown>& unknown);
  absl::Status ClaimSources(int64_t smart_account_id, std::vector<Unknown>& unknown);

  GroupStatements& statements_;
  SourceCache& cache_;
  // Numbers that this transaction has read or made.
  std::vector<std::pair<std::string, SourceNumbers>> fresh_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_SOURCE_RESOLVER_H_
