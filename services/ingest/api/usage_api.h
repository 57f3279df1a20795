// gRPC: UsageService of proto/quartermaster/ingest/v1/ingest.proto.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_USAGE_API_H_
#define QUARTERMASTER_SERVICES_INGEST_API_USAGE_API_H_

#include <grpcpp/support/server_callback.h>

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/rpc/local_methods.h"
#include "services/ingest/api/import_calls.h"
#include "services/ingest/api/intake.h"
#include "services/ingest/api/show_reports.h"
#include "services/ingest/api/worker_pool.h"

namespace quartermaster::ingest {

// Thread-safe.
class UsageApi final : public v1::UsageService::CallbackService {
 public:
  struct Options {
    // Each may have some 10 MB under way.
    int imports_max = 8;
    int reading_threads = 2;
    size_t waiting_reads_max = 256;
  };
  // `intake` and `reports` outlive this.
  UsageApi(const Intake& intake, ShowReports& reports, const Options& options);

  // Ends the imports. The writer must still run.
  void Stop(absl::Time deadline) { imports_.Stop(deadline); }

  // SubmitReports.
  void OfferTo(rpc::LocalMethods& methods) const;

  grpc::ServerUnaryReactor* SubmitReports(grpc::CallbackServerContext* context,
                                          const v1::SubmitReportsRequest* request,
                                          v1::SubmitReportsResponse* response) override;
  grpc::ServerBidiReactor<v1::ImportUsageRequest, v1::ImportUsageResponse>* ImportUsage(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListReports(grpc::CallbackServerContext* context,
                                        const v1::ListReportsRequest* request,
                                        v1::ListReportsResponse* response) override;
  grpc::ServerUnaryReactor* GetReport(grpc::CallbackServerContext* context,
                                      const v1::GetReportRequest* request, v1::Report* response) override;

 private:
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, std::function<absl::Status()> read);

  const Intake& intake_;
  ShowReports& reports_;
  ImportCalls imports_;
  const size_t waiting_reads_max_;
  WorkerPool readers_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_USAGE_API_H_
