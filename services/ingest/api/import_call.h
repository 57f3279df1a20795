// ImportUsage: one stream from its first message to its summary, in constant memory and without a
// thread that waits.
//
//   read a chunk -> a worker cuts it into batches -> workers prepare batches, on all cores
//   -> group commit -> answers, in the order of the file
//
// A chunk is cut step by step, each with a bounded number of reports; the next step, or the next
// chunk, waits until little enough is under way and little enough waits to be written back: that
// holds the client through gRPC's flow control.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_IMPORT_CALL_H_
#define QUARTERMASTER_SERVICES_INGEST_API_IMPORT_CALL_H_

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "services/common/rpc/caller.h"
#include "services/ingest/api/import_batch.h"
#include "services/ingest/api/intake.h"
#include "services/ingest/api/stream_turns.h"

namespace quartermaster::ingest {

class ImportCall final : public grpc::ServerBidiReactor<v1::ImportUsageRequest, v1::ImportUsageResponse>,
                         public std::enable_shared_from_this<ImportCall> {
 public:
  // `on_over` is called when gRPC and the writer are done with the call.
  static std::shared_ptr<ImportCall> Make(const Intake& intake, grpc::CallbackServerContext& context,
                                          std::function<void()> on_over);
  ~ImportCall() override;

  // Reads the first message. Call once.
  void Begin();
  // Ends the call with this error as soon as what is under way is answered. Thread-safe.
  void Fail(const absl::Status& why);
  // Writes the progress, and ends the call when the client has moved nothing for too long: it holds a place
  // that others wait for. Called twice a second. Thread-safe.
  void Tick();

 private:
  struct Actions;

  ImportCall(const Intake& intake, grpc::CallbackServerContext& context, std::function<void()> on_over);

  // Reactions of gRPC.
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // On workers; one at a time, because the next read waits for them.
  void TakeMessage();
  void TakeStart();
  void TakeChunk();
  void CutOn();
  void ScheduleStep(std::function<void()> step);
  void TakeEnd();
  void FinishReading(const absl::Status& failure);
  void Launch(BatchCutter::Batches batches);

  // On workers, many at a time.
  void Prepare(std::shared_ptr<ImportBatch> batch);
  void SubmitBatch(std::shared_ptr<ImportBatch> batch);
  void Answered(ImportBatch& batch, absl::Status status, std::vector<ReportAnswer> answers);

  // What is to be done next is decided under the lock, and done after it.
  void Advance();
  bool AdvanceOnce();
  // With the rest of the chunk, or by reading the next.
  bool TryGoOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<ImportBatch> NextSystemInfos() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeAnsweredBatches() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeResults(ImportBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Count(const ReportAnswer& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueResults() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueProgress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueSummary() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time StepDeadline() const;
  // OK, or why the call ends.
  absl::Status CheckIdle(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Intake& intake_;
  grpc::CallbackServerContext& context_;
  const std::function<void()> on_over_;
  const absl::Time deadline_;
  const rpc::Caller caller_;
  const std::string request_id_;
  // gRPC holds the call by this until OnDone.
  std::shared_ptr<ImportCall> self_;

  // Of the reading side: touched by one step at a time.
  v1::ImportUsageRequest message_;
  bool started_ = false;
  bool list_accepted_ = false;
  Door door_;
  BatchCutter cutter_;
  // What is not cut yet of the chunk in message_.
  std::string_view chunk_left_;

  // Owned by the write that runs.
  v1::ImportUsageResponse writing_message_;

  absl::Mutex mutex_;
  StreamTurns turns_ ABSL_GUARDED_BY(mutex_);
  // A step goes on with the chunk that is there, instead of a read.
  bool chunk_goes_on_ ABSL_GUARDED_BY(mutex_) = false;
  bool input_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool infos_due_ ABSL_GUARDED_BY(mutex_) = false;
  bool summarised_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // When the read, and the write, that wait for the client began.
  absl::Time read_began_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Time write_began_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  // The call is being cancelled outside of the lock, and must not end meanwhile.
  bool cancelling_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  // Why the rest of the file was refused.
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  int64_t refusal_offset_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_fed_ ABSL_GUARDED_BY(mutex_) = 0;
  // In the order of the file.
  std::deque<std::shared_ptr<ImportBatch>> under_way_ ABSL_GUARDED_BY(mutex_);
  size_t reports_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the system infos that wait in the cutter.
  size_t bytes_kept_ ABSL_GUARDED_BY(mutex_) = 0;
  v1::ImportTotals totals_ ABSL_GUARDED_BY(mutex_);
  v1::ImportUsageResponse::Results results_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::ImportUsageResponse> outgoing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_IMPORT_CALL_H_
