// Services for tests of the front door: real gRPC in this process, with answers that show what
// arrived.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_TESTING_TOY_BACKEND_H_
#define QUARTERMASTER_SERVICES_GATEWAY_TESTING_TOY_BACKEND_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"

namespace quartermaster::gateway {

// What the newest call to any toy service brought along.
struct SeenCall {
  std::multimap<std::string, std::string> metadata;
  absl::Time deadline;
  // How often `key` was there, and its first value.
  size_t Count(const std::string& key) const { return metadata.count(key); }
  std::string Value(const std::string& key) const {
    const auto found = metadata.find(key);
    return found == metadata.end() ? "" : found->second;
  }
};

// Behaviour of UsageService: SubmitReports answers poll_id = size of the document and one result
// with message = "<smart account>|<virtual account>|<document>" (for small documents), and for the
// documents "fail", "busy", "vanish" and "wait" fails with an error of ours, with one that says
// when to come back, without details as a lost connection does, or waits for its end.
// ImportUsage counts bytes: one progress for each chunk and a summary at the end; a chunk "quit"
// ends it at once with an error, "slow" files are read at 2 MiB/s.
// GetReport answers its own name. GetCompliance answers what it was asked for.
// Everything else answers an empty message.
class ToyBackend {
 public:
  ToyBackend();
  ~ToyBackend();

  std::shared_ptr<grpc::Channel> channel();
  // What grpc.health.v1 says of the services of a node.
  void SetServing(bool serving);
  SeenCall last_call() const;
  int64_t calls() const { return calls_; }
  int64_t cancelled() const { return cancelled_; }
  int64_t bytes_imported() const { return bytes_imported_; }
  // Whether imports read slowly.
  std::atomic<bool> slow{false};

 private:
  class Usage;
  class Compliance;
  class Rest;
  void See(const grpc::ServerContextBase& context);

  std::atomic<int64_t> calls_{0};
  std::atomic<int64_t> cancelled_{0};
  std::atomic<int64_t> bytes_imported_{0};
  mutable absl::Mutex mutex_;
  SeenCall last_call_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Usage> usage_;
  std::unique_ptr<Compliance> compliance_;
  std::unique_ptr<Rest> rest_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_TESTING_TOY_BACKEND_H_
