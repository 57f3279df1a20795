#include "clients/agent/online.h"

#include <algorithm>
#include <utility>

#include "clients/acknowledgement_poll/acknowledgement_poll.h"
#include "clients/agent/report_writer.h"
#include "clients/agent/usage_file.h"
#include "clients/connection/client_errors.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using authority::v1::AcknowledgementService;
using ingest::v1::ReportResult;
using ingest::v1::UsageService;

// Well below the 4 MiB that a node takes as one document.
constexpr size_t kDocumentBytes = 2 << 20;

// One document and the places in state.reports that it holds.
struct Batch {
  std::string document;
  std::vector<size_t> places;
};

absl::StatusOr<std::vector<Batch>> Batches(StateDirectory& directory) {
  std::vector<Batch> batches;
  const AgentState& state = directory.state();
  for (size_t place = 0; place < state.reports.size(); ++place) {
    if (state.reports[place].reported) continue;
    ASSIGN_OR_RETURN(const std::string text, directory.ReportText(state.reports[place].report_id));
    if (batches.empty() || batches.back().document.size() + text.size() > kDocumentBytes) {
      batches.push_back({UsageFileBegin(state), {}});
    }
    batches.back().document += WrapReport(text);
    batches.back().places.push_back(place);
  }
  for (Batch& batch : batches) batch.document += kUsageFileEnd;
  return batches;
}

bool IsReported(const ReportResult& result) {
  return result.outcome() == ReportResult::OUTCOME_ACCEPTED ||
         result.outcome() == ReportResult::OUTCOME_DUPLICATE;
}

}  // namespace

absl::Status PinAuthority(StateDirectory& directory, const client::NodeConnection& node) {
  ASSIGN_OR_RETURN(const auto pinned, directory.AuthorityCertificates());
  if (!pinned.empty()) return absl::OkStatus();
  const auto stub = AcknowledgementService::NewStub(node.channel());
  authority::v1::GetAuthorityCertificatesResponse response;
  RETURN_IF_ERROR(node.Call(
      [&](grpc::ClientContext& context) { return stub->GetAuthorityCertificates(&context, {}, &response); }));
  std::string bundle;
  for (const std::string& pem : response.pem()) bundle += pem + "\n";
  return directory.InstallAuthority(bundle);
}

absl::StatusOr<std::vector<ReportResult>> SubmitUnreported(StateDirectory& directory,
                                                           const client::NodeConnection& node,
                                                           const OnlineOptions& options) {
  const auto stub = UsageService::NewStub(node.channel());
  AgentState& state = directory.state();
  ASSIGN_OR_RETURN(const std::vector<Batch> batches, Batches(directory));
  std::vector<ReportResult> results;
  for (const Batch& batch : batches) {
    ingest::v1::SubmitReportsRequest request;
    request.set_smart_account(options.smart_account);
    request.set_virtual_account(options.virtual_account);
    request.set_document(batch.document);
    ingest::v1::SubmitReportsResponse response;
    RETURN_IF_ERROR(node.Call(
        [&](grpc::ClientContext& context) { return stub->SubmitReports(&context, request, &response); }));
    if (response.results_size() != static_cast<int>(batch.places.size())) {
      return client::AnswerMalformed("results: got another number than reports were sent");
    }
    for (int i = 0; i < response.results_size(); ++i) {
      state.reports[batch.places[i]].reported = IsReported(response.results(i));
      results.push_back(response.results(i));
    }
    if (response.poll_id() != 0) state.polls.push_back(response.poll_id());
    state.last_push_s = state.clock_s;
    RETURN_IF_ERROR(directory.Save());
  }
  return results;
}

absl::StatusOr<PollOutcome> PollAcknowledgements(StateDirectory& directory,
                                                 const client::NodeConnection& node,
                                                 const OnlineOptions& options) {
  AgentState& state = directory.state();
  RETURN_IF_ERROR(PinAuthority(directory, node));
  ASSIGN_OR_RETURN(const auto pinned, directory.AuthorityCertificates());
  PollOutcome outcome;
  std::vector<int64_t> open;
  for (const int64_t poll_id : state.polls) {
    const auto take = [&](const authority::v1::PollAcknowledgementsResponse& page) -> absl::Status {
      for (const auto& acknowledgement : page.acknowledgements()) {
        auto taken = TakeAcknowledgement(acknowledgement.smart_license(), pinned, state);
        // Another poll id brought a newer one already.
        if (errors::ErrorId(taken.status()) == "crypto.acknowledgement_outdated") continue;
        RETURN_IF_ERROR(taken.status());
        outcome.taken.push_back(*std::move(taken));
      }
      outcome.vendor_acknowledgement_required |= page.vendor_acknowledgement_required_size() > 0;
      return absl::OkStatus();
    };
    ASSIGN_OR_RETURN(const client::PollEnd end,
                     client::ReadEveryPage(node, {options.smart_account, poll_id}, take));
    if (!end.complete) open.push_back(poll_id);
  }
  state.polls = std::move(open);
  outcome.pending = static_cast<int64_t>(state.polls.size());
  RETURN_IF_ERROR(directory.Save());
  return outcome;
}

}  // namespace quartermaster::agent
