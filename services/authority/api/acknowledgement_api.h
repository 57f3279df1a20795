// gRPC: AcknowledgementService of proto/quartermaster/authority/v1/authority.proto.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_ACKNOWLEDGEMENT_API_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_ACKNOWLEDGEMENT_API_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "services/authority/domain/signing_keys.h"
#include "services/authority/storage/acknowledgement_store.h"
#include "services/authority/storage/trust_store.h"
#include "services/common/clock/clock.h"

namespace quartermaster::authority {

// Thread-safe. Files are composed and signed when they are asked for.
class AcknowledgementApi final : public v1::AcknowledgementService::Service {
 public:
  // The pointers outlive this. `accounts` resolves Smart Accounts.
  AcknowledgementApi(AcknowledgementStore* store, TrustStore* accounts, CurrentKeys keys, const Clock* clock)
      : store_(*store), accounts_(*accounts), keys_(std::move(keys)), clock_(*clock) {}

  grpc::Status GetAcknowledgement(grpc::ServerContext* context, const v1::GetAcknowledgementRequest* request,
                                  v1::Acknowledgement* response) override;
  grpc::Status PollAcknowledgements(grpc::ServerContext* context,
                                    const v1::PollAcknowledgementsRequest* request,
                                    v1::PollAcknowledgementsResponse* response) override;
  grpc::Status GetAuthorityCertificates(grpc::ServerContext* context,
                                        const v1::GetAuthorityCertificatesRequest* request,
                                        v1::GetAuthorityCertificatesResponse* response) override;

 private:
  absl::Status Get(const grpc::ServerContext& context, const v1::GetAcknowledgementRequest& request,
                   v1::Acknowledgement& response);
  absl::Status Poll(const grpc::ServerContext& context, const v1::PollAcknowledgementsRequest& request,
                    v1::PollAcknowledgementsResponse& response);
  // The account that the request or, for want of one, the caller names.
  absl::StatusOr<std::optional<int64_t>> AccountOf(const grpc::ServerContext& context,
                                                   const std::string& named);
  // False when nothing is acknowledged yet.
  absl::StatusOr<bool> Compose(int64_t smart_account_id, int64_t sender_id, const crypto::SubjectUdi& udi,
                               v1::Acknowledgement& response);

  AcknowledgementStore& store_;
  TrustStore& accounts_;
  const CurrentKeys keys_;
  const Clock& clock_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_ACKNOWLEDGEMENT_API_H_
