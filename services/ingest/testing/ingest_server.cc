#include "services/ingest/testing/ingest_server.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ingest/ingest_service.h"

namespace quartermaster::ingest {

IngestServer::IngestServer(config::NodeConfig config) : config_(std::move(config)) {
  ServiceContext context;
  context.config = &config_;
  context.clock = &clock_;
  context.metrics = &metrics_;
  context.database = [this](std::string_view service) {
    return testing::OptionsFor("qm_" + std::string(service), database_.name());
  };
  auto service = MakeIngestService(context);
  EXPECT_TRUE(service.ok()) << service.status();
  service_ = *std::move(service);
  grpc::ServerBuilder builder;
  rpc::ConfigureServer(builder, {.metrics = &metrics_});
  service_->RegisterWith(builder);
  server_ = builder.BuildAndStart();
  EXPECT_TRUE(service_->Start().ok());
  stub_ = v1::UsageService::NewStub(rpc::InProcessChannel(*server_, 8 << 20));
}

IngestServer::~IngestServer() {
  service_->Stop(absl::Now() + absl::Seconds(10));
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

absl::Status IngestServer::Submit(const v1::SubmitReportsRequest& request,
                                  v1::SubmitReportsResponse& response) {
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
  return rpc::FromGrpc(stub_->SubmitReports(&context, request, &response));
}

v1::SubmitReportsResponse IngestServer::SubmitDocument(const std::string& document) {
  v1::SubmitReportsRequest request;
  request.set_document(document);
  v1::SubmitReportsResponse response;
  const absl::Status status = Submit(request, response);
  EXPECT_TRUE(status.ok()) << status;
  return response;
}

IngestServer::Imported IngestServer::Import(const v1::ImportUsageRequest::Start& start,
                                            const std::string& file, size_t chunk_bytes) {
  Imported imported;
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(120));
  const auto stream = stub_->ImportUsage(&context);
  std::thread writer([&] {
    v1::ImportUsageRequest request;
    *request.mutable_start() = start;
    bool open = stream->Write(request);
    for (size_t at = 0; open && at < file.size(); at += chunk_bytes) {
      request.set_chunk(file.substr(at, chunk_bytes));
      open = stream->Write(request);
    }
    stream->WritesDone();
  });
  v1::ImportUsageResponse response;
  while (stream->Read(&response)) {
    for (const v1::ReportResult& result : response.results().results()) {
      imported.results.push_back(result);
    }
    if (response.has_progress()) imported.progress.push_back(response.progress());
    if (response.has_summary()) imported.summary = response.summary();
  }
  writer.join();
  imported.status = rpc::FromGrpc(stream->Finish());
  return imported;
}

}  // namespace quartermaster::ingest
