#include "services/authority/api/trust_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "services/authority/domain/examine_certificates.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"
#include "services/common/errors/error.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

const metrics::CounterSpec kCertificates = metrics::DeclareCounter(
    "quartermaster_authority_certificates_total",
    "Certificates in imports, of product instances and of manufacturers' CAs.", {"outcome"});

// An audit row names this many keys; the number of all stands beside them.
constexpr size_t kAuditedKeysMax = 100;

void AddRefusals(const std::vector<CertificateRefusal>& refusals, v1::ImportCertificatesResponse& response) {
  for (const CertificateRefusal& refusal : refusals) {
    auto* added = response.add_refusals();
    added->set_place(refusal.place);
    added->set_subject(refusal.subject);
    added->set_reason(errors::ErrorId(refusal.status));
    added->set_message(std::string(refusal.status.message()));
  }
}

AuditEntry AuditOf(const grpc::ServerContext& context, const char* method,
                   const std::vector<std::string>& key_ids, size_t refused) {
  const nlohmann::json after = {
      {"accepted", key_ids.size()},
      {"refused", refused},
      {"key_ids",
       std::vector<std::string>(key_ids.begin(), key_ids.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                       key_ids.size(), kAuditedKeysMax)))}};
  return {rpc::ReadCaller(context).actor, std::string(rpc::RequestId(context)), method, after.dump()};
}

// Seconds are all that certificates have.
google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::SecondsToTimestamp(absl::ToUnixSeconds(time));
}

v1::TrustCertificate::Origin ToProto(TrustOrigin origin) {
  switch (origin) {
    case TrustOrigin::kImported:
      return v1::TrustCertificate::ORIGIN_IMPORTED;
    case TrustOrigin::kIdToken:
      return v1::TrustCertificate::ORIGIN_ID_TOKEN;
    case TrustOrigin::kFactory:
      return v1::TrustCertificate::ORIGIN_FACTORY;
    case TrustOrigin::kRenewal:
      return v1::TrustCertificate::ORIGIN_RENEWAL;
  }
  return v1::TrustCertificate::ORIGIN_UNSPECIFIED;
}

v1::TrustCertificate ToProto(const TrustCertificateSummary& summary) {
  v1::TrustCertificate certificate;
  certificate.set_key_id(summary.key_id);
  certificate.mutable_udi()->set_product_id(summary.udi.product_id);
  certificate.mutable_udi()->set_serial_number(summary.udi.serial_number);
  certificate.set_issuer(summary.issuer);
  certificate.set_algorithm(summary.algorithm);
  *certificate.mutable_not_before() = ToProto(summary.not_before);
  *certificate.mutable_not_after() = ToProto(summary.not_after);
  certificate.set_revoked(summary.revoked);
  certificate.set_origin(ToProto(summary.origin));
  if (summary.retired_at.has_value()) *certificate.mutable_retired_at() = ToProto(*summary.retired_at);
  certificate.set_replaced_by(summary.replaced_by);
  if (summary.revoked_at.has_value()) *certificate.mutable_revoked_at() = ToProto(*summary.revoked_at);
  certificate.set_export_controlled(summary.export_controlled);
  return certificate;
}

}  // namespace

TrustApi::TrustApi(TrustStore* store, const Clock* clock, metrics::Registry* registry)
    : store_(*store),
      clock_(*clock),
      imported_(registry->Get(kCertificates, {"imported"})),
      unchanged_(registry->Get(kCertificates, {"unchanged"})),
      refused_(registry->Get(kCertificates, {"refused"})) {}

grpc::Status TrustApi::ImportManufacturerCa(grpc::ServerContext* context,
                                            const v1::ImportManufacturerCaRequest* request,
                                            v1::ImportCertificatesResponse* response) {
  return rpc::ToGrpc(ImportCas(*context, *request, *response));
}

grpc::Status TrustApi::ImportTrustCertificates(grpc::ServerContext* context,
                                               const v1::ImportTrustCertificatesRequest* request,
                                               v1::ImportCertificatesResponse* response) {
  return rpc::ToGrpc(ImportCertificates(*context, *request, *response));
}

grpc::Status TrustApi::ListTrustCertificates(grpc::ServerContext* context,
                                             const v1::ListTrustCertificatesRequest* request,
                                             v1::ListTrustCertificatesResponse* response) {
  return rpc::ToGrpc(List(*context, *request, *response));
}

absl::Status TrustApi::ImportCas(const grpc::ServerContext& context,
                                 const v1::ImportManufacturerCaRequest& request,
                                 v1::ImportCertificatesResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<crypto::BundledCertificate> bundle,
                   crypto::ParseCertificateBundle(request.pem()));
  const absl::Time now = clock_.Now();
  const ExaminedCas examined = ExamineManufacturerCas(bundle, now);

  std::vector<std::string> key_ids;
  for (const crypto::Certificate& ca : examined.accepted) key_ids.push_back(ca.key_id());
  ASSIGN_OR_RETURN(const int64_t imported,
                   store_.StoreManufacturerCas(
                       examined.accepted,
                       AuditOf(context, "ImportManufacturerCa", key_ids, examined.refusals.size()), now));
  response.set_imported(imported);
  response.set_unchanged(static_cast<int64_t>(examined.accepted.size()) - imported);
  AddRefusals(examined.refusals, response);
  Count(response);
  return absl::OkStatus();
}

absl::Status TrustApi::ImportCertificates(const grpc::ServerContext& context,
                                          const v1::ImportTrustCertificatesRequest& request,
                                          v1::ImportCertificatesResponse& response) {
  ASSIGN_OR_RETURN(const std::string account,
                   rpc::AccountOfCall(rpc::ReadCaller(context), request.smart_account()));
  if (!account.empty()) RETURN_IF_ERROR(store_.FindSmartAccount(account).status());
  ASSIGN_OR_RETURN(const std::vector<crypto::BundledCertificate> bundle,
                   crypto::ParseCertificateBundle(request.pem()));
  ASSIGN_OR_RETURN(const std::vector<crypto::Certificate> anchor_certificates, store_.ReadAnchors());
  ASSIGN_OR_RETURN(const crypto::TrustAnchors anchors, crypto::TrustAnchors::Create(anchor_certificates));
  const absl::Time now = clock_.Now();
  ExaminedTrustCertificates examined = ExamineTrustCertificates(bundle, anchors, now);

  std::vector<TrustCertificateRow> rows;
  std::vector<std::string> key_ids;
  for (ExaminedTrustCertificate& accepted : examined.accepted) {
    key_ids.push_back(accepted.certificate.key_id());
    rows.push_back({std::move(accepted.udi), std::move(accepted.certificate),
                    std::string(crypto::AlgorithmName(accepted.algorithm))});
  }
  ASSIGN_OR_RETURN(
      const int64_t imported,
      store_.StoreTrustCertificates(
          rows, AuditOf(context, "ImportTrustCertificates", key_ids, examined.refusals.size()), now));
  response.set_imported(imported);
  response.set_unchanged(static_cast<int64_t>(rows.size()) - imported);
  AddRefusals(examined.refusals, response);
  Count(response);
  return absl::OkStatus();
}

absl::Status TrustApi::List(const grpc::ServerContext& context,
                            const v1::ListTrustCertificatesRequest& request,
                            v1::ListTrustCertificatesResponse& response) {
  TrustCertificateFilter filter;
  filter.product_id = request.product_id();
  filter.serial_number = request.serial_number();
  ASSIGN_OR_RETURN(const std::string account,
                   rpc::AccountOfCall(rpc::ReadCaller(context), request.smart_account()));
  if (!account.empty()) {
    ASSIGN_OR_RETURN(filter.smart_account_id, store_.FindSmartAccount(account));
  }
  ASSIGN_OR_RETURN(const int page_size, ids::PageSize(request.page_size()));
  const uint64_t filter_hash =
      ids::FilterHash({"ListTrustCertificates", account, filter.product_id, filter.serial_number});
  ASSIGN_OR_RETURN(std::vector<std::string> keys, ids::ParsePageToken(request.page_token(), filter_hash));
  std::optional<TrustCertificateKey> after;
  if (keys.size() == 3) after = {keys[0], keys[1], keys[2]};

  // One more than the page tells whether another page follows.
  ASSIGN_OR_RETURN(std::vector<TrustCertificateSummary> summaries,
                   store_.ListTrustCertificates(filter, after, page_size + 1));
  if (static_cast<int>(summaries.size()) > page_size) {
    summaries.resize(static_cast<size_t>(page_size));
    const TrustCertificateSummary& last = summaries.back();
    response.set_next_page_token(
        ids::MakePageToken({last.udi.product_id, last.udi.serial_number, last.key_id}, filter_hash));
  }
  for (const TrustCertificateSummary& summary : summaries) {
    *response.add_trust_certificates() = ToProto(summary);
  }
  return absl::OkStatus();
}

void TrustApi::Count(const v1::ImportCertificatesResponse& response) {
  imported_.Increment(static_cast<double>(response.imported()));
  unchanged_.Increment(static_cast<double>(response.unchanged()));
  refused_.Increment(response.refusals_size());
}

}  // namespace quartermaster::authority
