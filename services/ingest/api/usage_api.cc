#include "services/ingest/api/usage_api.h"

#include <string>
#include <utility>

#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/incoming_call.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ingest/api/submit_call.h"
#include "services/ingest/domain/ingest_errors.h"

namespace quartermaster::ingest {

UsageApi::UsageApi(const Intake& intake, ShowReports& reports, const Options& options)
    : intake_(intake),
      reports_(reports),
      imports_(intake, options.imports_max),
      waiting_reads_max_(options.waiting_reads_max),
      readers_(options.reading_threads) {}

grpc::ServerUnaryReactor* UsageApi::SubmitReports(grpc::CallbackServerContext* context,
                                                  const v1::SubmitReportsRequest* request,
                                                  v1::SubmitReportsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  SubmitCall::Start(intake_, rpc::ReadIncomingCall(*context, intake_.limits.call_deadline), *request,
                    *response, [reactor](const grpc::Status& status) { reactor->Finish(status); });
  return reactor;
}

void UsageApi::OfferTo(rpc::LocalMethods& methods) const {
  methods.Add<v1::SubmitReportsRequest, v1::SubmitReportsResponse>(
      "/quartermaster.ingest.v1.UsageService/SubmitReports",
      [this](rpc::IncomingCall incoming, const auto& request, auto& response, auto done) {
        SubmitCall::Start(intake_, std::move(incoming), request, response, std::move(done));
      });
}

grpc::ServerBidiReactor<v1::ImportUsageRequest, v1::ImportUsageResponse>* UsageApi::ImportUsage(
    grpc::CallbackServerContext* context) {
  return imports_.Start(*context);
}

grpc::ServerUnaryReactor* UsageApi::ListReports(grpc::CallbackServerContext* context,
                                                const v1::ListReportsRequest* request,
                                                v1::ListReportsResponse* response) {
  const rpc::IncomingCall incoming = rpc::ReadIncomingCall(*context, intake_.limits.call_deadline);
  absl::StatusOr<std::string> account = rpc::AccountOfCall(incoming.caller, request->smart_account());
  return Read(context, [this, request, response, deadline = incoming.deadline, account = std::move(account)] {
    return account.ok() ? reports_.List(*account, deadline, *request, *response) : account.status();
  });
}

grpc::ServerUnaryReactor* UsageApi::GetReport(grpc::CallbackServerContext* context,
                                              const v1::GetReportRequest* request, v1::Report* response) {
  const rpc::IncomingCall incoming = rpc::ReadIncomingCall(*context, intake_.limits.call_deadline);
  absl::StatusOr<std::string> account = rpc::AccountOfCall(incoming.caller, request->smart_account());
  return Read(context, [this, request, response, deadline = incoming.deadline, account = std::move(account)] {
    return account.ok() ? reports_.Get(*account, deadline, *request, *response) : account.status();
  });
}

// Reads block on the database, so they have threads of their own.
grpc::ServerUnaryReactor* UsageApi::Read(grpc::CallbackServerContext* context,
                                         std::function<absl::Status()> read) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool scheduled = readers_.TrySchedule(
      [context, reactor, read = std::move(read)] {
        const log::RequestScope scope(rpc::RequestId(*context));
        reactor->Finish(rpc::ToGrpc(read()));
      },
      waiting_reads_max_);
  if (!scheduled) {
    reactor->Finish(rpc::ToGrpc(errors::WithRetryDelay(QueueFull(), absl::Milliseconds(500))));
  }
  return reactor;
}

}  // namespace quartermaster::ingest
