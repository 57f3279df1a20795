// SubmitReports: one call from its request to its answer, without a thread that waits.
//
// A small document is read where the call arrives, as long as memory knows the door and the signers;
// otherwise a worker does it. The answer comes from the group commit.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_SUBMIT_CALL_H_
#define QUARTERMASTER_SERVICES_INGEST_API_SUBMIT_CALL_H_

#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "services/common/rpc/incoming_call.h"
#include "services/ingest/api/document.h"
#include "services/ingest/api/intake.h"

namespace quartermaster::ingest {

// Deletes itself when it has answered.
class SubmitCall {
 public:
  using Done = std::function<void(const grpc::Status&)>;

  // Calls `done` once, on any thread; request and response live until then. Does not block.
  static void Start(const Intake& intake, rpc::IncomingCall incoming, const v1::SubmitReportsRequest& request,
                    v1::SubmitReportsResponse& response, Done done);

 private:
  SubmitCall(const Intake& intake, rpc::IncomingCall incoming, const v1::SubmitReportsRequest& request,
             v1::SubmitReportsResponse& response, Done done);

  void Begin();
  bool TryHere();
  void OnWorker();
  absl::Status PrepareAndWait();
  void Submit();
  void Answer(const Submission& submission);
  void AnswerAll(const std::vector<ReportAnswer>& answers);
  void Fail(const absl::Status& status);
  // The last thing that the call does.
  void Finish(const grpc::Status& status);

  const Intake& intake_;
  const rpc::IncomingCall incoming_;
  const v1::SubmitReportsRequest& request_;
  v1::SubmitReportsResponse& response_;
  const Done done_;
  const absl::StatusOr<std::string> smart_account_;
  Door door_;
  CutDocument document_;
  PreparedReports prepared_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_SUBMIT_CALL_H_
