// gRPC: TrustCodeService of proto/quartermaster/authority/v1/trust_codes.proto.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_CODE_API_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_CODE_API_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "quartermaster/authority/v1/trust_codes.grpc.pb.h"
#include "quartermaster/ledger/v1/id_token_redemption.pb.h"
#include "services/authority/api/trust_requests.h"
#include "services/authority/domain/signing_keys.h"
#include "services/authority/storage/trust_code_store.h"
#include "services/authority/storage/trust_store.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster::authority {

// Asks ledger; answers the id of the token's Smart Account.
using RedeemIdToken = std::function<absl::StatusOr<int64_t>(const grpc::ServerContext& context,
                                                            const ledger::v1::RedeemIdTokenRequest& request)>;

struct TrustCodeOptions {
  absl::Duration validity;
  absl::Duration overlap;
};

// Thread-safe. No request id is needed: what is asked again for the same keys is answered again, and what is
// revoked stays so.
class TrustCodeApi final : public v1::TrustCodeService::Service {
 public:
  // All pointers outlive this.
  struct Parts {
    TrustCodeStore* codes;
    TrustStore* trust;
    CurrentKeys keys;
    RedeemIdToken redeem;
    const Clock* clock;
    metrics::Registry* registry;
  };
  TrustCodeApi(Parts parts, TrustCodeOptions options);

  grpc::Status EstablishTrust(grpc::ServerContext* context, const v1::EstablishTrustRequest* request,
                              v1::TrustCodes* response) override;
  grpc::Status RenewTrust(grpc::ServerContext* context, const v1::RenewTrustRequest* request,
                          v1::TrustCodes* response) override;
  grpc::Status EstablishFactoryTrust(grpc::ServerContext* context,
                                     const v1::EstablishFactoryTrustRequest* request,
                                     v1::TrustCodes* response) override;
  grpc::Status RevokeTrust(grpc::ServerContext* context, const v1::RevokeTrustRequest* request,
                           v1::RevokeTrustResponse* response) override;
  grpc::Status GetRevocationList(grpc::ServerContext* context, const v1::GetRevocationListRequest* request,
                                 v1::RevocationList* response) override;

 private:
  absl::Status Establish(const grpc::ServerContext& context, const v1::EstablishTrustRequest& request,
                         v1::TrustCodes& response);
  absl::Status Renew(const grpc::ServerContext& context, const v1::RenewTrustRequest& request,
                     v1::TrustCodes& response);
  absl::Status EstablishFactory(const grpc::ServerContext& context,
                                const v1::EstablishFactoryTrustRequest& request, v1::TrustCodes& response);
  absl::Status Revoke(const grpc::ServerContext& context, const v1::RevokeTrustRequest& request,
                      v1::RevokeTrustResponse& response);
  absl::Status List(v1::RevocationList& response);

  // Of the Smart Account that a call names or is bound to; 0 = none.
  absl::StatusOr<int64_t> AccountOf(const grpc::ServerContext& context, const std::string& named);
  // Before an ID token is redeemed for keys that can have no trust code.
  absl::Status CheckKeys(const std::vector<TrustMember>& members, absl::Time now);
  absl::StatusOr<TrustMember> ReadRenewal(const v1::RenewTrustRequest::Renewal& renewal, int64_t account,
                                          absl::Time now);
  // Issues, stores and answers trust codes. `method` for the audit.
  absl::Status Issue(const grpc::ServerContext& context, const char* method,
                     const std::vector<TrustMember>& members, absl::Time now, v1::TrustCodes& response);

  const Parts parts_;
  const TrustCodeOptions options_;
  metrics::Counter& by_id_token_;
  metrics::Counter& by_factory_;
  metrics::Counter& by_renewal_;
  metrics::Counter& revoked_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_CODE_API_H_
