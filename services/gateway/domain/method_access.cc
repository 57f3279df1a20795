#include "services/gateway/domain/method_access.h"

#include <algorithm>

namespace quartermaster::gateway {
namespace {

constexpr MethodAccess kTable[] = {
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kEveryClient},
    {"quartermaster.authority.v1.AcknowledgementService/GetAcknowledgement", kEveryClient},
    {"quartermaster.authority.v1.AcknowledgementService/GetAuthorityCertificates", kEveryClient},
    {"quartermaster.authority.v1.AcknowledgementService/PollAcknowledgements", kEveryClient},
    {"quartermaster.authority.v1.SigningService/SignBlock", kInternal},
    {"quartermaster.authority.v1.TrustService/ImportManufacturerCa", kAdministrators},
    {"quartermaster.authority.v1.TrustService/ImportTrustCertificates", kAdministrators},
    {"quartermaster.authority.v1.TrustService/ListTrustCertificates", kAdministrators},
    {"quartermaster.gateway.v1.NodeService/GetNode", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/GetReport", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/ImportUsage", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/ListReports", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/SubmitReports", kEveryClient},
    {"quartermaster.ledger.v1.AccountService/CreateSmartAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/CreateVirtualAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/ListSmartAccounts", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/ListVirtualAccounts", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/SetUnverifiablePolicy", kAdministrators},
    {"quartermaster.ledger.v1.BooksService/CheckBooks", kAdministrators},
    {"quartermaster.ledger.v1.CatalogService/ImportCatalog", kAdministrators},
    {"quartermaster.ledger.v1.CatalogService/ListLicenseTags", kAdministrators},
    {"quartermaster.ledger.v1.ComplianceService/GetCompliance", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/ImportEntitlements", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/ListEntitlements", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/ReverseMovement", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/TransferEntitlements", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/GetProductInstance", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ImportProductInstances", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ListProductInstances", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ReleaseUsage", kAdministrators},
};

constexpr bool ByMethod(const MethodAccess& a, const MethodAccess& b) { return a.method < b.method; }
static_assert(std::is_sorted(std::begin(kTable), std::end(kTable), ByMethod),
              "rows are looked up by binary search: keep them sorted");

}  // namespace

std::span<const MethodAccess> MethodAccessTable() { return kTable; }

std::optional<RoleSet> RolesOf(std::string_view method) {
  const auto* row =
      std::lower_bound(std::begin(kTable), std::end(kTable), MethodAccess{method, kInternal}, ByMethod);
  if (row == std::end(kTable) || row->method != method) return std::nullopt;
  return row->roles;
}

}  // namespace quartermaster::gateway
