#include "services/gateway/storage/node_facts_store.h"

#include <string>

namespace quartermaster::gateway {
namespace {

constexpr char kReadNodeFacts[] = R"sql(
SELECT (SELECT coalesce(max(version), 0) FROM schema_migrations) AS schema_version,
       current_setting('synchronous_commit') <> 'local'
         AND current_setting('synchronous_standby_names') <> '' AS synchronous_standby)sql";

}  // namespace

absl::StatusOr<NodeFacts> NodeFactsStore::Read() {
  return pool_.Read(
      "gateway_read_node_facts", [](pqxx::transaction_base& transaction) -> absl::StatusOr<NodeFacts> {
        const pqxx::row row = transaction.exec1(kReadNodeFacts);
        return NodeFacts{row["schema_version"].as<int>(), row["synchronous_standby"].as<bool>()};
      });
}

}  // namespace quartermaster::gateway
