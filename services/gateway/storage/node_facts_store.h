// What the database says about this node.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_STORAGE_NODE_FACTS_STORE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_STORAGE_NODE_FACTS_STORE_H_

#include "absl/status/statusor.h"
#include "services/common/pg/pool.h"

namespace quartermaster::gateway {

struct NodeFacts {
  int schema_version = 0;
  // Whether COMMIT waits for a second copy.
  bool synchronous_standby = false;
};

// Thread-safe. Errors are those of pg::Pool.
class NodeFactsStore {
 public:
  // `pool` outlives the store.
  explicit NodeFactsStore(pg::Pool& pool) : pool_(pool) {}
  absl::StatusOr<NodeFacts> Read();

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_STORAGE_NODE_FACTS_STORE_H_
