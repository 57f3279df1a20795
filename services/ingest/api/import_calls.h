// The imports that run: how many there may be, their progress twice a second, their end when the
// service stops.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_IMPORT_CALLS_H_
#define QUARTERMASTER_SERVICES_INGEST_API_IMPORT_CALLS_H_

#include <grpcpp/support/server_callback.h>

#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/ingest/api/import_call.h"
#include "services/ingest/api/intake.h"

namespace quartermaster::ingest {

// Thread-safe.
class ImportCalls {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::ImportUsageRequest, v1::ImportUsageResponse>;

  ImportCalls(const Intake& intake, int running_max);
  // After Stop, when all calls are over.
  ~ImportCalls();

  // A new call, or a reactor that refuses it.
  Reactor* Start(grpc::CallbackServerContext& context);

  // Refuses new ones, ends those that run, and waits for them until `deadline`.
  void Stop(absl::Time deadline);

 private:
  void Over(int64_t id);
  void Tick();
  std::vector<std::shared_ptr<ImportCall>> Running();

  const Intake& intake_;
  const int running_max_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int64_t, std::weak_ptr<ImportCall>> running_ ABSL_GUARDED_BY(mutex_);
  std::thread ticker_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_IMPORT_CALLS_H_
