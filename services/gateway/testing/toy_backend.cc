#include "services/gateway/testing/toy_backend.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::gateway {
namespace {

const errors::ErrorKind kToyFailure =
    errors::RegisterErrorKind({"toy.failure", absl::StatusCode::kFailedPrecondition, false});
const errors::ErrorKind kToyBusy =
    errors::RegisterErrorKind({"toy.busy", absl::StatusCode::kResourceExhausted, true});

grpc::Status Failure() {
  return rpc::ToGrpc(errors::MakeError(kToyFailure, "document: got fail, want another"));
}

}  // namespace

class ToyBackend::Usage final : public ingest::v1::UsageService::Service {
 public:
  explicit Usage(ToyBackend& toy) : toy_(toy) {}

  grpc::Status SubmitReports(grpc::ServerContext* context, const ingest::v1::SubmitReportsRequest* request,
                             ingest::v1::SubmitReportsResponse* response) override {
    toy_.See(*context);
    const std::string& document = request->document();
    if (document == "fail") return Failure();
    if (document == "busy") {
      return rpc::ToGrpc(
          errors::WithRetryDelay(errors::MakeError(kToyBusy, "queue: full"), absl::Seconds(7)));
    }
    if (document == "vanish") return {grpc::StatusCode::UNAVAILABLE, "socket closed"};
    while (document == "wait" && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    if (context->IsCancelled()) ++toy_.cancelled_;
    response->set_poll_id(static_cast<int64_t>(document.size()));
    auto* result = response->add_results();
    result->set_outcome(ingest::v1::ReportResult::OUTCOME_ACCEPTED);
    result->set_message(absl::StrCat(request->smart_account(), "|", request->virtual_account(), "|",
                                     document.size() < 1000 ? document : ""));
    return grpc::Status::OK;
  }

  grpc::Status ImportUsage(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<ingest::v1::ImportUsageResponse,
                                                    ingest::v1::ImportUsageRequest>* stream) override {
    toy_.See(*context);
    ingest::v1::ImportUsageRequest request;
    ingest::v1::ImportUsageResponse response;
    int64_t bytes = 0;
    std::string start;
    while (stream->Read(&request)) {
      if (request.has_start()) {
        start = absl::StrCat(request.start().smart_account(), "|", request.start().virtual_account(), "|",
                             request.start().size_bytes(), "|", request.start().list_accepted());
        continue;
      }
      if (request.chunk() == "quit") return Failure();
      bytes += static_cast<int64_t>(request.chunk().size());
      toy_.bytes_imported_ += static_cast<int64_t>(request.chunk().size());
      if (toy_.slow) {
        absl::SleepFor(absl::Seconds(static_cast<double>(request.chunk().size()) / (2 << 20)));
      }
      response.mutable_progress()->set_bytes_done(bytes);
      if (!stream->Write(response)) break;
    }
    response.mutable_summary()->mutable_totals()->set_bytes_done(bytes);
    response.mutable_summary()->set_message(start);
    // A stream that was cancelled looks like one that ended until it is written to.
    if (!stream->Write(response)) ++toy_.cancelled_;
    return grpc::Status::OK;
  }

  grpc::Status ListReports(grpc::ServerContext* context, const ingest::v1::ListReportsRequest*,
                           ingest::v1::ListReportsResponse*) override {
    toy_.See(*context);
    return grpc::Status::OK;
  }

  grpc::Status GetReport(grpc::ServerContext* context, const ingest::v1::GetReportRequest* request,
                         ingest::v1::Report* response) override {
    toy_.See(*context);
    response->mutable_summary()->set_name(request->name());
    return grpc::Status::OK;
  }

 private:
  ToyBackend& toy_;
};

class ToyBackend::Compliance final : public ledger::v1::ComplianceService::Service {
 public:
  explicit Compliance(ToyBackend& toy) : toy_(toy) {}

  grpc::Status GetCompliance(grpc::ServerContext* context, const ledger::v1::GetComplianceRequest* request,
                             ledger::v1::GetComplianceResponse* response) override {
    toy_.See(*context);
    response->set_smart_account(request->smart_account());
    response->set_status(ledger::v1::COMPLIANCE_STATUS_OUT);
    *response->mutable_as_of() = request->as_of();
    response->add_pools()->set_virtual_account(request->virtual_account());
    return grpc::Status::OK;
  }

 private:
  ToyBackend& toy_;
};

// One empty message, whatever was asked.
class ToyBackend::Rest final : public grpc::CallbackGenericService {
 public:
  explicit Rest(ToyBackend& toy) : toy_(toy) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      Reactor() {
        const grpc::Slice nothing;
        empty_ = grpc::ByteBuffer(&nothing, 1);
        StartWriteAndFinish(&empty_, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      grpc::ByteBuffer empty_;
    };
    toy_.See(*context);
    return new Reactor();
  }

 private:
  ToyBackend& toy_;
};

ToyBackend::ToyBackend()
    : usage_(std::make_unique<Usage>(*this)),
      compliance_(std::make_unique<Compliance>(*this)),
      rest_(std::make_unique<Rest>(*this)) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(8 << 20);
  builder.RegisterService(usage_.get());
  builder.RegisterService(compliance_.get());
  builder.RegisterCallbackGenericService(rest_.get());
  server_ = builder.BuildAndStart();
}

ToyBackend::~ToyBackend() { server_->Shutdown(std::chrono::system_clock::now()); }

void ToyBackend::SetServing(bool serving) {
  for (const char* service : {"ingest", "ledger", "authority"}) {
    server_->GetHealthCheckService()->SetServingStatus(service, serving);
  }
}

std::shared_ptr<grpc::Channel> ToyBackend::channel() {
  return server_->InProcessChannel(grpc::ChannelArguments());
}

SeenCall ToyBackend::last_call() const {
  absl::MutexLock lock(&mutex_);
  return last_call_;
}

void ToyBackend::See(const grpc::ServerContextBase& context) {
  ++calls_;
  absl::MutexLock lock(&mutex_);
  last_call_.metadata.clear();
  for (const auto& [key, value] : context.client_metadata()) {
    last_call_.metadata.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  last_call_.deadline = absl::FromChrono(context.deadline());
}

}  // namespace quartermaster::gateway
