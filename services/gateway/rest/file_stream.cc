#include "services/gateway/rest/file_stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/gateway/gateway_errors.h"
#include "services/gateway/rest/upstream_wait.h"
#include "services/gateway/upstream/message_bytes.h"

namespace quartermaster::gateway {
namespace {

using ingest::v1::ImportUsageRequest;
using ingest::v1::ImportUsageResponse;

constexpr char kLinesType[] = "application/x-ndjson";
constexpr size_t kPieceBytes = 256 << 10;
constexpr size_t kForgottenBytesMax = 4 << 20;
constexpr auto kForgetFor = std::chrono::seconds(2);

}  // namespace

FileStream::FileStream(const RestSurroundings& around, HttpExchange& http, const Method& method,
                       const Caller& caller, std::string_view request_id)
    : around_(around), http_(http), method_(method), caller_(caller), request_id_(request_id) {}

Awaitable<absl::Status> FileStream::Run(const QueryParameters& query,
                                        const std::function<void(std::function<void()>)>& on_cancellable) {
  const auto executor = co_await asio::this_coro::executor;
  upload_over_ = std::make_unique<asio::steady_timer>(executor);
  call_ =
      BidiCall::Start(around_.upstreams.StubFor(method_), method_.path,
                      [&](grpc::ClientContext& context) { IntroduceCaller(context, caller_, request_id_); });
  on_cancellable([call = call_] { call->Cancel(); });
  absl::Status refusal = co_await SendStart(query);
  if (refusal.ok()) {
    uploading_ = true;
    asio::co_spawn(executor, Upload(), asio::detached);
    co_await Download();
    // From here on no operation may start on the call but Finish.
    service_over_ = true;
  } else {
    call_->Cancel();
  }
  const grpc::Status ended =
      co_await WaitFor<grpc::Status>([&](auto done) { call_->Finish(std::move(done)); });
  on_cancellable(nullptr);
  absl::Status status = ended.ok() ? absl::OkStatus() : UpstreamError(ended, method_);
  if (!upload_status_.ok()) status = upload_status_;
  if (!refusal.ok()) status = refusal;
  co_await EndWith(status);
  co_await WaitForUpload();
  co_return status;
}

Awaitable<void> FileStream::WaitForUpload() {
  if (uploading_) {
    upload_over_->expires_after(kForgetFor);
    co_await upload_over_->async_wait(kAwait);
  }
  if (uploading_) {
    http_.Close();
    upload_over_->expires_at(std::chrono::steady_clock::time_point::max());
    co_await upload_over_->async_wait(kAwait);
  }
}

Awaitable<absl::Status> FileStream::SendStart(const QueryParameters& query) {
  ImportUsageRequest request;
  absl::Status named = SetFieldsFromQuery(*request.mutable_start(), query);
  if (!named.ok()) co_return named;
  if (request.start().size_bytes() == 0) {
    request.mutable_start()->set_size_bytes(http_.announced_bytes());
  }
  const bool accepted = co_await http_.AcceptBody();
  if (!accepted) co_return absl::CancelledError("the client is gone");
  // A service that refuses at once is heard in Download.
  co_await Send(request);
  co_return absl::OkStatus();
}

Awaitable<bool> FileStream::Send(const ImportUsageRequest& request) {
  grpc::ByteBuffer bytes = ToBytes(request);
  const bool sent =
      co_await WaitFor<bool>([&](auto done) { call_->Write(std::move(bytes), std::move(done)); });
  co_return sent;
}

Awaitable<void> FileStream::Upload() {
  std::vector<char> buffer(kPieceBytes);
  ImportUsageRequest request;
  size_t forgotten = 0;
  while (forgotten < kForgottenBytesMax) {
    http_.AllowPiece();
    const absl::StatusOr<std::string_view> piece = co_await http_.ReadPiece(buffer);
    if (!piece.ok()) {
      // Half a file must not look like a whole one.
      if (!service_over_) upload_status_ = piece.status();
      client_gone_ = absl::IsCancelled(piece.status());
      call_->Cancel();
      break;
    }
    if (service_over_) forgotten += piece->size();
    if (piece->empty()) {
      if (!service_over_) {
        co_await WaitFor<bool>([&](auto done) { call_->WritesDone(std::move(done)); });
      }
      break;
    }
    if (service_over_) continue;
    request.set_chunk(piece->data(), piece->size());
    const bool sent = co_await Send(request);
    if (!sent) service_over_ = true;
  }
  uploading_ = false;
  upload_over_->cancel();
}

Awaitable<void> FileStream::Download() {
  ImportUsageResponse response;
  while (true) {
    const bool got = co_await WaitFor<bool>([&](auto done) { call_->Read(std::move(done)); });
    if (!got) co_return;
    absl::StatusOr<std::string> json = AnswerUnreadable("answer: got bytes that are no message");
    if (ParseBytes(call_->message(), response)) json = ToJson(response);
    if (!json.ok()) json = ErrorJson(json.status());
    const bool written = co_await WriteLine(*std::move(json));
    if (!written) {
      client_gone_ = true;
      call_->Cancel();
    }
  }
}

Awaitable<bool> FileStream::WriteLine(std::string json) {
  if (!answer_started_) {
    answer_started_ = true;
    const bool started = co_await http_.StartPieces(kLinesType, request_id_);
    if (!started) co_return false;
  }
  json.push_back('\n');
  const bool written = co_await http_.WritePiece(std::move(json));
  co_return written;
}

Awaitable<void> FileStream::EndWith(const absl::Status& status) {
  if (client_gone_) {
    http_.Close();
    co_return;
  }
  if (!answer_started_ && !status.ok()) {
    RestAnswer refusal = ErrorAnswer(status);
    connection_usable_ = co_await http_.WriteWhileReading(std::move(refusal), request_id_);
    co_return;
  }
  bool good = true;
  if (!status.ok()) {
    std::string line = ErrorJson(status);
    good = co_await WriteLine(std::move(line));
  }
  if (good && !answer_started_) good = co_await http_.StartPieces(kLinesType, request_id_);
  if (good) good = co_await http_.EndPieces();
  connection_usable_ = good && http_.keep_alive();
}

}  // namespace quartermaster::gateway
