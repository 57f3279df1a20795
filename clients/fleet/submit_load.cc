#include "clients/fleet/submit_load.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "clients/connection/backoff.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

using ingest::v1::ReportResult;
using ingest::v1::SubmitReportsRequest;
using ingest::v1::SubmitReportsResponse;
using ingest::v1::UsageService;

// One attempt may take this long; a node that died without a word is noticed by it.
constexpr absl::Duration kAttemptDeadline = absl::Seconds(20);

// One call with its retries.
struct Call {
  SubmitReportsRequest request;
  absl::Time first_sent;
  absl::Time retry_at;
  client::Backoff backoff;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<SubmitReportsResponse>> reader;
  SubmitReportsResponse response;
  grpc::Status status;
};

struct RetriesLater {
  bool operator()(const Call* a, const Call* b) const { return a->retry_at > b->retry_at; }
};

class SubmitLoad {
 public:
  SubmitLoad(const client::NodeConnection& node, const LoadOptions& options,
             const std::function<std::string_view()>& next, Journal& journal)
      : node_(node),
        options_(options),
        next_(next),
        journal_(journal),
        stub_(UsageService::NewStub(node.channel())),
        calls_(options.concurrency) {
    for (Call& call : calls_) idle_.push_back(&call);
  }

  ~SubmitLoad() {
    for (Call& call : calls_) {
      if (call.context != nullptr) call.context->TryCancel();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  absl::StatusOr<LoadResult> Run() {
    started_ = absl::Now();
    peeked_ = next_();
    while (true) {
      SendWhatIsDue();
      if (in_flight_ == 0 && waiting_.empty() && !HasNext()) break;
      void* tag = nullptr;
      bool ok = false;
      const auto event = queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(NextWake()));
      if (event == grpc::CompletionQueue::GOT_EVENT) Finish(*static_cast<Call*>(tag));
      if (++finished_since_flush_ % 64 == 0) RETURN_IF_ERROR(journal_.Flush());
    }
    RETURN_IF_ERROR(journal_.Flush());
    result_.elapsed = absl::Now() - started_;
    return std::move(result_);
  }

 private:
  bool HasNext() const {
    if (peeked_.empty()) return false;
    return options_.duration == absl::ZeroDuration() ||
           std::max(ScheduledTime(), absl::Now()) < started_ + options_.duration;
  }

  // When the next new call is due; without a rate, at once.
  absl::Time ScheduledTime() const {
    if (options_.rate <= 0) return started_;
    return started_ + absl::Seconds(static_cast<double>(result_.calls) / options_.rate);
  }

  absl::Time NextWake() const {
    absl::Time wake = absl::Now() + absl::Seconds(1);
    if (!waiting_.empty()) wake = std::min(wake, waiting_.top()->retry_at);
    if (!idle_.empty() && HasNext()) wake = std::min(wake, ScheduledTime());
    return wake;
  }

  void SendWhatIsDue() {
    while (!waiting_.empty() && waiting_.top()->retry_at <= absl::Now()) {
      Call* call = waiting_.top();
      waiting_.pop();
      ++result_.retries;
      Send(*call);
    }
    while (!idle_.empty() && HasNext() && ScheduledTime() <= absl::Now()) {
      Call& call = *idle_.back();
      idle_.pop_back();
      Fill(call);
      Send(call);
    }
  }

  void Fill(Call& call) {
    call.first_sent = options_.rate > 0 ? ScheduledTime() : absl::Now();
    ++result_.calls;
    call.backoff = client::Backoff();
    call.request.Clear();
    call.request.set_smart_account(options_.smart_account);
    call.request.set_virtual_account(options_.virtual_account);
    std::string& document = *call.request.mutable_document();
    if (options_.reports_per_call > 1) document = "<smartLicense>";
    for (int i = 0; i < options_.reports_per_call && !peeked_.empty(); ++i) {
      document += peeked_;
      peeked_ = next_();
    }
    if (options_.reports_per_call > 1) document += "</smartLicense>";
  }

  void Send(Call& call) {
    call.context = std::make_unique<grpc::ClientContext>();
    node_.Authenticate(*call.context);
    call.context->set_deadline(absl::ToChronoTime(absl::Now() + kAttemptDeadline));
    call.response.Clear();
    call.reader = stub_->PrepareAsyncSubmitReports(call.context.get(), call.request, &queue_);
    call.reader->StartCall();
    call.reader->Finish(&call.response, &call.status, &call);
    ++in_flight_;
  }

  void Finish(Call& call) {
    --in_flight_;
    const absl::Time now = absl::Now();
    const absl::Status status = rpc::FromGrpc(call.status);
    if (!status.ok() && errors::IsRetryable(status) && now < call.first_sent + options_.patience) {
      call.retry_at = now + call.backoff.Next(client::AskedDelay(call.status));
      waiting_.push(&call);
      return;
    }
    if (status.ok()) {
      result_.latency.Add(now - call.first_sent);
      for (const ReportResult& report : call.response.results()) Count(report);
    } else {
      ++result_.given_up[errors::ErrorId(status)];
    }
    idle_.push_back(&call);
  }

  void Count(const ReportResult& report) {
    journal_.Write(report);
    switch (report.outcome()) {
      case ReportResult::OUTCOME_ACCEPTED:
        ++result_.accepted;
        break;
      case ReportResult::OUTCOME_DUPLICATE:
        ++result_.duplicate;
        break;
      case ReportResult::OUTCOME_CONFLICT:
        ++result_.conflict;
        break;
      default:
        ++result_.rejected;
    }
  }

  const client::NodeConnection& node_;
  const LoadOptions& options_;
  const std::function<std::string_view()>& next_;
  Journal& journal_;
  const std::unique_ptr<UsageService::Stub> stub_;
  grpc::CompletionQueue queue_;
  std::vector<Call> calls_;
  std::vector<Call*> idle_;
  std::priority_queue<Call*, std::vector<Call*>, RetriesLater> waiting_;
  int64_t in_flight_ = 0;
  int64_t finished_since_flush_ = 0;
  absl::Time started_;
  // The next report; empty = none left.
  std::string_view peeked_;
  LoadResult result_;
};

}  // namespace

absl::StatusOr<LoadResult> RunSubmitLoad(const client::NodeConnection& node, const LoadOptions& options,
                                         const std::function<std::string_view()>& next, Journal& journal) {
  return SubmitLoad(node, options, next, journal).Run();
}

}  // namespace quartermaster::fleet
