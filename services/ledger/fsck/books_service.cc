#include "services/ledger/fsck/books_service.h"

#include "absl/cleanup/cleanup.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/fsck/books_checker.h"

namespace quartermaster::ledger::fsck {
namespace {

const errors::ErrorKind kCheckRunning =
    errors::RegisterErrorKind({"ledger.check_running", absl::StatusCode::kResourceExhausted, true});

absl::Status CheckRunning() {
  return errors::MakeError(kCheckRunning, "the books are being checked for another caller; try again later");
}

}  // namespace

grpc::Status BooksServiceImpl::CheckBooks(grpc::ServerContext* context, const v1::CheckBooksRequest* request,
                                          grpc::ServerWriter<v1::CheckBooksResponse>* writer) {
  if (checking_.exchange(true)) return rpc::ToGrpc(CheckRunning());
  const absl::Cleanup done = [this] { checking_ = false; };
  v1::CheckBooksResponse response;
  auto on_finding = [&](const Finding& finding) {
    v1::CheckBooksResponse::Finding& out = *response.mutable_finding();
    out.set_rule(finding.rule);
    out.set_subject(finding.subject);
    out.set_got(finding.got);
    out.set_want(finding.want);
    writer->Write(response);
  };
  auto on_progress = [&](std::string_view what) {
    response.set_progress(std::string(what));
    return writer->Write(response) && !context->IsCancelled();
  };
  const absl::StatusOr<Totals> totals = fsck::CheckBooks(pool_, on_finding, on_progress);
  if (!totals.ok()) return rpc::ToGrpc(totals.status());
  v1::CheckBooksResponse::Done& out = *response.mutable_done();
  out.set_reports_checked(totals->reports);
  out.set_positions_checked(totals->positions);
  out.set_entries_checked(totals->entries);
  out.set_blocks_checked(totals->blocks);
  out.set_findings(totals->findings);
  writer->Write(response);
  return grpc::Status::OK;
}

}  // namespace quartermaster::ledger::fsck
