#include "services/ledger/ledger_service.h"

#include <thread>
#include <utility>

#include "quartermaster/authority/v1/signing.grpc.pb.h"
#include "services/common/crypto/key_encryption.h"
#include "services/common/lifecycle/node_key.h"
#include "services/common/log/log.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/authorization_release_service.h"
#include "services/ledger/api/authorization_service.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/compliance_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/erasure_service.h"
#include "services/ledger/api/figure_service.h"
#include "services/ledger/api/history_service.h"
#include "services/ledger/api/hold_service.h"
#include "services/ledger/api/id_token_redemption_service.h"
#include "services/ledger/api/id_token_service.h"
#include "services/ledger/api/landing_rule_service.h"
#include "services/ledger/api/policy_service.h"
#include "services/ledger/api/product_instance_service.h"
#include "services/ledger/api/reservation_service.h"
#include "services/ledger/api/terms_service.h"
#include "services/ledger/fsck/books_service.h"
#include "services/ledger/jobs/apply_acknowledgements.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/jobs/expire_terms.h"
#include "services/ledger/jobs/move_joined_rights.h"
#include "services/ledger/jobs/post_policy_switches.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/jobs/remove_instances.h"
#include "services/ledger/jobs/take_hostnames.h"
#include "services/ledger/openings/write_openings.h"
#include "services/ledger/periodic_job.h"
#include "services/ledger/sealing/seal_blocks.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/maintenance.h"

namespace quartermaster {
namespace {

using namespace ledger;  // NOLINT(google-build-using-namespace): this file wires that room.

constexpr char kName[] = "ledger";
constexpr absl::Duration kSealInterval = absl::Seconds(2);
constexpr absl::Duration kAcknowledgementInterval = absl::Milliseconds(500);
constexpr absl::Duration kPolicyInterval = absl::Seconds(1);
constexpr absl::Duration kHostnamesInterval = absl::Seconds(5);
// Figures do not wait for it.
constexpr absl::Duration kExpiryInterval = absl::Minutes(1);
constexpr absl::Duration kJoinedRightsInterval = absl::Seconds(1);
constexpr absl::Duration kReleaseStaleInterval = absl::Hours(1);
constexpr absl::Duration kExpireHoldsInterval = absl::Seconds(1);
constexpr absl::Duration kHousekeepingInterval = absl::Hours(1);
constexpr absl::Duration kPartitionsInterval = absl::Minutes(5);
constexpr absl::Duration kOpeningsInterval = absl::Minutes(1);
constexpr absl::Duration kSignDeadline = absl::Seconds(5);

class LedgerService final : public Service {
 public:
  LedgerService(const ServiceContext& context, crypto::KeyEncryptionKey key_encryption_key)
      : context_(context),
        database_(context.database(kName)),
        pool_(database_),
        api_{&pool_, context.clock, absl::ToInt64Seconds(context.config->usage.gap_after)},
        accounts_(api_, SwitchUnverifiablePolicy),
        catalog_(api_),
        entitlements_(api_),
        policies_(api_),
        authorization_flow_(&pool_,
                            {.hold_timeout = context.config->authorization.hold_timeout,
                             .approval_timeout = context.config->authorization.approval_timeout},
                            {.sign = [this](const CodeRequest& request) { return SignCode(request); },
                             .find = [this](int64_t account, int64_t id) { return FindCode(account, id); }}),
        authorizations_(api_, &authorization_flow_),
        releases_(api_, &authorization_flow_),
        reservations_(api_, &authorization_flow_),
        product_instances_(
            api_,
            [this](const ReleaseRequest& request, const Act& act) {
              return ReleaseUsage(
                  database_, {request.smart_account_id, request.udi, request.tag, act.actor, act.request_id},
                  act.now);
            },
            [this](int64_t account, const std::vector<int64_t>& consumers,
                   const std::vector<int64_t>& members, const Act& act) {
              return RemoveInstances(database_,
                                     {.smart_account_id = account,
                                      .consumers = consumers,
                                      .members = members,
                                      .actor = act.actor,
                                      .request_id = act.request_id,
                                      .method = act.method},
                                     act.now);
            }),
        compliance_(api_),
        id_tokens_(api_, std::move(key_encryption_key)),
        redemptions_(&pool_, context.clock),
        erasures_(api_),
        holds_(api_),
        terms_(api_),
        landing_rules_(api_),
        figures_(api_),
        history_(api_),
        books_(pool_),
        apply_reports_(
            {.database = database_, .gap_after_s = absl::ToInt64Seconds(context.config->usage.gap_after)},
            *context.clock, *context.metrics),
        apply_acknowledgements_(database_),
        policy_switches_(database_),
        take_hostnames_(database_),
        expire_terms_(pool_),
        move_joined_rights_(pool_),
        seal_blocks_(database_, [this](std::string_view hash) { return SignBlock(hash); }),
        write_openings_(pool_, context.config->retention.reports.value_or(absl::InfiniteDuration()),
                        [this](std::string_view hash) { return SignOpening(hash); }) {}

  std::string_view name() const override { return kName; }

  void RegisterWith(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&accounts_);
    builder.RegisterService(&catalog_);
    builder.RegisterService(&entitlements_);
    builder.RegisterService(&policies_);
    builder.RegisterService(&authorizations_);
    builder.RegisterService(&releases_);
    builder.RegisterService(&reservations_);
    builder.RegisterService(&product_instances_);
    builder.RegisterService(&compliance_);
    builder.RegisterService(&id_tokens_);
    builder.RegisterService(&redemptions_);
    builder.RegisterService(&erasures_);
    builder.RegisterService(&holds_);
    builder.RegisterService(&terms_);
    builder.RegisterService(&landing_rules_);
    builder.RegisterService(&figures_);
    builder.RegisterService(&history_);
    builder.RegisterService(&books_);
  }

  void OfferTo(rpc::LocalMethods& methods) override { entitlements_.OfferTo(methods); }

  absl::Status Start() override {
    signer_ = authority::v1::SigningService::NewStub(context_.channel("authority"));
    apply_thread_ = std::thread([this] {
      const log::ServiceScope scope(kName);
      apply_reports_.Run();
    });
    for (PeriodicJob* job : Jobs()) job->Start();
    return absl::OkStatus();
  }

  void Stop(absl::Time) override {
    apply_reports_.Stop();
    for (PeriodicJob* job : Jobs()) job->Stop();
    if (apply_thread_.joinable()) apply_thread_.join();
  }

  absl::Status Health() override {
    return apply_reports_.healthy() ? absl::OkStatus() : absl::UnavailableError("reports cannot be applied");
  }

 private:
  std::vector<PeriodicJob*> Jobs() {
    std::vector<PeriodicJob*> jobs = {&acknowledgements_job_, &policy_job_,        &hostnames_job_,
                                      &expiry_job_,           &joined_rights_job_, &expire_holds_job_,
                                      &sealing_job_,          &partitions_job_,    &housekeeping_job_};
    if (context_.config->usage.release_stale) jobs.push_back(&release_stale_job_);
    if (context_.config->retention.reports.has_value()) jobs.push_back(&openings_job_);
    return jobs;
  }

  absl::StatusOr<BlockSignature> SignBlock(std::string_view hash) {
    grpc::ClientContext call;
    PrepareSigning(call);
    authority::v1::SignBlockRequest request;
    request.set_block_hash(std::string(hash));
    authority::v1::SignBlockResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(signer_->SignBlock(&call, request, &response)));
    return BlockSignature{response.alg(), response.key_id(), response.signature()};
  }

  absl::StatusOr<BlockSignature> SignOpening(std::string_view hash) {
    grpc::ClientContext call;
    PrepareSigning(call);
    authority::v1::SignOpeningRequest request;
    request.set_opening_hash(std::string(hash));
    authority::v1::SignOpeningResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(signer_->SignOpening(&call, request, &response)));
    return BlockSignature{response.alg(), response.key_id(), response.signature()};
  }

  absl::StatusOr<SignedCode> SignCode(const CodeRequest& code) {
    authority::v1::SignAuthorizationRequest request;
    request.set_smart_account_id(code.smart_account_id);
    request.set_authorization_id(code.authorization_id);
    request.set_product_id(code.udi.product_id);
    request.set_serial_number(code.udi.serial_number);
    request.set_sequence(code.sequence);
    request.set_issued_at_s(absl::ToUnixSeconds(code.issued_at));
    request.set_reservation(code.reservation);
    for (const CodeEntitlement& one : code.entitlements) {
      auto& entitlement = *request.add_entitlements();
      entitlement.set_tag(one.tag);
      entitlement.set_count(one.count);
      entitlement.set_start_s(absl::ToUnixSeconds(one.start_at));
      if (one.end_at) entitlement.set_end_s(absl::ToUnixSeconds(*one.end_at));
      entitlement.set_subscription(one.term == Term::kSubscription);
      entitlement.set_display_name(one.display_name);
      entitlement.set_description(one.description);
      entitlement.set_subscription_id(one.subscription_id);
    }
    grpc::ClientContext call;
    PrepareSigning(call);
    authority::v1::SignAuthorizationResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(signer_->SignAuthorization(&call, request, &response)));
    return SignedCode{response.code(), response.confirmation_hash(), response.removal_hash()};
  }

  absl::StatusOr<std::string> FindCode(int64_t smart_account_id, int64_t authorization_id) {
    authority::v1::GetAuthorizationCodeRequest request;
    request.set_smart_account_id(smart_account_id);
    request.set_authorization_id(authorization_id);
    grpc::ClientContext call;
    PrepareSigning(call);
    authority::v1::GetAuthorizationCodeResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(signer_->GetAuthorizationCode(&call, request, &response)));
    return response.code();
  }

  void PrepareSigning(grpc::ClientContext& call) const {
    rpc::PrepareContext(call, absl::Now() + kSignDeadline, {.actor = "service:ledger", .role = "service"});
  }

  absl::Time Now() const { return context_.clock->Now(); }

  const ServiceContext context_;
  const pg::Options database_;
  pg::Pool pool_;
  const ApiContext api_;
  AccountServiceImpl accounts_;
  CatalogServiceImpl catalog_;
  EntitlementServiceImpl entitlements_;
  PolicyServiceImpl policies_;
  const AuthorizationFlow authorization_flow_;
  AuthorizationServiceImpl authorizations_;
  AuthorizationReleaseServiceImpl releases_;
  ReservationServiceImpl reservations_;
  ProductInstanceServiceImpl product_instances_;
  ComplianceServiceImpl compliance_;
  IdTokenServiceImpl id_tokens_;
  IdTokenRedemptionServiceImpl redemptions_;
  ErasureServiceImpl erasures_;
  HoldServiceImpl holds_;
  TermsServiceImpl terms_;
  LandingRuleServiceImpl landing_rules_;
  FigureServiceImpl figures_;
  HistoryServiceImpl history_;
  fsck::BooksServiceImpl books_;
  ApplyReports apply_reports_;
  ApplyAcknowledgements apply_acknowledgements_;
  PostPolicySwitches policy_switches_;
  TakeHostnamesJob take_hostnames_;
  ExpireTerms expire_terms_;
  MoveJoinedRightsJob move_joined_rights_;
  SealBlocks seal_blocks_;
  WriteOpenings write_openings_;
  std::unique_ptr<authority::v1::SigningService::Stub> signer_;
  std::thread apply_thread_;
  PeriodicJob acknowledgements_job_{
      "apply_acknowledgements", kAcknowledgementInterval, [this]() -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(const int taken, apply_acknowledgements_.RunOnce(Now()));
        return taken > 0;
      }};
  PeriodicJob policy_job_{"post_policy_switches", kPolicyInterval,
                          [this] { return policy_switches_.RunOnce(Now()); }};
  PeriodicJob hostnames_job_{"take_hostnames", kHostnamesInterval,
                             [this] { return take_hostnames_.RunOnce(Now()); }};
  PeriodicJob expiry_job_{"expire_terms", kExpiryInterval, [this] { return expire_terms_.RunOnce(Now()); }};
  PeriodicJob joined_rights_job_{"move_joined_rights", kJoinedRightsInterval,
                                 [this] { return move_joined_rights_.RunOnce(Now()); }};
  PeriodicJob expire_holds_job_{"expire_holds", kExpireHoldsInterval, [this]() -> absl::StatusOr<bool> {
                                  ASSIGN_OR_RETURN(const int freed, authorization_flow_.ExpireHolds(Now()));
                                  return freed > 0;
                                }};
  PeriodicJob release_stale_job_{"release_stale_usage", kReleaseStaleInterval,
                                 [this]() -> absl::StatusOr<bool> {
                                   RETURN_IF_ERROR(ReleaseStaleUsage(database_, Now()).status());
                                   return false;
                                 }};
  PeriodicJob sealing_job_{"seal_blocks", kSealInterval, [this] { return seal_blocks_.RunOnce(Now()); }};
  PeriodicJob openings_job_{"write_openings", kOpeningsInterval,
                            [this] { return write_openings_.RunOnce(Now()); }};
  PeriodicJob partitions_job_{"make_partitions", kPartitionsInterval, [this]() -> absl::StatusOr<bool> {
                                RETURN_IF_ERROR(MakeEntryPartitions(pool_, Now()));
                                return false;
                              }};
  PeriodicJob housekeeping_job_{"housekeeping", kHousekeepingInterval, [this]() -> absl::StatusOr<bool> {
                                  RETURN_IF_ERROR(ForgetOldAnswers(pool_, Now()));
                                  return false;
                                }};
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> MakeLedgerService(const ServiceContext& context) {
  ASSIGN_OR_RETURN(crypto::KeyEncryptionKey key_encryption_key, OpenNodeKey(*context.config));
  {
    pg::Pool pool(context.database(kName));
    // Before the first entry: what once lies in the default partition keeps its month from having one.
    // That is no reason not to serve; the job tries again.
    const absl::Status made = MakeEntryPartitions(pool, context.clock->Now());
    if (!made.ok()) log::Warning("partitions of the ledger not made, trying again", {{"error", made}});
    RETURN_IF_ERROR(pool.Transact("ledger_bootstrap", [&](pqxx::transaction_base& tx) -> absl::Status {
      return EnsureSmartAccount(tx, "default", "Default", true, context.clock->Now()).status();
    }));
  }
  return std::make_unique<LedgerService>(context, std::move(key_encryption_key));
}

}  // namespace quartermaster
