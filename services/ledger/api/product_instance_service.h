// ProductInstanceService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SERVICE_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

// What to release: all stale positions of an account or of one instance, or one tag of it.
struct ReleaseRequest {
  int64_t smart_account_id = 0;
  std::optional<UdiText> udi;
  std::string tag;
};

// Thread-safe.
class ProductInstanceServiceImpl final : public v1::ProductInstanceService::Service {
 public:
  // Posts the releases and answers how many positions there were. Idempotent by nature: what is
  // released has nothing in use.
  using Release = std::function<absl::StatusOr<int64_t>(const ReleaseRequest& request, const Act& act)>;
  ProductInstanceServiceImpl(ApiContext api, Release release) : api_(api), release_(std::move(release)) {}

  grpc::Status ImportProductInstances(grpc::ServerContext* context,
                                      const v1::ImportProductInstancesRequest* request,
                                      v1::ImportResponse* response) override;
  grpc::Status ListProductInstances(grpc::ServerContext* context,
                                    const v1::ListProductInstancesRequest* request,
                                    v1::ListProductInstancesResponse* response) override;
  grpc::Status GetProductInstance(grpc::ServerContext* context, const v1::GetProductInstanceRequest* request,
                                  v1::ProductInstance* response) override;
  grpc::Status ReleaseUsage(grpc::ServerContext* context, const v1::ReleaseUsageRequest* request,
                            v1::ReleaseUsageResponse* response) override;

 private:
  const ApiContext api_;
  const Release release_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SERVICE_H_
