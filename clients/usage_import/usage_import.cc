#include "clients/usage_import/usage_import.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/connection/client_errors.h"
#include "clients/output/text_width.h"
#include "clients/usage_import/answered_reports.h"
#include "clients/usage_import/stall_watch.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::client {
namespace {

using ingest::v1::ImportTotals;
using ingest::v1::ImportUsageRequest;
using ingest::v1::ImportUsageResponse;
using ingest::v1::ReportResult;
using ingest::v1::UsageService;
using Stream = grpc::ClientReaderWriterInterface<ImportUsageRequest, ImportUsageResponse>;

// A stream is silent for longer than a call may be: a large group is verified and committed first.
constexpr absl::Duration kStallPatienceMin = absl::Seconds(60);

void Count(const ReportResult& result, ImportTotals& totals) {
  switch (result.outcome()) {
    case ReportResult::OUTCOME_ACCEPTED:
      totals.set_accepted(totals.accepted() + 1);
      break;
    case ReportResult::OUTCOME_DUPLICATE:
      totals.set_duplicate(totals.duplicate() + 1);
      break;
    case ReportResult::OUTCOME_CONFLICT:
      totals.set_conflict(totals.conflict() + 1);
      break;
    default:
      totals.set_rejected(totals.rejected() + 1);
  }
}

class Importer {
 public:
  Importer(const NodeConnection& node, ByteSource& source, const UsageImportOptions& options)
      : node_(node), source_(source), options_(options), stub_(UsageService::NewStub(node.channel())) {}

  absl::StatusOr<UsageImportOutcome> Run() {
    const absl::Status status = node_.CallStream(
        [&](grpc::ClientContext& context, bool& progressed) { return Attempt(context, progressed); });
    RETURN_IF_ERROR(source_status_);
    RETURN_IF_ERROR(status);
    if (!summarised_) return AnswerMalformed("the import ended without a summary");
    if (options_.list_accepted) {
      counted_.set_bytes_done(outcome_.summary.totals().bytes_done());
      *outcome_.summary.mutable_totals() = counted_;
    }
    return outcome_;
  }

 private:
  grpc::Status Attempt(grpc::ClientContext& context, bool& progressed) {
    outcome_.attempts = ++attempts_;
    if (!source_.Rewind()) {
      source_status_ = FileUnreadable(
          source_.name(), "the connection broke, and this input cannot be read twice: import again");
      return {grpc::StatusCode::FAILED_PRECONDITION, "input cannot be read twice"};
    }
    StallWatch watch(context, std::max(node_.patience(), kStallPatienceMin));
    const std::unique_ptr<Stream> stream = stub_->ImportUsage(&context);
    std::thread writer([&] { WriteFile(*stream, context, watch); });
    ImportUsageResponse response;
    while (stream->Read(&response)) {
      watch.Moved();
      progressed |= Take(response);
    }
    writer.join();
    const grpc::Status status = stream->Finish();
    if (!watch.stalled()) return status;
    return {grpc::StatusCode::UNAVAILABLE, "nothing moved on the connection any more"};
  }

  void WriteFile(Stream& stream, grpc::ClientContext& context, StallWatch& watch) {
    ImportUsageRequest request;
    auto& start = *request.mutable_start();
    start.set_smart_account(options_.smart_account);
    start.set_virtual_account(options_.virtual_account);
    start.set_file_name(output::Printable(source_.name()));
    start.set_size_bytes(source_.size());
    start.set_list_accepted(options_.list_accepted);
    while (stream.Write(request)) {
      watch.PauseWhileReading(true);
      auto bytes = source_.Read(kImportChunkBytes);
      watch.PauseWhileReading(false);
      if (!bytes.ok()) {
        source_status_ = bytes.status();
        context.TryCancel();
        return;
      }
      if (bytes->empty()) break;
      request.set_chunk(*std::move(bytes));
    }
    stream.WritesDone();
  }

  // Whether the answer says that the import has come further than ever before.
  bool Take(const ImportUsageResponse& response) {
    bool further = false;
    for (const ReportResult& result : response.results().results()) {
      if (!answered_.First(result.offset())) continue;
      further = true;
      Count(result, counted_);
      if (options_.on_result) options_.on_result(result);
    }
    if (response.has_progress()) {
      further |= response.progress().bytes_done() > bytes_done_;
      bytes_done_ = std::max(bytes_done_, response.progress().bytes_done());
      answered_.DoneUpTo(response.progress().bytes_done());
      if (options_.on_progress) options_.on_progress(response.progress());
    }
    if (response.has_summary()) {
      outcome_.summary = response.summary();
      summarised_ = true;
    }
    return further;
  }

  const NodeConnection& node_;
  ByteSource& source_;
  const UsageImportOptions& options_;
  const std::unique_ptr<UsageService::Stub> stub_;
  UsageImportOutcome outcome_;
  AnsweredReports answered_;
  ImportTotals counted_;
  int attempts_ = 0;
  int64_t bytes_done_ = 0;
  bool summarised_ = false;
  // Written by the writer thread, read after it was joined.
  absl::Status source_status_;
};

}  // namespace

absl::StatusOr<UsageImportOutcome> ImportUsage(const NodeConnection& node, ByteSource& source,
                                               const UsageImportOptions& options) {
  return Importer(node, source, options).Run();
}

}  // namespace quartermaster::client
