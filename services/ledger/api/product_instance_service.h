// ProductInstanceService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SERVICE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"
#include "services/ledger/api/product_instance_selection.h"
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
  // Removes whole consumers and single members, in one transaction, and answers how many product instances
  // were not removed before.
  using Remove =
      std::function<absl::StatusOr<int64_t>(int64_t smart_account_id, const std::vector<int64_t>& consumers,
                                            const std::vector<int64_t>& members, const Act& act)>;
  ProductInstanceServiceImpl(ApiContext api, Release release, Remove remove)
      : api_(api), release_(std::move(release)), remove_(std::move(remove)) {}

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
  grpc::Status MoveProductInstances(grpc::ServerContext* context,
                                    const v1::MoveProductInstancesRequest* request,
                                    v1::MoveProductInstancesResponse* response) override;
  grpc::Status RemoveProductInstances(grpc::ServerContext* context,
                                      const v1::RemoveProductInstancesRequest* request,
                                      v1::RemoveProductInstancesResponse* response) override;
  grpc::Status ReplaceProductInstance(grpc::ServerContext* context,
                                      const v1::ReplaceProductInstanceRequest* request,
                                      v1::ProductInstance* response) override;

 private:
  ViewOptions Options(bool with_usage) const;
  absl::StatusOr<InstanceSelection> Select(pqxx::transaction_base& tx, const grpc::ServerContext& context,
                                           const std::string& named,
                                           const google::protobuf::RepeatedPtrField<common::v1::Udi>& udis,
                                           const v1::ProductInstanceFilter& filter,
                                           int64_t& smart_account_id) const;
  absl::StatusOr<std::vector<int64_t>> NextOf(InstanceSelection& selection) const;
  grpc::Status PreviewMove(grpc::ServerContext* context, const v1::MoveProductInstancesRequest& request,
                           v1::MoveProductInstancesResponse* response);
  grpc::Status PreviewRemoval(grpc::ServerContext* context, const v1::RemoveProductInstancesRequest& request,
                              v1::RemoveProductInstancesResponse* response);
  // The same act at the time of its next transaction.
  Act Fresh(const Act& act) const;

  const ApiContext api_;
  const Release release_;
  const Remove remove_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SERVICE_H_
