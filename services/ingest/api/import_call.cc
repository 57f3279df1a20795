#include "services/ingest/api/import_call.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ingest/api/api_errors.h"

namespace quartermaster::ingest {
namespace {

// Of one import: enough that both the cores and two groups of the writer always have work.
constexpr size_t kReportsUnderWayMax = 4096;
constexpr size_t kBytesUnderWayMax = 6 << 20;
constexpr size_t kChunkBytesMax = 1 << 20;
// Answers that wait for a client who does not read.
constexpr size_t kOutgoingMax = 8;
constexpr int kResultsPerMessage = 500;
// A chunk, so that an import goes on whatever the ledger does, and holds other imports' steps no longer.
constexpr absl::Duration kWaitForBooksMax = absl::Milliseconds(500);
// How long a batch waits for a database that is away, in a stream without a nearer deadline.
constexpr absl::Duration kStepPatience = absl::Seconds(60);

}  // namespace

// What Advance found to do.
struct ImportCall::Actions {
  bool read = false;
  bool cut = false;
  bool write = false;
  bool finish = false;
  absl::Status status;
  std::shared_ptr<ImportBatch> system_infos;
};

std::shared_ptr<ImportCall> ImportCall::Make(const Intake& intake, grpc::CallbackServerContext& context,
                                             std::function<void()> on_over) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<ImportCall> call(new ImportCall(intake, context, std::move(on_over)));
  call->self_ = call;
  return call;
}

ImportCall::ImportCall(const Intake& intake, grpc::CallbackServerContext& context,
                       std::function<void()> on_over)
    : intake_(intake),
      context_(context),
      on_over_(std::move(on_over)),
      // A stream without a deadline goes on as long as its file.
      deadline_(rpc::HandlerDeadline(context, absl::InfiniteDuration())),
      caller_(rpc::ReadCaller(context)),
      request_id_(rpc::RequestId(context)) {}

ImportCall::~ImportCall() { on_over_(); }

void ImportCall::Begin() {
  StartRead(&message_);
  {
    absl::MutexLock lock(&mutex_);
    turns_.ReadStarted();
    read_began_ = absl::Now();
  }
  Advance();
}

void ImportCall::Fail(const absl::Status& why) {
  {
    absl::MutexLock lock(&mutex_);
    if (failure_.ok()) failure_ = why;
    input_ended_ = true;
  }
  Advance();
}

void ImportCall::OnReadDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    turns_.ReadDone();
    read_began_ = absl::InfiniteFuture();
  }
  ScheduleStep([this, ok] { ok ? TakeMessage() : TakeEnd(); });
}

void ImportCall::ScheduleStep(std::function<void()> step) {
  intake_.import_workers.Schedule([self = shared_from_this(), step = std::move(step)] {
    const log::RequestScope scope(self->request_id_);
    step();
  });
}

void ImportCall::TakeMessage() {
  switch (message_.request_case()) {
    case v1::ImportUsageRequest::kStart:
      return TakeStart();
    case v1::ImportUsageRequest::kChunk:
      return TakeChunk();
    case v1::ImportUsageRequest::REQUEST_NOT_SET:
      return FinishReading(ImportOutOfOrder("an empty message", "start or chunk"));
  }
}

void ImportCall::TakeStart() {
  if (started_) return FinishReading(ImportOutOfOrder("a second start", "chunk"));
  started_ = true;
  const v1::ImportUsageRequest::Start& start = message_.start();
  list_accepted_ = start.list_accepted();
  const absl::StatusOr<std::string> account = rpc::AccountOfCall(caller_, start.smart_account());
  if (!account.ok()) return FinishReading(account.status());
  absl::StatusOr<Door> door = intake_.accounts.FindOpen(*account, start.virtual_account(), StepDeadline());
  if (!door.ok()) return FinishReading(door.status());
  door_ = *door;
  {
    absl::MutexLock lock(&mutex_);
    turns_.StepDone();
  }
  Advance();
}

void ImportCall::TakeChunk() {
  if (!started_) return FinishReading(ImportOutOfOrder("chunk", "start first"));
  if (message_.chunk().size() > kChunkBytesMax) {
    return FinishReading(ChunkTooLarge(message_.chunk().size(), kChunkBytesMax));
  }
  chunk_left_ = message_.chunk();
  CutOn();
}

void ImportCall::CutOn() {
  intake_.pace.Await(kWaitForBooksMax);
  Launch(cutter_.Feed(chunk_left_));
  {
    absl::MutexLock lock(&mutex_);
    turns_.StepDone();
    bytes_fed_ = cutter_.bytes_fed();
    bytes_kept_ = cutter_.system_info_bytes();
    chunk_goes_on_ = !chunk_left_.empty() && cutter_.error().ok();
    if (!cutter_.error().ok()) {
      refusal_ = cutter_.error();
      refusal_offset_ = cutter_.error_offset();
      input_ended_ = true;
    }
    infos_due_ = cutter_.system_infos_due() || input_ended_;
  }
  Advance();
}

void ImportCall::TakeEnd() {
  if (!started_) return FinishReading(ImportOutOfOrder("the end", "start first"));
  const bool cancelled = [this] {
    absl::MutexLock lock(&mutex_);
    return cancelled_;
  }();
  if (cancelled) return FinishReading(ImportCancelled());
  if (cutter_.error().ok()) Launch(cutter_.Finish());
  FinishReading(absl::OkStatus());
}

void ImportCall::FinishReading(const absl::Status& failure) {
  {
    absl::MutexLock lock(&mutex_);
    turns_.StepDone();
    input_ended_ = true;
    if (failure_.ok()) failure_ = failure;
    if (!cutter_.error().ok()) {
      refusal_ = cutter_.error();
      refusal_offset_ = cutter_.error_offset();
    }
    infos_due_ = true;
  }
  Advance();
}

void ImportCall::Launch(BatchCutter::Batches batches) {
  {
    absl::MutexLock lock(&mutex_);
    for (const std::shared_ptr<ImportBatch>& batch : batches) {
      reports_under_way_ += batch->reports;
      bytes_under_way_ += batch->bytes;
      under_way_.push_back(batch);
    }
  }
  auto self = shared_from_this();
  for (std::shared_ptr<ImportBatch>& batch : batches) {
    intake_.import_workers.Schedule([self, batch = std::move(batch)] {
      const log::RequestScope scope(self->request_id_);
      self->Prepare(batch);
    });
  }
}

void ImportCall::Prepare(std::shared_ptr<ImportBatch> batch) {
  {
    absl::MutexLock lock(&mutex_);
    if (!failure_.ok()) batch->status = failure_;
  }
  if (batch->status.ok()) {
    const PreparationStore::Borrowed preparation = intake_.preparations.Borrow();
    preparation->Parse(batch->found.Reports());
    batch->status = preparation->Finish(StepDeadline(), batch->prepared);
  }
  // The texts are not needed any more.
  batch->found = FoundReports();
  if (!batch->status.ok() || batch->prepared.pending.empty()) {
    return Answered(*batch, batch->status, {});
  }
  SubmitBatch(std::move(batch));
}

void ImportCall::SubmitBatch(std::shared_ptr<ImportBatch> batch) {
  std::unique_ptr<Submission> submission = SubmissionOf(door_, batch->prepared, StepDeadline());
  submission->system_infos = std::move(batch->system_infos);
  // Bounded by what an import may have under way, not by the queue's limit.
  submission->always_fits = true;
  submission->done = [self = shared_from_this(), batch](std::unique_ptr<Submission> stored) {
    self->Answered(*batch, stored->status, std::move(stored->answers));
  };
  if (absl::Status status = intake_.writer.Submit(submission); !status.ok()) {
    Answered(*batch, status, {});
  }
}

void ImportCall::Answered(ImportBatch& batch, absl::Status status, std::vector<ReportAnswer> answers) {
  {
    absl::MutexLock lock(&mutex_);
    batch.status = std::move(status);
    batch.answers = std::move(answers);
    batch.answered = true;
  }
  Advance();
}

void ImportCall::Advance() {
  while (AdvanceOnce()) {
  }
}

// True: something changed after what was decided, so that there may be more to do.
bool ImportCall::AdvanceOnce() {
  Actions actions;
  {
    absl::MutexLock lock(&mutex_);
    TakeAnsweredBatches();
    if (turns_.finished()) return false;
    const bool idle = under_way_.empty() && !turns_.stepping();
    if (infos_due_ && idle && !turns_.reading() && failure_.ok()) {
      infos_due_ = false;
      actions.system_infos = NextSystemInfos();
    }
    const bool all_answered = under_way_.empty() && !turns_.stepping();
    if (input_ended_ && all_answered && failure_.ok() && !summarised_) QueueSummary();
    if (!outgoing_.empty() && !cancelled_ && turns_.TryWrite()) {
      actions.write = true;
      write_began_ = absl::Now();
      writing_message_ = std::move(outgoing_.front());
      outgoing_.pop_front();
    }
    if (!input_ended_ && HasRoom()) (chunk_goes_on_ ? actions.cut : actions.read) = TryGoOn();
    const bool may_end = all_answered && !cancelling_ && (summarised_ || !failure_.ok());
    if (may_end && turns_.TryFinish()) {
      actions.finish = true;
      actions.status = failure_;
    }
  }
  if (actions.system_infos != nullptr) SubmitBatch(actions.system_infos);
  if (actions.write) StartWrite(&writing_message_);
  if (actions.cut) ScheduleStep([this] { CutOn(); });
  if (actions.finish) Finish(rpc::ToGrpc(actions.status));
  if (!actions.read) return false;
  StartRead(&message_);
  absl::MutexLock lock(&mutex_);
  turns_.ReadStarted();
  if (turns_.reading()) read_began_ = absl::Now();
  return true;
}

bool ImportCall::TryGoOn() { return chunk_goes_on_ ? turns_.TryStep() : turns_.TryRead(); }

// A batch of system infos only; the senders that it names are stored by now.
std::shared_ptr<ImportBatch> ImportCall::NextSystemInfos() {
  auto infos = std::make_shared<ImportBatch>();
  infos->system_infos = cutter_.TakeSystemInfos(/*all=*/input_ended_);
  if (infos->system_infos.empty()) return nullptr;
  infos->bytes = bytes_kept_ - cutter_.system_info_bytes();
  bytes_under_way_ += infos->bytes;
  bytes_kept_ = cutter_.system_info_bytes();
  under_way_.push_back(infos);
  return infos;
}

void ImportCall::TakeAnsweredBatches() {
  // Beyond the bound the answers wait where they are, and hold back what is read.
  while (!under_way_.empty() && under_way_.front()->answered &&
         (outgoing_.size() < kOutgoingMax || !failure_.ok())) {
    const std::shared_ptr<ImportBatch> batch = std::move(under_way_.front());
    under_way_.pop_front();
    reports_under_way_ -= batch->reports;
    bytes_under_way_ -= batch->bytes;
    if (failure_.ok()) failure_ = batch->status;
    if (failure_.ok()) {
      TakeResults(*batch);
    } else {
      input_ended_ = true;
    }
  }
}

void ImportCall::TakeResults(ImportBatch& batch) {
  ForEachAnswer(batch.prepared, batch.answers,
                [this](const PreparedReport& report, const ReportAnswer& answer)
                    ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                      Count(answer);
                      const bool accepted = answer.outcome == ReportAnswer::Outcome::kAccepted;
                      if (accepted && !list_accepted_) return;
                      *results_.add_results() = AnsweredResult(report, answer);
                      if (results_.results_size() >= kResultsPerMessage) QueueResults();
                    });
  totals_.set_bytes_done(std::max(totals_.bytes_done(), batch.end_offset));
}

void ImportCall::Count(const ReportAnswer& answer) {
  intake_.counters.Count(answer);
  switch (answer.outcome) {
    case ReportAnswer::Outcome::kAccepted:
      return totals_.set_accepted(totals_.accepted() + 1);
    case ReportAnswer::Outcome::kDuplicate:
      return totals_.set_duplicate(totals_.duplicate() + 1);
    case ReportAnswer::Outcome::kConflict:
      return totals_.set_conflict(totals_.conflict() + 1);
    case ReportAnswer::Outcome::kRejected:
      return totals_.set_rejected(totals_.rejected() + 1);
  }
}

bool ImportCall::HasRoom() const {
  return !infos_due_ && reports_under_way_ < kReportsUnderWayMax &&
         bytes_under_way_ + bytes_kept_ < kBytesUnderWayMax && outgoing_.size() < kOutgoingMax;
}

void ImportCall::QueueResults() {
  if (results_.results().empty()) return;
  *outgoing_.emplace_back().mutable_results() = std::move(results_);
  results_.Clear();
}

// Progress stands behind the results that it counts.
void ImportCall::QueueProgress() {
  QueueResults();
  *outgoing_.emplace_back().mutable_progress() = totals_;
}

void ImportCall::QueueSummary() {
  QueueResults();
  summarised_ = true;
  v1::ImportSummary& summary = *outgoing_.emplace_back().mutable_summary();
  if (refusal_.ok()) {
    totals_.set_bytes_done(bytes_fed_);
  } else {
    summary.set_reason(errors::ErrorId(refusal_));
    summary.set_message(std::string(refusal_.message()));
    summary.set_offset(refusal_offset_);
  }
  *summary.mutable_totals() = totals_;
}

void ImportCall::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    turns_.WriteDone();
    write_began_ = absl::InfiniteFuture();
    if (!ok) {
      // Nobody reads what waits behind it.
      cancelled_ = input_ended_ = true;
      if (failure_.ok()) failure_ = ImportCancelled();
    }
  }
  Advance();
}

// A read that runs ends by itself, with ok = false.
void ImportCall::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    input_ended_ = true;
    if (failure_.ok()) failure_ = ImportCancelled();
  }
  Advance();
}

void ImportCall::OnDone() { self_.reset(); }

void ImportCall::Tick() {
  absl::Status idle;
  bool cancel = false;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = absl::Now();
    idle = CheckIdle(now);
    // A call ends behind its last write, and this one is not taken.
    cancel = cancelling_ = !idle.ok() && now - write_began_ >= intake_.limits.import_idle_timeout;
    if (idle.ok()) {
      if (turns_.finished() || summarised_ || outgoing_.size() >= kOutgoingMax) return;
      QueueProgress();
    }
  }
  if (cancel) {
    context_.TryCancel();
    absl::MutexLock lock(&mutex_);
    cancelling_ = false;
  }
  if (!idle.ok()) return Fail(idle);
  Advance();
}

absl::Status ImportCall::CheckIdle(absl::Time now) {
  if (turns_.finished() || cancelled_) return absl::OkStatus();
  const absl::Duration most = intake_.limits.import_idle_timeout;
  // Also of a call that has failed: it ends behind its last write.
  if (now - write_began_ >= most) return ImportIdle(now - write_began_, most);
  if (!failure_.ok()) return absl::OkStatus();
  const bool waits_for_client = !input_ended_ && under_way_.empty();
  const absl::Duration read_waits = now - read_began_;
  return waits_for_client && read_waits >= most ? ImportIdle(read_waits, most) : absl::OkStatus();
}

absl::Time ImportCall::StepDeadline() const { return std::min(deadline_, absl::Now() + kStepPatience); }

}  // namespace quartermaster::ingest
