// gRPC: PolicyFileService of proto/quartermaster/authority/v1/policy_files.proto.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_POLICY_FILE_API_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_POLICY_FILE_API_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "quartermaster/authority/v1/policy_files.grpc.pb.h"
#include "services/authority/domain/acknowledgement_document.h"
#include "services/authority/domain/signing_keys.h"
#include "services/authority/storage/acknowledgement_store.h"
#include "services/authority/storage/trust_store.h"
#include "services/common/clock/clock.h"

namespace quartermaster::authority {

// Thread-safe. Files are composed and signed when they are asked for.
class PolicyFileApi final : public v1::PolicyFileService::Service {
 public:
  // The pointers outlive this. `accounts` resolves Smart Accounts.
  PolicyFileApi(AcknowledgementStore* store, TrustStore* accounts, CurrentKeys keys, const Clock* clock)
      : store_(*store), accounts_(*accounts), keys_(std::move(keys)), clock_(*clock) {}

  grpc::Status GetPolicyFile(grpc::ServerContext* context, const v1::GetPolicyFileRequest* request,
                             v1::PolicyFile* response) override;

 private:
  absl::Status Get(const grpc::ServerContext& context, const v1::GetPolicyFileRequest& request,
                   v1::PolicyFile& response);
  // What came with the last acknowledgement, else what is in force at home.
  absl::StatusOr<AcknowledgementContent> ContentFor(const crypto::SubjectUdi& udi,
                                                    const ProductInstanceRow& instance);

  AcknowledgementStore& store_;
  TrustStore& accounts_;
  const CurrentKeys keys_;
  const Clock& clock_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_POLICY_FILE_API_H_
