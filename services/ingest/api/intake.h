// What the calls that take reports share: doors, preparation, the writer, counters.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_INTAKE_H_
#define QUARTERMASTER_SERVICES_INGEST_API_INTAKE_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/common/config/node_config.h"
#include "services/ingest/api/report_preparation.h"
#include "services/ingest/api/report_results.h"
#include "services/ingest/api/worker_pool.h"
#include "services/ingest/storage/account_directory.h"
#include "services/ingest/storage/books_pace.h"
#include "services/ingest/storage/report_writer.h"

namespace quartermaster::ingest {

// Preparations that wait for their next use, so that their buffers are made once. Thread-safe.
class PreparationStore {
 public:
  explicit PreparationStore(const PreparationContext& context) : context_(context) {}

  // Comes back by itself.
  using Borrowed = std::unique_ptr<ReportPreparation, std::function<void(ReportPreparation*)>>;
  Borrowed Borrow();

 private:
  const PreparationContext context_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<ReportPreparation>> idle_ ABSL_GUARDED_BY(mutex_);
};

// Everything outlives the calls. Thread-safe.
struct Intake {
  const config::LimitsConfig& limits;
  AccountDirectory& accounts;
  PreparationStore& preparations;
  ReportWriter& writer;
  BooksPace& pace;
  ResultCounters& counters;
  WorkerPool& online_workers;
  // They may wait for the books; nobody waits for them.
  WorkerPool& import_workers;
};

// A submission of what was prepared, which loses its pending reports to it.
std::unique_ptr<Submission> SubmissionOf(const Door& door, PreparedReports& prepared, absl::Time deadline);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_INTAKE_H_
