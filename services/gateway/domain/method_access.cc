#include "services/gateway/domain/method_access.h"

#include <algorithm>

namespace quartermaster::gateway {
namespace {

constexpr MethodAccess kTable[] = {
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kEveryClient},
    {"quartermaster.authority.v1.AcknowledgementService/GetAcknowledgement", kEveryClient},
    {"quartermaster.authority.v1.AcknowledgementService/GetAuthorityCertificates", kEveryClient},
    {"quartermaster.authority.v1.AcknowledgementService/PollAcknowledgements", kEveryClient},
    {"quartermaster.authority.v1.PolicyFileService/GetPolicyFile", kAdministrators},
    {"quartermaster.authority.v1.SigningService/GetAuthorizationCode", kInternal},
    {"quartermaster.authority.v1.SigningService/SignAuthorization", kInternal},
    {"quartermaster.authority.v1.SigningService/SignBlock", kInternal},
    {"quartermaster.authority.v1.SigningService/SignOpening", kInternal},
    {"quartermaster.authority.v1.TrustCodeService/EstablishFactoryTrust", kEveryClient},
    {"quartermaster.authority.v1.TrustCodeService/EstablishTrust", kEveryClient},
    {"quartermaster.authority.v1.TrustCodeService/GetRevocationList", kEveryClient},
    {"quartermaster.authority.v1.TrustCodeService/RenewTrust", kEveryClient},
    {"quartermaster.authority.v1.TrustCodeService/RevokeTrust", kAdministrators},
    {"quartermaster.authority.v1.TrustService/ImportManufacturerCa", kAdministrators},
    {"quartermaster.authority.v1.TrustService/ImportTrustCertificates", kAdministrators},
    {"quartermaster.authority.v1.TrustService/ListTrustCertificates", kAdministrators},
    {"quartermaster.gateway.v1.NodeService/GetNode", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/GetReport", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/ImportUsage", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/ListReports", kAdministrators},
    {"quartermaster.ingest.v1.UsageService/SubmitReports", kEveryClient},
    {"quartermaster.ledger.v1.AccountService/CloseSmartAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/CloseVirtualAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/CreateSmartAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/CreateVirtualAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/ListSmartAccounts", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/ListVirtualAccounts", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/SetDefaultVirtualAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/SetUnverifiablePolicy", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/UpdateSmartAccount", kAdministrators},
    {"quartermaster.ledger.v1.AccountService/UpdateVirtualAccount", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationReleaseService/ApproveRelease", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationReleaseService/GetRelease", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationReleaseService/RequestRelease", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/ApproveAuthorization", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/ConfirmAuthorization", kEveryClient},
    {"quartermaster.ledger.v1.AuthorizationService/DenyAuthorization", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/GetAuthorization", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/GetAuthorizationRule", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/ImportAuthorizationRequest", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/ListAuthorizations", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/RequestAuthorization", kEveryClient},
    {"quartermaster.ledger.v1.AuthorizationService/ReturnAuthorization", kEveryClient},
    {"quartermaster.ledger.v1.AuthorizationService/SetAuthorizationRule", kAdministrators},
    {"quartermaster.ledger.v1.AuthorizationService/SetRestrictedCountries", kAdministrators},
    {"quartermaster.ledger.v1.BooksService/CheckBooks", kAdministrators},
    {"quartermaster.ledger.v1.BooksService/VerifyLedger", kAdministrators},
    {"quartermaster.ledger.v1.CatalogService/ImportCatalog", kAdministrators},
    {"quartermaster.ledger.v1.CatalogService/ListLicenseTags", kAdministrators},
    {"quartermaster.ledger.v1.ComplianceService/GetCompliance", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/ImportEntitlements", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/ListEntitlements", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/ReverseMovement", kAdministrators},
    {"quartermaster.ledger.v1.EntitlementService/TransferEntitlements", kAdministrators},
    {"quartermaster.ledger.v1.ErasureService/EraseProductInstance", kAdministrators},
    {"quartermaster.ledger.v1.FigureService/GetUsageFigures", kAdministrators},
    {"quartermaster.ledger.v1.FigureService/ListEntitlementFigures", kAdministrators},
    {"quartermaster.ledger.v1.HistoryService/ListHistory", kAdministrators},
    {"quartermaster.ledger.v1.HoldService/ListHolds", kAdministrators},
    {"quartermaster.ledger.v1.HoldService/PlaceHold", kAdministrators},
    {"quartermaster.ledger.v1.HoldService/ReleaseHold", kAdministrators},
    {"quartermaster.ledger.v1.IdTokenRedemptionService/RedeemIdToken", kInternal},
    {"quartermaster.ledger.v1.IdTokenService/CreateIdToken", kAdministrators},
    {"quartermaster.ledger.v1.IdTokenService/ForgetRedemption", kAdministrators},
    {"quartermaster.ledger.v1.IdTokenService/ListIdTokens", kAdministrators},
    {"quartermaster.ledger.v1.IdTokenService/RevokeIdToken", kAdministrators},
    {"quartermaster.ledger.v1.LandingRuleService/DeleteLandingRule", kAdministrators},
    {"quartermaster.ledger.v1.LandingRuleService/ListLandingRules", kAdministrators},
    {"quartermaster.ledger.v1.LandingRuleService/SetLandingRule", kAdministrators},
    {"quartermaster.ledger.v1.PolicyService/ClearReportingPolicy", kAdministrators},
    {"quartermaster.ledger.v1.PolicyService/ExplainDeadlines", kAdministrators},
    {"quartermaster.ledger.v1.PolicyService/ListReportingPolicies", kAdministrators},
    {"quartermaster.ledger.v1.PolicyService/SetReportingPolicy", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/GetProductInstance", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ImportProductInstances", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ListProductInstances", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/MoveProductInstances", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ReleaseUsage", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/RemoveProductInstances", kAdministrators},
    {"quartermaster.ledger.v1.ProductInstanceService/ReplaceProductInstance", kAdministrators},
    {"quartermaster.ledger.v1.ReservationService/ListReservations", kAdministrators},
    {"quartermaster.ledger.v1.ReservationService/ReserveLicenses", kAdministrators},
    {"quartermaster.ledger.v1.ReservationService/ReturnReservation", kAdministrators},
    {"quartermaster.ledger.v1.ReservationService/UpdateReservation", kAdministrators},
    {"quartermaster.ledger.v1.TermsService/CorrectEntitlement", kAdministrators},
    {"quartermaster.ledger.v1.TermsService/GetConsumptionOrder", kAdministrators},
    {"quartermaster.ledger.v1.TermsService/SetConsumptionOrder", kAdministrators},
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
