// One gRPC call on its way through: looked at once, then its raw bytes go to the service that owns
// the method, whatever the method is. Buffers are handed on by reference, never copied.
//
// Order: request id, credential, method, role and rate, room; then unary calls are read whole and
// forwarded, streams are pumped both ways with one message in flight each way, so that a slow reader
// slows the writer down and memory stays constant.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_PROXIED_CALL_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_PROXIED_CALL_H_

#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/ids/request_id.h"
#include "services/common/rpc/local_methods.h"
#include "services/gateway/access/admission.h"
#include "services/gateway/access/authenticator.h"
#include "services/gateway/access/call_rights.h"
#include "services/gateway/methods/call_journal.h"
#include "services/gateway/methods/method_directory.h"
#include "services/gateway/proxy/call_queue.h"
#include "services/gateway/proxy/coroutine.h"
#include "services/gateway/proxy/reflection.h"
#include "services/gateway/upstream/upstreams.h"

namespace quartermaster::gateway {

// What calls share; outlives them. All of it is thread-safe.
struct ProxySurroundings {
  const MethodDirectory& directory;
  Authenticator& authenticator;
  Admission& admission;
  Upstreams& upstreams;
  CallJournal& journal;
  const Reflection& reflection;
  // Deadline of a unary call that brings none.
  absl::Duration call_deadline;
  // How long the one message of a unary call may take to arrive.
  absl::Duration message_time_max = absl::Seconds(60);
};

class ProxiedCall {
 public:
  // Waits for the next call of `service` on `queue`, serves it, and lets another wait in its stead.
  // Ends when the server shuts down. `calls` counts those that wait or are served: the queue may be
  // shut down when it is zero, of which it notifies.
  static Detached ServeNext(const ProxySurroundings& surroundings, grpc::AsyncGenericService& service,
                            CallQueue& queue, std::atomic<int64_t>& calls);

 private:
  ProxiedCall(const ProxySurroundings& surroundings, CallQueue& queue);
  ProxiedCall(const ProxiedCall&) = delete;

  // From the first look at the call to its status.
  Task<absl::Status> Handle();
  // Refusals of the gateway itself; OK leaves method_, client_, right_ and ticket_ set.
  Task<absl::Status> Admit();
  absl::Status TakeRight(std::string_view path);
  Task<absl::Status> Authenticate();
  Task<absl::Status> ForwardUnary();
  // The same without gRPC between.
  Task<absl::Status> CallLocally(const rpc::LocalMethod& method);
  void LeaveLocal(absl::Status why);
  Task<absl::Status> ForwardStream();
  Task<absl::Status> AnswerReflection();
  // Client to service; ends when either side does.
  Detached PumpUp();
  // Service to client, until the service has no more or the client is gone.
  Task<bool> PumpDown();
  Task<bool> ReadUnaryRequest();
  // Passes a cancellation on.
  Detached WatchForCancellation();
  // The last operation on the stream; completes step_.
  void SendAnswer(const absl::Status& status);
  void TakeRequestId();
  // Whether the caller brought one.
  bool HasDeadline() const;
  // The deadline for the service behind; the end of time when neither side has one.
  absl::Time UpstreamDeadline() const;
  void PrepareUpstreamContext();
  void WriteJournal(const absl::Status& status);
  std::string_view Metadata(const char* key) const;

  const ProxySurroundings& around_;
  CallQueue& queue_;

  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ClientContext upstream_context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> upstream_;  // of streams
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  // The unary answer goes out together with the status.
  bool has_response_ = false;
  // SendAnswer has been called already.
  bool answered_ = false;
  // While a local method owes its answer.
  struct LocalTurn;
  std::shared_ptr<LocalTurn> local_turn_;
  absl::Status left_local_;

  std::string request_id_;
  int64_t started_ns_ = 0;
  const Method* method_ = nullptr;
  KnownClientPtr client_;
  CallRight right_;
  std::optional<Admission::Ticket> ticket_;
  bool refused_here_ = false;

  bool gone_ = false;  // the caller
  bool pumping_up_ = false;
  bool upstream_ended_ = false;
  Completion step_;       // of the call's own coroutine
  Completion up_;         // of PumpUp
  Completion call_done_;  // gRPC: over, or cancelled
  Completion watch_ended_;
  Completion pump_ended_;
  WaitList::Wait wait_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_PROXIED_CALL_H_
