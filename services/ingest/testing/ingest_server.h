// The whole service as a process hosts it, over a database of its own, behind a gRPC server of the
// test's process.
#ifndef QUARTERMASTER_SERVICES_INGEST_TESTING_INGEST_SERVER_H_
#define QUARTERMASTER_SERVICES_INGEST_TESTING_INGEST_SERVER_H_

#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/clock/clock.h"
#include "services/common/config/node_config.h"
#include "services/common/lifecycle/service.h"
#include "services/common/metrics/metrics.h"
#include "services/ingest/testing/ingest_database.h"

namespace quartermaster::ingest {

class IngestServer {
 public:
  explicit IngestServer(config::NodeConfig config = config::DefaultNodeConfig());
  ~IngestServer();

  IngestDatabase& database() { return database_; }
  ManualClock& clock() { return clock_; }
  metrics::Registry& metrics() { return metrics_; }
  Service& service() { return *service_; }
  v1::UsageService::Stub& stub() { return *stub_; }

  // Shorthands; the error of a call comes back with its id.
  absl::Status Submit(const v1::SubmitReportsRequest& request, v1::SubmitReportsResponse& response);
  // The results of a document that is submitted to the default account; a failing call fails the
  // test.
  v1::SubmitReportsResponse SubmitDocument(const std::string& document);

  struct Imported {
    absl::Status status;
    std::vector<v1::ReportResult> results;
    std::vector<v1::ImportTotals> progress;
    v1::ImportSummary summary;
  };
  // Sends a file in chunks of this size.
  Imported Import(const v1::ImportUsageRequest::Start& start, const std::string& file,
                  size_t chunk_bytes = 64 << 10);

 private:
  const config::NodeConfig config_;
  IngestDatabase database_;
  ManualClock clock_{absl::FromUnixMicros(1'700'000'000'123'456)};
  metrics::Registry metrics_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::UsageService::Stub> stub_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_TESTING_INGEST_SERVER_H_
