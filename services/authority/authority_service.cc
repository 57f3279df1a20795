#include "services/authority/authority_service.h"

#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "quartermaster/ledger/v1/id_token_redemption.grpc.pb.h"
#include "services/authority/api/acknowledgement_api.h"
#include "services/authority/api/policy_file_api.h"
#include "services/authority/api/signing_api.h"
#include "services/authority/api/trust_api.h"
#include "services/authority/api/trust_code_api.h"
#include "services/authority/jobs/acknowledgement_issuer.h"
#include "services/authority/jobs/signing_key_keeper.h"
#include "services/authority/storage/authorization_code_store.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/lifecycle/node_key.h"
#include "services/common/log/log.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster {
namespace {

using authority::SigningKeyKeeper;
using crypto::KeyEncryptionKey;

constexpr char kName[] = "authority";
// How often keys are looked after, and those that another replica renewed are taken over.
constexpr absl::Duration kKeyInterval = absl::Hours(1);

class AuthorityService final : public Service {
 public:
  AuthorityService(const ServiceContext& context, std::unique_ptr<SigningKeyKeeper> keys,
                   KeyEncryptionKey key_encryption_key)
      : context_(context),
        clock_(*context.clock),
        pool_(context.database(kName)),
        acknowledgements_(&pool_),
        trust_(&pool_),
        trust_codes_(&pool_),
        authorization_codes_(&pool_, std::move(key_encryption_key)),
        keys_(std::move(keys)),
        trust_api_(&trust_, context.clock, context.metrics),
        trust_code_api_(
            {.codes = &trust_codes_,
             .trust = &trust_,
             .keys = [this] { return keys_->Current(); },
             .redeem = [this](
                           const grpc::ServerContext& call,
                           const ledger::v1::RedeemIdTokenRequest& request) { return Redeem(call, request); },
             .clock = context.clock,
             .registry = context.metrics},
            {.validity = context.config->trust.code_validity,
             .overlap = context.config->trust.renewal_overlap}),
        acknowledgement_api_(
            &acknowledgements_, &trust_, [this] { return keys_->Current(); }, context.clock),
        policy_file_api_(
            &acknowledgements_, &trust_, [this] { return keys_->Current(); }, context.clock),
        signing_api_([this] { return keys_->Current(); },
                     [this] { return keys_->With(authority::KeyPurpose::kAuthorization, clock_.Now()); },
                     &authorization_codes_, context.clock),
        issuer_(context.database(kName), authority::IssuerOptions(), context.clock, context.metrics) {}
  ~AuthorityService() override { StopJobs(); }

  std::string_view name() const override { return kName; }

  void RegisterWith(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&trust_api_);
    builder.RegisterService(&trust_code_api_);
    builder.RegisterService(&acknowledgement_api_);
    builder.RegisterService(&policy_file_api_);
    builder.RegisterService(&signing_api_);
  }

  absl::Status Start() override {
    redemptions_ = ledger::v1::IdTokenRedemptionService::NewStub(context_.channel("ledger"));
    issuer_.Start();
    key_thread_ = std::thread([this] { KeepKeys(); });
    return absl::OkStatus();
  }

  void Stop(absl::Time) override { StopJobs(); }

  absl::Status Health() override { return issuer_.Health(); }

 private:
  absl::StatusOr<int64_t> Redeem(const grpc::ServerContext& incoming,
                                 const ledger::v1::RedeemIdTokenRequest& request) {
    grpc::ClientContext call;
    rpc::PrepareContextFrom(incoming, call);
    ledger::v1::RedeemIdTokenResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(redemptions_->RedeemIdToken(&call, request, &response)));
    return response.smart_account_id();
  }

  void KeepKeys() {
    const log::ServiceScope scope(kName);
    while (!stopping_.WaitForNotificationWithTimeout(kKeyInterval)) {
      if (absl::Status kept = keys_->RunOnce(clock_.Now()); !kept.ok()) {
        log::Warning("looking after the signing keys failed", {{"error", kept}});
      }
    }
  }

  void StopJobs() {
    issuer_.Stop();
    if (!key_thread_.joinable()) return;
    stopping_.Notify();
    key_thread_.join();
  }

  const ServiceContext context_;
  const Clock& clock_;
  pg::Pool pool_;
  authority::AcknowledgementStore acknowledgements_;
  authority::TrustStore trust_;
  authority::TrustCodeStore trust_codes_;
  authority::AuthorizationCodeStore authorization_codes_;
  const std::unique_ptr<SigningKeyKeeper> keys_;
  authority::TrustApi trust_api_;
  authority::TrustCodeApi trust_code_api_;
  authority::AcknowledgementApi acknowledgement_api_;
  authority::PolicyFileApi policy_file_api_;
  authority::SigningApi signing_api_;
  std::unique_ptr<ledger::v1::IdTokenRedemptionService::Stub> redemptions_;
  authority::AcknowledgementIssuer issuer_;
  absl::Notification stopping_;
  std::thread key_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> MakeAuthorityService(const ServiceContext& context) {
  ASSIGN_OR_RETURN(KeyEncryptionKey key_encryption_key, OpenNodeKey(*context.config));
  auto keys = std::make_unique<SigningKeyKeeper>(
      authority::SigningKeyStore(context.database(kName), key_encryption_key));
  RETURN_IF_ERROR(keys->RunOnce(context.clock->Now()));
  return std::make_unique<AuthorityService>(context, std::move(keys), std::move(key_encryption_key));
}

}  // namespace quartermaster
