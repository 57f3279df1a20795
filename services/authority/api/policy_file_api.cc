#include "services/authority/api/policy_file_api.h"

#include <optional>
#include <string>

#include "services/authority/api/field_checks.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {

grpc::Status PolicyFileApi::GetPolicyFile(grpc::ServerContext* context,
                                          const v1::GetPolicyFileRequest* request, v1::PolicyFile* response) {
  return rpc::ToGrpc(Get(*context, *request, *response));
}

absl::Status PolicyFileApi::Get(const grpc::ServerContext& context, const v1::GetPolicyFileRequest& request,
                                v1::PolicyFile& response) {
  RETURN_IF_ERROR(CheckUdiPart("product_id", request.product_id()));
  RETURN_IF_ERROR(CheckUdiPart("serial_number", request.serial_number()));
  const crypto::SubjectUdi udi = {request.product_id(), request.serial_number()};

  ASSIGN_OR_RETURN(const std::string account,
                   rpc::AccountOfCall(rpc::ReadCaller(context), request.smart_account()));
  std::optional<int64_t> smart_account_id;
  if (!account.empty()) {
    ASSIGN_OR_RETURN(smart_account_id, accounts_.FindSmartAccount(account));
  }
  ASSIGN_OR_RETURN(const std::optional<ProductInstanceRow> found, store_.FindProductInstance(udi));
  // Another account's product instance is not told from one that nobody knows.
  if (!found.has_value() || (smart_account_id.has_value() && *smart_account_id != found->smart_account_id)) {
    return ProductInstanceUnknown(udi.product_id, udi.serial_number);
  }

  ASSIGN_OR_RETURN(const AcknowledgementContent content, ContentFor(udi, *found));
  ASSIGN_OR_RETURN(*response.mutable_smart_license(), ComposePolicyFile(content, *keys_()));
  SetUdi(udi, *response.mutable_udi());
  response.set_policy_name(content.policy.name);
  response.set_sequence(content.sequence);
  *response.mutable_issued_at() = ToTimestampProto(content.issued_at);
  return absl::OkStatus();
}

absl::StatusOr<AcknowledgementContent> PolicyFileApi::ContentFor(const crypto::SubjectUdi& udi,
                                                                 const ProductInstanceRow& instance) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(
      const StoredAcknowledgement stored,
      store_.ReadAcknowledgement(instance.smart_account_id, instance.sender_id, now - kListedFor));
  if (!stored.rounds.empty()) return CollectAcknowledgement(udi, stored, now);
  ASSIGN_OR_RETURN(const policy::ReportingPolicy policy, store_.ReadPolicyAtHome(udi));
  return FirstPolicy(udi, policy, now);
}

}  // namespace quartermaster::authority
