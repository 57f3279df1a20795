// AccountService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ACCOUNT_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ACCOUNT_SERVICE_H_

#include <functional>

#include "absl/status/status.h"
#include "quartermaster/ledger/v1/accounts.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class AccountServiceImpl final : public v1::AccountService::Service {
 public:
  // Records a switch of the policy in the caller's transaction; the movements follow by a job.
  using SwitchPolicy = std::function<absl::Status(pqxx::transaction_base&, int64_t smart_account_id,
                                                  bool counts, const Act& act)>;
  AccountServiceImpl(ApiContext api, SwitchPolicy switch_policy)
      : api_(api), switch_policy_(std::move(switch_policy)) {}

  grpc::Status ListSmartAccounts(grpc::ServerContext* context, const v1::ListSmartAccountsRequest* request,
                                 v1::ListSmartAccountsResponse* response) override;
  grpc::Status CreateSmartAccount(grpc::ServerContext* context, const v1::CreateSmartAccountRequest* request,
                                  v1::SmartAccount* response) override;
  grpc::Status SetUnverifiablePolicy(grpc::ServerContext* context,
                                     const v1::SetUnverifiablePolicyRequest* request,
                                     v1::SmartAccount* response) override;
  grpc::Status ListVirtualAccounts(grpc::ServerContext* context,
                                   const v1::ListVirtualAccountsRequest* request,
                                   v1::ListVirtualAccountsResponse* response) override;
  grpc::Status CreateVirtualAccount(grpc::ServerContext* context,
                                    const v1::CreateVirtualAccountRequest* request,
                                    v1::VirtualAccount* response) override;
  grpc::Status UpdateSmartAccount(grpc::ServerContext* context, const v1::UpdateSmartAccountRequest* request,
                                  v1::SmartAccount* response) override;
  grpc::Status CloseSmartAccount(grpc::ServerContext* context, const v1::CloseSmartAccountRequest* request,
                                 v1::SmartAccount* response) override;
  grpc::Status UpdateVirtualAccount(grpc::ServerContext* context,
                                    const v1::UpdateVirtualAccountRequest* request,
                                    v1::VirtualAccount* response) override;
  grpc::Status SetDefaultVirtualAccount(grpc::ServerContext* context,
                                        const v1::SetDefaultVirtualAccountRequest* request,
                                        v1::VirtualAccount* response) override;
  grpc::Status CloseVirtualAccount(grpc::ServerContext* context,
                                   const v1::CloseVirtualAccountRequest* request,
                                   v1::CloseVirtualAccountResponse* response) override;

 private:
  const ApiContext api_;
  const SwitchPolicy switch_policy_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ACCOUNT_SERVICE_H_
