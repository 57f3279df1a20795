#include "services/ledger/ledger_service.h"

#include <thread>

#include "quartermaster/authority/v1/signing.grpc.pb.h"
#include "services/common/log/log.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/compliance_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/product_instance_service.h"
#include "services/ledger/fsck/books_service.h"
#include "services/ledger/jobs/apply_acknowledgements.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/jobs/post_policy_switches.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/jobs/take_hostnames.h"
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
constexpr absl::Duration kReleaseStaleInterval = absl::Hours(1);
constexpr absl::Duration kHousekeepingInterval = absl::Hours(1);
constexpr absl::Duration kPartitionsInterval = absl::Minutes(5);
constexpr absl::Duration kSignDeadline = absl::Seconds(5);

class LedgerService final : public Service {
 public:
  explicit LedgerService(const ServiceContext& context)
      : context_(context),
        database_(context.database(kName)),
        pool_(database_),
        api_{&pool_, context.clock, absl::ToInt64Seconds(context.config->usage.gap_after)},
        accounts_(api_, SwitchUnverifiablePolicy),
        catalog_(api_),
        entitlements_(api_),
        product_instances_(
            api_,
            [this](const ReleaseRequest& request, const Act& act) {
              return ReleaseUsage(
                  database_, {request.smart_account_id, request.udi, request.tag, act.actor, act.request_id},
                  act.now);
            }),
        compliance_(api_),
        books_(pool_),
        apply_reports_(
            {.database = database_, .gap_after_s = absl::ToInt64Seconds(context.config->usage.gap_after)},
            *context.clock, *context.metrics),
        apply_acknowledgements_(database_),
        policy_switches_(database_),
        take_hostnames_(database_),
        seal_blocks_(database_, [this](std::string_view hash) { return SignBlock(hash); }) {}

  std::string_view name() const override { return kName; }

  void RegisterWith(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&accounts_);
    builder.RegisterService(&catalog_);
    builder.RegisterService(&entitlements_);
    builder.RegisterService(&product_instances_);
    builder.RegisterService(&compliance_);
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
    std::vector<PeriodicJob*> jobs = {&acknowledgements_job_, &policy_job_,     &hostnames_job_,
                                      &sealing_job_,          &partitions_job_, &housekeeping_job_};
    if (context_.config->usage.release_stale) jobs.push_back(&release_stale_job_);
    return jobs;
  }

  absl::StatusOr<BlockSignature> SignBlock(std::string_view hash) {
    grpc::ClientContext call;
    rpc::PrepareContext(call, absl::Now() + kSignDeadline, {.actor = "service:ledger", .role = "service"});
    authority::v1::SignBlockRequest request;
    request.set_block_hash(std::string(hash));
    authority::v1::SignBlockResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(signer_->SignBlock(&call, request, &response)));
    return BlockSignature{response.alg(), response.key_id(), response.signature()};
  }

  absl::Time Now() const { return context_.clock->Now(); }

  const ServiceContext context_;
  const pg::Options database_;
  pg::Pool pool_;
  const ApiContext api_;
  AccountServiceImpl accounts_;
  CatalogServiceImpl catalog_;
  EntitlementServiceImpl entitlements_;
  ProductInstanceServiceImpl product_instances_;
  ComplianceServiceImpl compliance_;
  fsck::BooksServiceImpl books_;
  ApplyReports apply_reports_;
  ApplyAcknowledgements apply_acknowledgements_;
  PostPolicySwitches policy_switches_;
  TakeHostnamesJob take_hostnames_;
  SealBlocks seal_blocks_;
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
  PeriodicJob release_stale_job_{"release_stale_usage", kReleaseStaleInterval,
                                 [this]() -> absl::StatusOr<bool> {
                                   RETURN_IF_ERROR(ReleaseStaleUsage(database_, Now()).status());
                                   return false;
                                 }};
  PeriodicJob sealing_job_{"seal_blocks", kSealInterval, [this] { return seal_blocks_.RunOnce(Now()); }};
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
  return std::make_unique<LedgerService>(context);
}

}  // namespace quartermaster
