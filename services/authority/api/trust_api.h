// gRPC: TrustService of proto/quartermaster/authority/v1/authority.proto.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_API_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_API_H_

#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "services/authority/storage/trust_store.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster::authority {

// Thread-safe.
class TrustApi final : public v1::TrustService::Service {
 public:
  // All outlive this.
  TrustApi(TrustStore* store, const Clock* clock, metrics::Registry* registry);

  grpc::Status ImportManufacturerCa(grpc::ServerContext* context,
                                    const v1::ImportManufacturerCaRequest* request,
                                    v1::ImportCertificatesResponse* response) override;
  grpc::Status ImportTrustCertificates(grpc::ServerContext* context,
                                       const v1::ImportTrustCertificatesRequest* request,
                                       v1::ImportCertificatesResponse* response) override;
  grpc::Status ListTrustCertificates(grpc::ServerContext* context,
                                     const v1::ListTrustCertificatesRequest* request,
                                     v1::ListTrustCertificatesResponse* response) override;

 private:
  absl::Status ImportCas(const grpc::ServerContext& context, const v1::ImportManufacturerCaRequest& request,
                         v1::ImportCertificatesResponse& response);
  absl::Status ImportCertificates(const grpc::ServerContext& context,
                                  const v1::ImportTrustCertificatesRequest& request,
                                  v1::ImportCertificatesResponse& response);
  absl::Status List(const grpc::ServerContext& context, const v1::ListTrustCertificatesRequest& request,
                    v1::ListTrustCertificatesResponse& response);
  void Count(const v1::ImportCertificatesResponse& response);

  TrustStore& store_;
  const Clock& clock_;
  metrics::Counter& imported_;
  metrics::Counter& unchanged_;
  metrics::Counter& refused_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_TRUST_API_H_
