#include "services/ingest/api/submit_call.h"

#include <optional>
#include <utility>

#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/domain/ingest_errors.h"

namespace quartermaster::ingest {
namespace {

// What is read on the thread that brings it, which is the gateway's in the same process: some 25
// ordinary reports, about a millisecond. More is work for a worker.
constexpr size_t kSmallDocumentBytes = 64 << 10;
constexpr size_t kSmallDocumentReports = 32;
// For a worker; each is at most limits.document_bytes_max.
constexpr size_t kWaitingDocumentsMax = 1000;
constexpr absl::Duration kRetryAfter = absl::Milliseconds(500);

}  // namespace

void SubmitCall::Start(const Intake& intake, rpc::IncomingCall incoming,
                       const v1::SubmitReportsRequest& request, v1::SubmitReportsResponse& response,
                       Done done) {
  (new SubmitCall(intake, std::move(incoming), request, response, std::move(done)))->Begin();
}

SubmitCall::SubmitCall(const Intake& intake, rpc::IncomingCall incoming,
                       const v1::SubmitReportsRequest& request, v1::SubmitReportsResponse& response,
                       Done done)
    : intake_(intake),
      incoming_(std::move(incoming)),
      request_(request),
      response_(response),
      done_(std::move(done)),
      smart_account_(rpc::AccountOfCall(incoming_.caller, request.smart_account())) {}

void SubmitCall::Begin() {
  const auto bytes = static_cast<int64_t>(request_.document().size());
  if (bytes > intake_.limits.document_bytes_max) {
    return Fail(DocumentTooLarge(bytes, intake_.limits.document_bytes_max));
  }
  if (!smart_account_.ok()) return Fail(smart_account_.status());
  if (request_.document().size() <= kSmallDocumentBytes && TryHere()) return;
  if (!intake_.online_workers.TrySchedule([this] { OnWorker(); }, kWaitingDocumentsMax)) {
    Fail(errors::WithRetryDelay(QueueFull(), kRetryAfter));
  }
}

// True: the call is on its way. False: a worker must ask the database first.
bool SubmitCall::TryHere() {
  const std::optional<Door> door = intake_.accounts.TryFind(*smart_account_, request_.virtual_account());
  if (!door.has_value()) return false;
  door_ = *door;
  document_ = CutWholeDocument(request_.document());
  if (document_.reports.count() > kSmallDocumentReports) return false;
  {
    const PreparationStore::Borrowed preparation = intake_.preparations.Borrow();
    preparation->Parse(document_.reports.Reports());
    if (!preparation->TryFinish(prepared_)) return false;
  }
  Submit();
  return true;
}

void SubmitCall::OnWorker() {
  const log::RequestScope scope(incoming_.request_id);
  if (absl::Status status = PrepareAndWait(); !status.ok()) return Fail(status);
  Submit();
}

absl::Status SubmitCall::PrepareAndWait() {
  ASSIGN_OR_RETURN(
      door_, intake_.accounts.FindOpen(*smart_account_, request_.virtual_account(), incoming_.deadline));
  document_ = CutWholeDocument(request_.document());
  const PreparationStore::Borrowed preparation = intake_.preparations.Borrow();
  preparation->Parse(document_.reports.Reports());
  return preparation->Finish(incoming_.deadline, prepared_);
}

void SubmitCall::Submit() {
  // Nothing in it could be read.
  if (prepared_.reports.empty()) return Fail(document_.status);
  if (prepared_.pending.empty()) return AnswerAll({});
  std::unique_ptr<Submission> submission = SubmissionOf(door_, prepared_, incoming_.deadline);
  submission->system_infos = std::move(document_.system_infos);
  submission->wants_ticket = true;
  submission->done = [this](std::unique_ptr<Submission> stored) { Answer(*stored); };
  if (absl::Status status = intake_.writer.Submit(submission); !status.ok()) Fail(status);
}

void SubmitCall::Answer(const Submission& submission) {
  if (!submission.status.ok()) return Fail(submission.status);
  response_.set_poll_id(submission.poll_id);
  AnswerAll(submission.answers);
}

void SubmitCall::AnswerAll(const std::vector<ReportAnswer>& answers) {
  response_.mutable_results()->Reserve(static_cast<int>(prepared_.reports.size()) + 1);
  ForEachAnswer(prepared_, answers, [this](const PreparedReport& report, const ReportAnswer& answer) {
    intake_.counters.Count(answer);
    *response_.add_results() = AnsweredResult(report, answer);
  });
  // The rest that was refused is a result of its own.
  if (!document_.status.ok()) {
    PreparedReport rest;
    rest.offset = document_.error_offset;
    *response_.add_results() = RejectedResult(rest, document_.status);
    intake_.counters.CountRejected(document_.status);
  }
  Finish(grpc::Status::OK);
}

void SubmitCall::Fail(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }

void SubmitCall::Finish(const grpc::Status& status) {
  done_(status);
  delete this;
}

}  // namespace quartermaster::ingest
