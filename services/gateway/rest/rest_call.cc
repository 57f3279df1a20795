#include "services/gateway/rest/rest_call.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/ids/request_id.h"
#include "services/common/rpc/caller.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/domain/monotonic_time.h"
#include "services/gateway/gateway_errors.h"
#include "services/gateway/rest/file_stream.h"
#include "services/gateway/rest/request_message.h"
#include "services/gateway/rest/upstream_wait.h"
#include "services/gateway/upstream/message_bytes.h"

namespace quartermaster::gateway {
namespace {

RestAnswer TextPage(int http_code, std::string text) {
  RestAnswer answer;
  answer.http_code = http_code;
  answer.content_type = "text/plain";
  answer.body = std::move(text);
  return answer;
}

std::string RequestIdFrom(std::string_view given) {
  if (ids::IsValidRequestId(given)) return std::string(given);
  const ids::RequestId made = ids::NewRequestId();
  return {made.data(), made.size()};
}

// What gRPC keeps using until the call is over.
struct UnaryOperation {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

}  // namespace

RestCall::RestCall(const RestSurroundings& around, HttpExchange& http, std::string peer,
                   OnCancellable on_cancellable)
    : around_(around),
      http_(http),
      peer_(std::move(peer)),
      on_cancellable_(std::move(on_cancellable)),
      started_ns_(MonotonicNs()) {}

Awaitable<bool> RestCall::Refuse(absl::Status refusal) {
  request_id_ = RequestIdFrom("");
  absl::StatusOr<RestAnswer> answer(std::move(refusal));
  const bool more = co_await Answer(std::move(answer));
  co_return more;
}

Awaitable<bool> RestCall::Handle() {
  request_id_ = RequestIdFrom(http_.Field(rpc::kRequestIdKey));
  if (std::optional<RestAnswer> page = OpenPage(); page.has_value()) {
    const bool more = co_await http_.Write(*std::move(page), request_id_);
    co_return more;
  }
  around_.journal.CallStarted(Listener::kRest);
  const absl::Cleanup ended = [this] { around_.journal.CallEnded(Listener::kRest); };
  const bool more = co_await HandleCall();
  co_return more;
}

Awaitable<bool> RestCall::HandleCall() {
  absl::Status refusal = co_await Admit();
  bool more = false;
  if (!refusal.ok()) {
    absl::StatusOr<RestAnswer> answer(std::move(refusal));
    more = co_await Answer(std::move(answer));
  } else if (match_.route->streams_file) {
    refused_here_ = false;
    FileStream file(around_, http_, *match_.route->method, client_->caller, request_id_);
    const absl::Status result = co_await file.Run(target_.query, on_cancellable_);
    WriteJournal(result);
    more = file.connection_usable();
  } else {
    absl::StatusOr<RestAnswer> answer = co_await CallService();
    more = co_await Answer(std::move(answer));
  }
  co_return more;
}

std::optional<RestAnswer> RestCall::OpenPage() const {
  if (http_.http_method() != "GET" && !http_.is_head()) return std::nullopt;
  const std::string_view path = http_.target().substr(0, http_.target().find('?'));
  if (path == "/healthz") return TextPage(200, "ok\n");
  if (path == "/readyz") {
    std::string missing = around_.what_is_not_ready();
    return missing.empty() ? TextPage(200, "ok\n") : TextPage(503, std::move(missing));
  }
  if (path == "/version") {
    RestAnswer answer;
    answer.body = absl::StrCat("{\"version\":\"", std::string(around_.version), "\"}");
    return answer;
  }
  return std::nullopt;
}

Awaitable<absl::Status> RestCall::Admit() {
  ticket_.emplace(around_.admission.Enter());
  if (!*ticket_) co_return Overloaded("calls: got one more than the gateway can hold, want a retry");
  const absl::Status unknown_caller = co_await Authenticate();
  if (!unknown_caller.ok()) co_return unknown_caller;
  absl::StatusOr<RequestTarget> target = ParseRequestTarget(http_.target());
  if (!target.ok()) co_return target.status();
  target_ = *std::move(target);
  absl::StatusOr<RouteMatch> match =
      around_.routes.Find(http_.is_head() ? "GET" : http_.http_method(), target_.segments, allowed_methods_);
  if (!match.ok()) co_return match.status();
  match_ = *std::move(match);
  const Method& method = *match_.route->method;
  absl::StatusOr<CallRight> right = CheckCallRights(client_, method.name, method.roles);
  if (!right.ok()) co_return right.status();
  right_ = *std::move(right);
  co_return absl::OkStatus();
}

Awaitable<absl::Status> RestCall::Authenticate() {
  const std::string_view header = http_.Field(http::field::authorization);
  std::optional<Authenticator::Answer> answer = around_.authenticator.FromMemory(header);
  if (!answer.has_value()) {
    answer = co_await WaitFor<Authenticator::Answer>(
        [&](auto done) { around_.authenticator.Verify(header, peer_, std::move(done)); });
  }
  if (!answer->ok()) co_return answer->status();
  client_ = **std::move(answer);
  co_return absl::OkStatus();
}

Awaitable<absl::StatusOr<RestAnswer>> RestCall::CallService() {
  absl::StatusOr<std::string> body = co_await http_.ReadBody(*ticket_);
  if (!body.ok()) co_return body.status();
  const std::string_view content_type = http_.Field(http::field::content_type);
  const auto message = BuildRequestMessage({&match_, &target_.query, content_type, *std::move(body)});
  if (!message.ok()) co_return message.status();
  refused_here_ = false;
  const Method& method = *match_.route->method;
  const auto operation = std::make_shared<UnaryOperation>();
  operation->request = ToBytes(**message);
  IntroduceCaller(operation->context, client_->caller, request_id_);
  operation->context.set_deadline(absl::ToChronoTime(absl::Now() + around_.limits.call_deadline));
  on_cancellable_([operation] { operation->context.TryCancel(); });
  const grpc::Status status = co_await WaitFor<grpc::Status>([&](auto done) {
    around_.upstreams.StubFor(method).UnaryCall(
        &operation->context, method.path, {}, &operation->request, &operation->response,
        [operation, done = std::move(done)](grpc::Status result) { done(std::move(result)); });
  });
  on_cancellable_(nullptr);
  if (!status.ok()) co_return UpstreamError(status, method);
  co_return AnswerFromBytes(*match_.route, operation->response);
}

Awaitable<bool> RestCall::Answer(absl::StatusOr<RestAnswer> answer) {
  const absl::Status status = answer.status();
  // Nobody is left to hear it.
  if (absl::IsCancelled(status) && refused_here_) {
    WriteJournal(status);
    co_return false;
  }
  RestAnswer shown = answer.ok() ? *std::move(answer) : ErrorAnswer(status);
  if (shown.http_code == 405) {
    shown.headers.emplace_back("Allow", absl::StrJoin(allowed_methods_, ", "));
  }
  const bool more = co_await http_.Write(std::move(shown), request_id_);
  WriteJournal(status);
  co_return more;
}

void RestCall::WriteJournal(const absl::Status& status) {
  const std::string refusal = refused_here_ && !status.ok() ? errors::ErrorId(status) : "";
  around_.journal.Write({.listener = Listener::kRest,
                         .method = match_.route == nullptr ? nullptr : match_.route->method,
                         .code = status.code(),
                         .refusal = refusal,
                         .request_id = request_id_,
                         .actor = client_ == nullptr ? "" : client_->caller.client_id,
                         .peer = peer_,
                         .took = absl::Nanoseconds(MonotonicNs() - started_ns_)});
}

}  // namespace quartermaster::gateway
