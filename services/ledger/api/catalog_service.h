// CatalogService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_CATALOG_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_CATALOG_SERVICE_H_

#include "quartermaster/ledger/v1/catalog.grpc.pb.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class CatalogServiceImpl final : public v1::CatalogService::Service {
 public:
  explicit CatalogServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status ImportCatalog(grpc::ServerContext* context, const v1::ImportCatalogRequest* request,
                             v1::ImportResponse* response) override;
  grpc::Status ListLicenseTags(grpc::ServerContext* context, const v1::ListLicenseTagsRequest* request,
                               v1::ListLicenseTagsResponse* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_CATALOG_SERVICE_H_
