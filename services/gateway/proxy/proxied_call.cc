#include "services/gateway/proxy/proxied_call.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/domain/monotonic_time.h"
#include "services/gateway/gateway_errors.h"
#include "services/gateway/proxy/peer_address.h"

namespace quartermaster::gateway {

// Between the local method, which answers on any thread, and the call, which may give up meanwhile.
struct ProxiedCall::LocalTurn {
  explicit LocalTurn(ProxiedCall* of) : call(of) {}

  absl::Mutex mutex;
  // Null when the answer is given, or not wanted any more.
  ProxiedCall* call ABSL_GUARDED_BY(mutex);
};

ProxiedCall::ProxiedCall(const ProxySurroundings& surroundings, CallQueue& queue)
    : around_(surroundings), queue_(queue), stream_(&context_) {}

Detached ProxiedCall::ServeNext(const ProxySurroundings& surroundings, grpc::AsyncGenericService& service,
                                CallQueue& queue, std::atomic<int64_t>& calls) {
  calls.fetch_add(1);
  const absl::Cleanup count_down = [&calls] {
    if (calls.fetch_sub(1) == 1) calls.notify_all();
  };
  const std::unique_ptr<ProxiedCall> call(new ProxiedCall(surroundings, queue));
  call->context_.AsyncNotifyWhenDone(call->call_done_.tag());
  service.RequestCall(&call->context_, &call->stream_, &queue.queue(), &queue.queue(), call->step_.tag());
  const bool accepted = co_await call->step_;
  if (!accepted) co_return;  // the server shuts down
  ServeNext(surroundings, service, queue, calls);
  surroundings.journal.CallStarted(Listener::kGrpc);
  call->WatchForCancellation();

  const absl::Status status = co_await call->Handle();
  if (!call->answered_) {
    call->SendAnswer(status);
    co_await call->step_;
  }
  call->WriteJournal(status);
  surroundings.journal.CallEnded(Listener::kGrpc);
  // gRPC still holds the tag until the call is over for it too; so does PumpUp.
  co_await call->watch_ended_;
  if (call->pumping_up_) co_await call->pump_ended_;
}

void ProxiedCall::SendAnswer(const absl::Status& status) {
  answered_ = true;
  if (has_response_) {
    stream_.WriteAndFinish(response_, grpc::WriteOptions(), grpc::Status::OK, step_.tag());
  } else {
    stream_.Finish(rpc::ToGrpc(status), step_.tag());
  }
}

Detached ProxiedCall::WatchForCancellation() {
  co_await call_done_;
  if (context_.IsCancelled()) {
    gone_ = true;
    upstream_context_.TryCancel();
    LeaveLocal(absl::CancelledError("the caller is gone"));
  }
  watch_ended_.Complete(true);
}

Task<absl::Status> ProxiedCall::Handle() {
  started_ns_ = MonotonicNs();
  TakeRequestId();
  absl::Status refusal = co_await Admit();
  if (!refusal.ok()) {
    refused_here_ = true;
    co_return refusal;
  }
  if (method_ == nullptr) co_return co_await AnswerReflection();
  if (method_->unary) co_return co_await ForwardUnary();
  co_return co_await ForwardStream();
}

Task<absl::Status> ProxiedCall::Admit() {
  ticket_.emplace(around_.admission.Enter());
  if (!*ticket_) co_return Overloaded("calls: the gateway holds as many as it can");
  // Known before the caller is, for the journal only.
  const std::string_view path = context_.method();
  method_ = around_.directory.FindByPath(path);
  absl::Status unknown_caller = co_await Authenticate();
  if (!unknown_caller.ok()) co_return unknown_caller;
  co_return TakeRight(path);
}

absl::Status ProxiedCall::TakeRight(std::string_view path) {
  std::string_view name = Reflection::kMethod;
  RoleSet roles = RolesOf(Reflection::kMethod).value_or(kInternal);
  if (method_ != nullptr) {
    name = method_->name;
    roles = method_->roles;
  } else if (!path.starts_with('/') || path.substr(1) != Reflection::kMethod) {
    return MethodUnknown("method: got one that does not exist here");
  }
  ASSIGN_OR_RETURN(right_, CheckCallRights(client_, name, roles));
  return absl::OkStatus();
}

Task<absl::Status> ProxiedCall::Authenticate() {
  const std::string_view header = Metadata("authorization");
  std::optional<Authenticator::Answer> answer = around_.authenticator.FromMemory(header);
  if (!answer.has_value()) {
    // The answer comes from another thread; the alarm brings it to the queue's own.
    grpc::Alarm alarm;
    around_.authenticator.Verify(header, PeerAddress(context_.peer()), [&](Authenticator::Answer found) {
      answer = std::move(found);
      alarm.Set(&queue_.queue(), std::chrono::system_clock::now(), step_.tag());
    });
    co_await step_;
  }
  if (!answer->ok()) co_return answer->status();
  client_ = **std::move(answer);
  co_return absl::OkStatus();
}

Task<bool> ProxiedCall::ReadUnaryRequest() {
  // Whoever reads a message of a cancelled call is told that there is none.
  queue_.messages().Begin(wait_, [this] { context_.TryCancel(); });
  stream_.Read(&request_, step_.tag());
  const bool got_request = co_await step_;
  wait_.End();
  co_return got_request;
}

Task<absl::Status> ProxiedCall::ForwardUnary() {
  const bool got_request = co_await ReadUnaryRequest();
  if (!got_request) co_return RequestMalformed("request: got none, want one message");
  if (!ticket_->Hold(static_cast<int64_t>(request_.Length()))) {
    refused_here_ = true;
    co_return Overloaded("bytes: the gateway holds as many as it can");
  }
  if (const rpc::LocalMethod* local = around_.upstreams.LocalFor(*method_); local != nullptr) {
    co_return co_await CallLocally(*local);
  }
  PrepareUpstreamContext();
  grpc::Status status;
  const auto reader = around_.upstreams.StubFor(*method_).PrepareUnaryCall(&upstream_context_, method_->path,
                                                                           request_, &queue_.queue());
  reader->StartCall();
  reader->Finish(&response_, &status, step_.tag());
  co_await step_;
  has_response_ = status.ok();
  co_return status.ok() ? absl::OkStatus() : UpstreamError(status, *method_);
}

// The answer goes out on the thread that brings it; this coroutine goes on when it has.
Task<absl::Status> ProxiedCall::CallLocally(const rpc::LocalMethod& method) {
  if (gone_) co_return absl::CancelledError("the caller is gone");
  local_turn_ = std::make_shared<LocalTurn>(this);
  // gRPC cuts a call that brings a deadline of its own.
  if (!HasDeadline()) {
    queue_.answers().Begin(wait_, [this] { LeaveLocal(absl::DeadlineExceededError("Deadline Exceeded")); });
  }
  auto status = std::make_shared<absl::Status>();
  // Earlier once more, as a handler's deadline is behind gRPC: the inner error is the one that is told.
  method({Introduction(client_->caller), request_id_, UpstreamDeadline() - kDeadlineShave}, request_,
         [turn = local_turn_, status](const grpc::Status& outcome, const grpc::ByteBuffer& response) {
           absl::MutexLock lock(&turn->mutex);
           ProxiedCall* const call = std::exchange(turn->call, nullptr);
           if (call == nullptr) return;
           call->response_ = response;
           call->has_response_ = outcome.ok();
           if (!outcome.ok()) *status = UpstreamError(outcome, *call->method_);
           call->SendAnswer(*status);
         });
  co_await step_;
  wait_.End();
  co_return answered_ ? *status : left_local_;
}

// Of the queue's thread.
void ProxiedCall::LeaveLocal(absl::Status why) {
  if (local_turn_ == nullptr) return;
  {
    absl::MutexLock lock(&local_turn_->mutex);
    if (std::exchange(local_turn_->call, nullptr) == nullptr) return;
  }
  left_local_ = std::move(why);
  step_.Complete(false);
}

Task<absl::Status> ProxiedCall::ForwardStream() {
  PrepareUpstreamContext();
  upstream_ =
      around_.upstreams.StubFor(*method_).PrepareCall(&upstream_context_, method_->path, &queue_.queue());
  upstream_->StartCall(step_.tag());
  const bool started = co_await step_;
  if (started) {
    pumping_up_ = true;
    PumpUp();
    co_await PumpDown();
  }
  grpc::Status status;
  upstream_->Finish(&status, step_.tag());
  co_await step_;
  // PumpUp may wait for the client still; the status that goes out now ends that.
  upstream_ended_ = true;
  co_return status.ok() ? absl::OkStatus() : UpstreamError(status, *method_);
}

Detached ProxiedCall::PumpUp() {
  while (true) {
    stream_.Read(&request_, up_.tag());
    const bool got_message = co_await up_;
    if (upstream_ended_) break;
    if (!got_message) {
      upstream_->WritesDone(up_.tag());
      co_await up_;
      break;
    }
    upstream_->Write(request_, up_.tag());
    const bool written = co_await up_;
    if (!written) break;
  }
  pump_ended_.Complete(true);
}

Task<bool> ProxiedCall::PumpDown() {
  while (true) {
    upstream_->Read(&response_, step_.tag());
    const bool got_answer = co_await step_;
    if (!got_answer) co_return true;
    stream_.Write(response_, step_.tag());
    const bool written = co_await step_;
    if (!written) {
      // The client is gone; the service need not go on.
      upstream_context_.TryCancel();
      co_return false;
    }
  }
}

Task<absl::Status> ProxiedCall::AnswerReflection() {
  while (true) {
    stream_.Read(&request_, step_.tag());
    const bool got_question = co_await step_;
    if (!got_question) co_return absl::OkStatus();
    absl::StatusOr<grpc::ByteBuffer> answer = around_.reflection.Answer(request_);
    if (!answer.ok()) co_return answer.status();
    stream_.Write(*answer, step_.tag());
    const bool written = co_await step_;
    if (!written) co_return absl::CancelledError("the client is gone");
  }
}

void ProxiedCall::TakeRequestId() {
  const std::string_view given = Metadata(rpc::kRequestIdKey);
  if (ids::IsValidRequestId(given)) {
    request_id_ = given;
  } else {
    const ids::RequestId made = ids::NewRequestId();
    request_id_.assign(made.data(), made.size());
  }
  context_.AddInitialMetadata(rpc::kRequestIdKey, request_id_);
}

bool ProxiedCall::HasDeadline() const {
  return context_.deadline() != std::chrono::system_clock::time_point::max();
}

absl::Time ProxiedCall::UpstreamDeadline() const {
  if (HasDeadline()) return absl::FromChrono(context_.deadline()) - kDeadlineShave;
  return method_->unary ? absl::Now() + around_.call_deadline : absl::InfiniteFuture();
}

void ProxiedCall::PrepareUpstreamContext() {
  IntroduceCaller(upstream_context_, client_->caller, request_id_);
  const absl::Time deadline = UpstreamDeadline();
  if (deadline != absl::InfiniteFuture()) upstream_context_.set_deadline(absl::ToChronoTime(deadline));
}

void ProxiedCall::WriteJournal(const absl::Status& status) {
  const std::string refusal = refused_here_ ? errors::ErrorId(status) : "";
  const bool in_log = refused_here_ || around_.journal.logs_every_call();
  const std::string peer = in_log ? context_.peer() : "";
  around_.journal.Write({.listener = Listener::kGrpc,
                         .method = method_,
                         .code = status.code(),
                         .refusal = refusal,
                         .request_id = request_id_,
                         .actor = client_ == nullptr ? "" : client_->caller.client_id,
                         .peer = peer,
                         .took = absl::Nanoseconds(MonotonicNs() - started_ns_)});
}

std::string_view ProxiedCall::Metadata(const char* key) const {
  const auto& metadata = context_.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace quartermaster::gateway
