// Cancels a stream on which nothing moves any more, for example because the node's machine died
// without closing the connection.
#ifndef QUARTERMASTER_CLIENTS_USAGE_IMPORT_STALL_WATCH_H_
#define QUARTERMASTER_CLIENTS_USAGE_IMPORT_STALL_WATCH_H_

#include <grpcpp/client_context.h>

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace quartermaster::client {

// Thread-safe. Destroy before the context.
class StallWatch {
 public:
  StallWatch(grpc::ClientContext& context, absl::Duration patience);
  ~StallWatch();

  // Something moved.
  void Moved();
  // Waiting for our own source of bytes is no stall of the node.
  void PauseWhileReading(bool paused);
  bool stalled() const;

 private:
  void Run();

  grpc::ClientContext& context_;
  const absl::Duration patience_;
  mutable absl::Mutex mutex_;
  absl::Time moved_at_ ABSL_GUARDED_BY(mutex_) = absl::Now();
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  bool stalled_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_USAGE_IMPORT_STALL_WATCH_H_
