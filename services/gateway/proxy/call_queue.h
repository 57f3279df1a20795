// A completion queue with the one thread that serves it, and what the calls on it wait for.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_CALL_QUEUE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_CALL_QUEUE_H_

#include <grpcpp/completion_queue.h>

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "services/gateway/proxy/wait_list.h"

namespace quartermaster::gateway {

// Belongs to the thread that runs it; Shutdown may be called from any.
class CallQueue {
 public:
  // How long a message may take to arrive, and a local method to answer.
  CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue, absl::Duration message_time_max,
            absl::Duration answer_time_max)
      : queue_(std::move(queue)), messages_(message_time_max), answers_(answer_time_max) {}

  grpc::ServerCompletionQueue& queue() { return *queue_; }
  WaitList& messages() { return messages_; }
  WaitList& answers() { return answers_; }

  // Fires what completes until the queue is shut down and empty.
  void Run();
  void Shutdown() { queue_->Shutdown(); }

 private:
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  WaitList messages_;
  WaitList answers_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_CALL_QUEUE_H_
