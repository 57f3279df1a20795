#include "services/authority/api/trust_code_api.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/revocation_list.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;
using crypto::CertificateRequest;

const metrics::CounterSpec kIssued = metrics::DeclareCounter(
    "quartermaster_authority_trust_codes_total",
    "Trust codes that product instances were answered with, by what they were given for.", {"for"});
const metrics::CounterSpec kRevoked =
    metrics::DeclareCounter("quartermaster_authority_revoked_certificates_total",
                            "Trust codes and imported certificates revoked.", {});

// Readers fetch the list again after this; it changes at every revocation all the same.
constexpr absl::Duration kRevocationListValidity = absl::Hours(24);
constexpr size_t kKeyIdBytes = 64;
constexpr char kServiceName[] = "authority.v1.TrustCodeService/";

// Seconds are all that certificates have.
google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::SecondsToTimestamp(absl::ToUnixSeconds(time));
}

std::string Shown(const crypto::SubjectUdi& udi) {
  return absl::StrCat(udi.product_id, ":", udi.serial_number);
}

absl::StatusOr<v1::TrustCode> ToProto(const std::string& der) {
  ASSIGN_OR_RETURN(const Certificate certificate, Certificate::FromDer(der));
  ASSIGN_OR_RETURN(const crypto::SubjectUdi udi, certificate.Udi());
  v1::TrustCode code;
  code.mutable_udi()->set_product_id(udi.product_id);
  code.mutable_udi()->set_serial_number(udi.serial_number);
  code.set_key_id(certificate.key_id());
  code.set_certificate(certificate.ToPem());
  *code.mutable_not_before() = ToProto(certificate.not_before());
  *code.mutable_not_after() = ToProto(certificate.not_after());
  *code.mutable_renew_after() = ToProto(RenewAfter(certificate.not_before(), certificate.not_after()));
  return code;
}

AuditEntry AuditOf(const grpc::ServerContext& context, const char* method, const nlohmann::json& after) {
  return {rpc::ReadCaller(context).actor, std::string(rpc::RequestId(context)),
          absl::StrCat(kServiceName, method), after.dump()};
}

nlohmann::json AuditOf(const std::vector<TrustMember>& members) {
  nlohmann::json list = nlohmann::json::array();
  for (const TrustMember& member : members) {
    list.push_back({{"udi", Shown(member.csr.udi())}, {"key_id", member.csr.key().key_id()}});
  }
  return {{"trust_codes", list}};
}

ledger::v1::RedeemIdTokenRequest RedemptionOf(const std::vector<TrustMember>& members,
                                              const v1::EstablishTrustRequest& request,
                                              const std::string& account) {
  ledger::v1::RedeemIdTokenRequest redemption;
  redemption.set_smart_account(account);
  redemption.set_value(request.id_token());
  redemption.set_export_controlled(request.export_controlled());
  for (const TrustMember& member : members) {
    auto& added = *redemption.add_members();
    added.mutable_udi()->set_product_id(member.csr.udi().product_id);
    added.mutable_udi()->set_serial_number(member.csr.udi().serial_number);
    added.set_key_id(member.csr.key().key_id());
  }
  return redemption;
}

absl::Status CheckClock(bool set, const google::protobuf::Timestamp& time, absl::Time now) {
  ASSIGN_OR_RETURN(const std::optional<absl::Time> device_time, DeviceTime(set, time));
  return CheckDeviceClock(device_time, now);
}

absl::Status CheckFilter(const v1::RevokeTrustRequest& request) {
  if (request.product_id().empty() != request.serial_number().empty()) {
    return FieldInvalid(request.product_id().empty() ? "product_id" : "serial_number", "nothing",
                        "product id and serial number together");
  }
  if (request.product_id().empty() && request.key_id().empty()) {
    return FieldInvalid("key_id", "nothing", "a key, or product id and serial number");
  }
  if (!v1::RevokeTrustRequest::Reason_IsValid(request.reason())) {
    return FieldInvalid("reason", absl::StrCat(static_cast<int>(request.reason())), "one of the reasons");
  }
  return absl::OkStatus();
}

}  // namespace

TrustCodeApi::TrustCodeApi(Parts parts, TrustCodeOptions options)
    : parts_(std::move(parts)),
      options_(options),
      by_id_token_(parts_.registry->Get(kIssued, {"id_token"})),
      by_factory_(parts_.registry->Get(kIssued, {"factory"})),
      by_renewal_(parts_.registry->Get(kIssued, {"renewal"})),
      revoked_(parts_.registry->Get(kRevoked, {})) {}

grpc::Status TrustCodeApi::EstablishTrust(grpc::ServerContext* context,
                                          const v1::EstablishTrustRequest* request,
                                          v1::TrustCodes* response) {
  return rpc::ToGrpc(Establish(*context, *request, *response));
}

grpc::Status TrustCodeApi::RenewTrust(grpc::ServerContext* context, const v1::RenewTrustRequest* request,
                                      v1::TrustCodes* response) {
  return rpc::ToGrpc(Renew(*context, *request, *response));
}

grpc::Status TrustCodeApi::EstablishFactoryTrust(grpc::ServerContext* context,
                                                 const v1::EstablishFactoryTrustRequest* request,
                                                 v1::TrustCodes* response) {
  return rpc::ToGrpc(EstablishFactory(*context, *request, *response));
}

grpc::Status TrustCodeApi::RevokeTrust(grpc::ServerContext* context, const v1::RevokeTrustRequest* request,
                                       v1::RevokeTrustResponse* response) {
  return rpc::ToGrpc(Revoke(*context, *request, *response));
}

grpc::Status TrustCodeApi::GetRevocationList(grpc::ServerContext*, const v1::GetRevocationListRequest*,
                                             v1::RevocationList* response) {
  return rpc::ToGrpc(List(*response));
}

absl::Status TrustCodeApi::Establish(const grpc::ServerContext& context,
                                     const v1::EstablishTrustRequest& request, v1::TrustCodes& response) {
  const absl::Time now = parts_.clock->Now();
  RETURN_IF_ERROR(CheckClock(request.has_device_time(), request.device_time(), now));
  RETURN_IF_ERROR(CheckMemberCount("csr", request.csr_size()));
  std::vector<TrustMember> members;
  for (const std::string& pem : request.csr()) {
    ASSIGN_OR_RETURN(CertificateRequest csr, CertificateRequest::FromPem(pem));
    members.push_back({.csr = std::move(csr), .export_controlled = request.export_controlled()});
  }
  RETURN_IF_ERROR(CheckUdisDiffer(members));
  RETURN_IF_ERROR(CheckKeys(members, now));
  ASSIGN_OR_RETURN(const std::string account,
                   rpc::AccountOfCall(rpc::ReadCaller(context), request.smart_account()));

  ASSIGN_OR_RETURN(const int64_t account_id, parts_.redeem(context, RedemptionOf(members, request, account)));
  for (TrustMember& member : members) member.smart_account_id = account_id;
  RETURN_IF_ERROR(Issue(context, "EstablishTrust", members, now, response));
  by_id_token_.Increment(static_cast<double>(members.size()));
  return absl::OkStatus();
}

absl::Status TrustCodeApi::CheckKeys(const std::vector<TrustMember>& members, absl::Time now) {
  for (const TrustMember& member : members) {
    ASSIGN_OR_RETURN(const auto rows, parts_.codes->FindKey(member.csr.key().key_id()));
    RETURN_IF_ERROR(FindAnswered(rows, member.csr.udi(), now).status());
  }
  return absl::OkStatus();
}

absl::Status TrustCodeApi::Renew(const grpc::ServerContext& context, const v1::RenewTrustRequest& request,
                                 v1::TrustCodes& response) {
  const absl::Time now = parts_.clock->Now();
  RETURN_IF_ERROR(CheckClock(request.has_device_time(), request.device_time(), now));
  RETURN_IF_ERROR(CheckMemberCount("renewals", request.renewals_size()));
  ASSIGN_OR_RETURN(const int64_t account, AccountOf(context, request.smart_account()));
  std::vector<TrustMember> members;
  for (const auto& renewal : request.renewals()) {
    ASSIGN_OR_RETURN(TrustMember member, ReadRenewal(renewal, account, now));
    members.push_back(std::move(member));
  }
  RETURN_IF_ERROR(CheckUdisDiffer(members));

  RETURN_IF_ERROR(Issue(context, "RenewTrust", members, now, response));
  by_renewal_.Increment(static_cast<double>(members.size()));
  return absl::OkStatus();
}

absl::StatusOr<TrustMember> TrustCodeApi::ReadRenewal(const v1::RenewTrustRequest::Renewal& renewal,
                                                      int64_t account, absl::Time now) {
  ASSIGN_OR_RETURN(CertificateRequest csr, CertificateRequest::FromPem(renewal.csr()));
  if (renewal.key_id().size() != kKeyIdBytes) {
    return FieldInvalid("key_id", absl::StrCat(renewal.key_id().size(), " bytes"), "64 hex digits");
  }
  ASSIGN_OR_RETURN(const auto rows, parts_.codes->FindKey(renewal.key_id()));
  for (const KnownTrustKey& row : rows) {
    if (row.udi != csr.udi() || !row.smart_account_id.has_value()) continue;
    if (account != 0 && *row.smart_account_id != account) continue;
    // The proof first: nobody else learns what became of a key.
    ASSIGN_OR_RETURN(const Certificate certificate, Certificate::FromDer(row.certificate));
    ASSIGN_OR_RETURN(const crypto::PublicKey key, certificate.Key());
    RETURN_IF_ERROR(CheckProof(key, crypto::kTrustRenewalDomain, csr, renewal.signature()));
    RETURN_IF_ERROR(CheckRenewable(row, csr.key().key_id(), now));
    return TrustMember{.csr = std::move(csr),
                       .origin = TrustOrigin::kRenewal,
                       .smart_account_id = *row.smart_account_id,
                       .export_controlled = row.export_controlled,
                       .proven_by = row.key_id};
  }
  return TrustCodeUnknown(absl::StrCat("none of ", Shown(csr.udi()), " for this key"));
}

absl::Status TrustCodeApi::EstablishFactory(const grpc::ServerContext& context,
                                            const v1::EstablishFactoryTrustRequest& request,
                                            v1::TrustCodes& response) {
  const absl::Time now = parts_.clock->Now();
  RETURN_IF_ERROR(CheckClock(request.has_device_time(), request.device_time(), now));
  RETURN_IF_ERROR(CheckMemberCount("members", request.members_size()));
  ASSIGN_OR_RETURN(int64_t account, AccountOf(context, request.smart_account()));
  if (account == 0) {
    ASSIGN_OR_RETURN(account, parts_.codes->DefaultSmartAccount());
  }
  ASSIGN_OR_RETURN(const std::vector<Certificate> cas, parts_.trust->ReadManufacturerCas());
  ASSIGN_OR_RETURN(const crypto::TrustAnchors manufacturers, crypto::TrustAnchors::Create(cas));
  std::vector<TrustMember> members;
  for (const auto& member : request.members()) {
    ASSIGN_OR_RETURN(CertificateRequest csr, CertificateRequest::FromPem(member.csr()));
    ASSIGN_OR_RETURN(const Certificate factory,
                     ReadFactoryCertificate(member.certificate_chain(), manufacturers, csr.udi(), now));
    ASSIGN_OR_RETURN(const crypto::PublicKey key, factory.Key());
    RETURN_IF_ERROR(CheckProof(key, crypto::kFactoryTrustDomain, csr, member.signature()));
    // Revoked as an imported certificate, perhaps under another UDI.
    ASSIGN_OR_RETURN(const auto rows, parts_.codes->FindKey(factory.key_id()));
    for (const KnownTrustKey& row : rows) {
      if (row.revoked) return TrustKeyRevoked(row.key_id);
    }
    members.push_back({.csr = std::move(csr), .origin = TrustOrigin::kFactory, .smart_account_id = account});
  }
  RETURN_IF_ERROR(CheckUdisDiffer(members));

  RETURN_IF_ERROR(Issue(context, "EstablishFactoryTrust", members, now, response));
  by_factory_.Increment(static_cast<double>(members.size()));
  return absl::OkStatus();
}

absl::Status TrustCodeApi::Issue(const grpc::ServerContext& context, const char* method,
                                 const std::vector<TrustMember>& members, absl::Time now,
                                 v1::TrustCodes& response) {
  const std::shared_ptr<const SigningKeys> keys = parts_.keys();
  const SigningKey* ca = keys->Current(KeyPurpose::kCa);
  if (ca == nullptr) return SigningKeyMissing(PurposeName(KeyPurpose::kCa));
  ASSIGN_OR_RETURN(const crypto::CertificateAuthority authority,
                   crypto::CertificateAuthority::Open(ca->key, ca->certificate));
  TrustCodeIssue issue{.wanted = {},
                       .overlap = options_.overlap,
                       .audit = AuditOf(context, method, AuditOf(members)),
                       .now = now};
  for (const TrustMember& member : members) {
    ASSIGN_OR_RETURN(Certificate certificate,
                     authority.IssueProductInstance(member.csr.key(), member.csr.udi(),
                                                    {now - kTrustCodeBackdated, now + options_.validity}));
    issue.wanted.push_back({.udi = member.csr.udi(),
                            .certificate = std::move(certificate),
                            .algorithm = std::string(crypto::AlgorithmName(member.csr.key().algorithm())),
                            .origin = member.origin,
                            .smart_account_id = member.smart_account_id,
                            .export_controlled = member.export_controlled,
                            .proven_by = member.proven_by});
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> certificates, parts_.codes->Issue(issue));
  for (const std::string& der : certificates) {
    ASSIGN_OR_RETURN(*response.add_trust_codes(), ToProto(der));
  }
  for (const Certificate& certificate : keys->certificates()) {
    response.add_authority_certificates(certificate.ToPem());
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TrustCodeApi::AccountOf(const grpc::ServerContext& context,
                                                const std::string& named) {
  ASSIGN_OR_RETURN(const std::string account, rpc::AccountOfCall(rpc::ReadCaller(context), named));
  if (account.empty()) return 0;
  return parts_.trust->FindSmartAccount(account);
}

absl::Status TrustCodeApi::Revoke(const grpc::ServerContext& context, const v1::RevokeTrustRequest& request,
                                  v1::RevokeTrustResponse& response) {
  RETURN_IF_ERROR(CheckFilter(request));
  ASSIGN_OR_RETURN(const int64_t account, AccountOf(context, request.smart_account()));
  RevocationFilter filter{.product_id = request.product_id(),
                          .serial_number = request.serial_number(),
                          .key_id = request.key_id()};
  if (account != 0) filter.smart_account_id = account;

  const AuditEntry audit = AuditOf(context, "RevokeTrust",
                                   {{"product_id", request.product_id()},
                                    {"serial_number", request.serial_number()},
                                    {"key_id", request.key_id()},
                                    {"reason", v1::RevokeTrustRequest::Reason_Name(request.reason())}});
  ASSIGN_OR_RETURN(const int64_t revoked,
                   parts_.codes->Revoke(filter, request.reason(), audit, parts_.clock->Now()));
  response.set_revoked(revoked);
  revoked_.Increment(static_cast<double>(revoked));
  return absl::OkStatus();
}

absl::Status TrustCodeApi::List(v1::RevocationList& response) {
  const absl::Time now = parts_.clock->Now();
  const std::shared_ptr<const SigningKeys> keys = parts_.keys();
  const SigningKey* ca = keys->Current(KeyPurpose::kCa);
  if (ca == nullptr) return SigningKeyMissing(PurposeName(KeyPurpose::kCa));
  ASSIGN_OR_RETURN(crypto::RevocationListContent content,
                   parts_.codes->ReadRevocations(ca->certificate.subject(), now));
  content.issued_at = now;
  content.next_update = now + kRevocationListValidity;

  ASSIGN_OR_RETURN(*response.mutable_crl(), crypto::SignRevocationList(ca->key, ca->certificate, content));
  response.set_number(content.number);
  *response.mutable_issued_at() = ToProto(content.issued_at);
  *response.mutable_next_update() = ToProto(content.next_update);
  response.set_revoked_certificates(static_cast<int64_t>(content.revoked.size()));
  return absl::OkStatus();
}

}  // namespace quartermaster::authority
