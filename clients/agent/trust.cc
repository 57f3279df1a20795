#include "clients/agent/trust.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "quartermaster/authority/v1/trust_codes.grpc.pb.h"
#include "services/common/crypto/certificate_request.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using authority::v1::TrustCodes;
using authority::v1::TrustCodeService;
using crypto::CertificateRequest;

std::vector<Udi> Units(const AgentState& state) {
  std::vector<Udi> units = {state.udi};
  if (state.ha_peer.has_value()) units.push_back(*state.ha_peer);
  return units;
}

absl::StatusOr<CertificateRequest> RequestOf(const crypto::PrivateKey& key, const Udi& udi) {
  return CertificateRequest::Make(key, {udi.product_id, udi.serial_number});
}

template <typename Request>
void SetCommon(const TrustOptions& options, Request& request) {
  request.set_smart_account(options.smart_account);
  if (options.device_time_s.has_value()) request.mutable_device_time()->set_seconds(*options.device_time_s);
}

// Asks, and takes over what is answered.
template <typename Request>
absl::Status Ask(StateDirectory& directory, const client::NodeConnection& node, const crypto::PrivateKey& key,
                 const Request& request,
                 grpc::Status (TrustCodeService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                TrustCodes*)) {
  const auto stub = TrustCodeService::NewStub(node.channel());
  TrustCodes codes;
  RETURN_IF_ERROR(node.Call([&](grpc::ClientContext& context) {
    codes.Clear();
    return ((*stub).*method)(&context, request, &codes);
  }));
  std::string certificates;
  for (const auto& code : codes.trust_codes()) certificates += code.certificate();
  RETURN_IF_ERROR(directory.InstallTrust(key, certificates));
  ASSIGN_OR_RETURN(const auto pinned, directory.AuthorityCertificates());
  if (!pinned.empty() || codes.authority_certificates().empty()) return absl::OkStatus();
  std::string authority;
  for (const std::string& pem : codes.authority_certificates()) authority += pem;
  return directory.InstallAuthority(authority);
}

}  // namespace

absl::Status EstablishTrust(StateDirectory& directory, const client::NodeConnection& node,
                            const IdTokenOptions& id_token, const TrustOptions& options) {
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, directory.NextTrustKey(options.algorithm));
  authority::v1::EstablishTrustRequest request;
  SetCommon(options, request);
  request.set_id_token(id_token.id_token.Reveal());
  request.set_export_controlled(id_token.export_controlled);
  for (const Udi& udi : Units(directory.state())) {
    ASSIGN_OR_RETURN(const CertificateRequest csr, RequestOf(key, udi));
    request.add_csr(csr.ToPem());
  }
  return Ask(directory, node, key, request, &TrustCodeService::Stub::EstablishTrust);
}

absl::Status EstablishFactoryTrust(StateDirectory& directory, const client::NodeConnection& node,
                                   const std::string& intermediates, const TrustOptions& options) {
  if (!directory.key().has_value()) return KeyMissing("key.pem");
  ASSIGN_OR_RETURN(const auto certificates, directory.Certificates());
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, directory.NextTrustKey(options.algorithm));
  authority::v1::EstablishFactoryTrustRequest request;
  SetCommon(options, request);
  for (const Udi& udi : Units(directory.state())) {
    ASSIGN_OR_RETURN(const CertificateRequest csr, RequestOf(key, udi));
    auto& member = *request.add_members();
    member.set_csr(csr.ToPem());
    ASSIGN_OR_RETURN(*member.mutable_signature(),
                     directory.key()->Sign(absl::StrCat(crypto::kFactoryTrustDomain, csr.der())));
    for (const crypto::Certificate& certificate : certificates) {
      const auto certified = certificate.Udi();
      if (!certified.ok() || *certified != csr.udi()) continue;
      member.set_certificate_chain(certificate.ToPem() + intermediates);
    }
    if (member.certificate_chain().empty()) {
      return CertificateMismatch(absl::StrCat("factory certificate: got none of ", udi.product_id, ":",
                                              udi.serial_number,
                                              ", want one by `agent install certificate`"));
    }
  }
  return Ask(directory, node, key, request, &TrustCodeService::Stub::EstablishFactoryTrust);
}

absl::Status RenewTrust(StateDirectory& directory, const client::NodeConnection& node,
                        const TrustOptions& options) {
  if (!directory.trust().has_value()) return TrustMissing();
  const crypto::PrivateKey& present = directory.trust()->key;
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, directory.NextTrustKey(options.algorithm));
  authority::v1::RenewTrustRequest request;
  SetCommon(options, request);
  for (const Udi& udi : Units(directory.state())) {
    ASSIGN_OR_RETURN(const CertificateRequest csr, RequestOf(key, udi));
    auto& renewal = *request.add_renewals();
    renewal.set_csr(csr.ToPem());
    renewal.set_key_id(present.Public().key_id());
    ASSIGN_OR_RETURN(*renewal.mutable_signature(),
                     present.Sign(absl::StrCat(crypto::kTrustRenewalDomain, csr.der())));
  }
  return Ask(directory, node, key, request, &TrustCodeService::Stub::RenewTrust);
}

bool RenewalIsDue(const StateDirectory& directory) {
  if (!directory.trust().has_value()) return false;
  for (const crypto::Certificate& certificate : directory.trust()->certificates) {
    if (directory.state().clock_s >= RenewAfterS(certificate)) return true;
  }
  return false;
}

}  // namespace quartermaster::agent
