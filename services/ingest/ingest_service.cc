#include "services/ingest/ingest_service.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/api/intake.h"
#include "services/ingest/api/show_reports.h"
#include "services/ingest/api/usage_api.h"
#include "services/ingest/api/worker_pool.h"
#include "services/ingest/jobs/make_partitions.h"
#include "services/ingest/jobs/retire_reports.h"
#include "services/ingest/jobs/train_dictionary.h"
#include "services/ingest/storage/account_directory.h"
#include "services/ingest/storage/body_dictionaries.h"
#include "services/ingest/storage/books_pace.h"
#include "services/ingest/storage/report_reader.h"
#include "services/ingest/storage/report_writer.h"
#include "services/ingest/storage/trust_cache.h"

namespace quartermaster {
namespace {

constexpr char kName[] = "ingest";
constexpr absl::Duration kPartitionInterval = absl::Hours(1);
// Soon after the start once; also when a lock was not to be had.
constexpr absl::Duration kRetentionFirst = absl::Seconds(5);
constexpr absl::Duration kRetentionInterval = absl::Minutes(1);
// A health check answers within a second.
constexpr absl::Duration kHealthPatience = absl::Milliseconds(800);

int WorkerCount() { return std::max(2, static_cast<int>(std::thread::hardware_concurrency())); }

ingest::ReportWriter::Options WriterOptions(const ServiceContext& context) {
  ingest::ReportWriter::Options options;
  options.database = context.database(kName);
  options.queue.reports_max = context.config->limits.ingest_queue_reports_max;
  options.queue.bytes_max = context.config->limits.ingest_queue_bytes_max;
  return options;
}

pg::Options HealthOptions(pg::Options options) {
  options.patience = kHealthPatience;
  options.connections_max = 1;
  return options;
}

class IngestService final : public Service {
 public:
  explicit IngestService(const ServiceContext& context)
      : clock_(*context.clock),
        pool_(context.database(kName)),
        health_pool_(HealthOptions(context.database(kName))),
        make_partitions_(pool_),
        retire_reports_(pool_, context.config->retention, *context.metrics),
        dictionaries_(pool_),
        train_dictionary_(dictionaries_),
        trust_(context.database(kName)),
        accounts_(context.database(kName)),
        writer_(WriterOptions(context), *context.clock, *context.metrics),
        pace_(context.database(kName), *context.clock, *context.metrics),
        preparations_({*context.clock, trust_, dictionaries_}),
        counters_(*context.metrics),
        intake_{context.config->limits, accounts_,      preparations_, writer_, pace_, counters_,
                online_workers_,        import_workers_},
        online_workers_(WorkerCount()),
        import_workers_(WorkerCount()),
        reader_(pool_),
        reports_(accounts_, reader_, dictionaries_),
        api_(intake_, reports_, ingest::UsageApi::Options()) {}
  ~IngestService() override { StopJobs(); }

  // What must be there before the first report.
  absl::Status Prepare() {
    RETURN_IF_ERROR(dictionaries_.Load());
    return make_partitions_.RunOnce(clock_.Now()).status();
  }

  std::string_view name() const override { return kName; }
  void RegisterWith(grpc::ServerBuilder& builder) override { builder.RegisterService(&api_); }
  void OfferTo(rpc::LocalMethods& methods) override { api_.OfferTo(methods); }

  absl::Status Start() override {
    partition_thread_ = std::thread([this] { KeepPartitions(); });
    dictionary_thread_ = std::thread([this] { KeepDictionary(); });
    retention_thread_ = std::thread([this] { KeepRetention(); });
    return absl::OkStatus();
  }

  void Stop(absl::Time deadline) override {
    StopJobs();
    api_.Stop(deadline);
    writer_.Stop(deadline);
  }

  absl::Status Health() override {
    RETURN_IF_ERROR(writer_.health());
    return health_pool_.Read("ingest_health", [](pqxx::transaction_base& transaction) {
      transaction.exec("SELECT 1");
      return absl::OkStatus();
    });
  }

 private:
  void KeepPartitions() {
    const log::ServiceScope scope(kName);
    while (!stopping_.WaitForNotificationWithTimeout(kPartitionInterval)) {
      const absl::StatusOr<int> made = make_partitions_.RunOnce(clock_.Now());
      if (!made.ok()) log::Warning("making partitions failed", {{"error", made.status()}});
      if (made.ok() && *made > 0) log::Info("partitions made", {{"partitions", *made}});
    }
  }

  void KeepRetention() {
    const log::ServiceScope scope(kName);
    absl::Duration pause = kRetentionFirst;
    while (!stopping_.WaitForNotificationWithTimeout(pause)) {
      const absl::Status done = retire_reports_.RunOnce(clock_.Now());
      if (!done.ok()) log::Warning("retention of reports failed, trying again", {{"error", done}});
      pause = kRetentionInterval;
    }
  }

  void KeepDictionary() {
    const log::ServiceScope scope(kName);
    while (!stopping_.WaitForNotificationWithTimeout(train_dictionary_.Pause())) {
      const absl::StatusOr<bool> changed = train_dictionary_.RunOnce();
      if (!changed.ok()) log::Warning("training a body dictionary failed", {{"error", changed.status()}});
      if (changed.ok() && *changed) {
        log::Info("bodies are stored with another dictionary",
                  {{"dictionary_id", dictionaries_.Newest()->id()}});
      }
    }
  }

  void StopJobs() {
    if (!partition_thread_.joinable()) return;
    stopping_.Notify();
    partition_thread_.join();
    dictionary_thread_.join();
    retention_thread_.join();
  }

  const Clock& clock_;
  pg::Pool pool_;
  pg::Pool health_pool_;
  ingest::MakePartitions make_partitions_;
  ingest::RetireReports retire_reports_;
  ingest::BodyDictionaries dictionaries_;
  ingest::TrainDictionary train_dictionary_;
  ingest::TrustCache trust_;
  ingest::AccountDirectory accounts_;
  ingest::ReportWriter writer_;
  ingest::BooksPace pace_;
  ingest::PreparationStore preparations_;
  ingest::ResultCounters counters_;
  // Before the workers, who run in their destructors what still waits: also calls that nobody waits for
  // any more, because the gateway let them go.
  const ingest::Intake intake_;
  ingest::WorkerPool online_workers_;
  ingest::WorkerPool import_workers_;
  ingest::ReportReader reader_;
  ingest::ShowReports reports_;
  ingest::UsageApi api_;
  absl::Notification stopping_;
  std::thread partition_thread_;
  std::thread dictionary_thread_;
  std::thread retention_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> MakeIngestService(const ServiceContext& context) {
  auto service = std::make_unique<IngestService>(context);
  RETURN_IF_ERROR(service->Prepare());
  return service;
}

}  // namespace quartermaster
