#include "services/ingest/api/import_calls.h"

#include "services/common/rpc/status_conversion.h"
#include "services/ingest/api/api_errors.h"
#include "services/ingest/storage/storage_errors.h"

namespace quartermaster::ingest {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(500);

// Answers an error and nothing else.
class RefusedCall final : public ImportCalls::Reactor {
 public:
  explicit RefusedCall(const absl::Status& why) { Finish(rpc::ToGrpc(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

ImportCalls::ImportCalls(const Intake& intake, int running_max)
    : intake_(intake), running_max_(running_max), ticker_([this] { Tick(); }) {}

ImportCalls::~ImportCalls() {
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  ticker_.join();
}

ImportCalls::Reactor* ImportCalls::Start(grpc::CallbackServerContext& context) {
  std::shared_ptr<ImportCall> call;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return new RefusedCall(Stopping());
    if (static_cast<int>(running_.size()) >= running_max_) {
      return new RefusedCall(TooManyImports(running_max_));
    }
    const int64_t id = next_id_++;
    call = ImportCall::Make(intake_, context, [this, id] { Over(id); });
    running_.emplace(id, call);
  }
  call->Begin();
  return call.get();
}

void ImportCalls::Stop(absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (const std::shared_ptr<ImportCall>& call : Running()) call->Fail(Stopping());
  absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return running_.empty(); };
  mutex_.AwaitWithDeadline(absl::Condition(&none), deadline);
}

void ImportCalls::Over(int64_t id) {
  absl::MutexLock lock(&mutex_);
  running_.erase(id);
}

void ImportCalls::Tick() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&ended_), kTick)) return;
    }
    for (const std::shared_ptr<ImportCall>& call : Running()) call->Tick();
  }
}

std::vector<std::shared_ptr<ImportCall>> ImportCalls::Running() {
  std::vector<std::shared_ptr<ImportCall>> calls;
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, weak] : running_) {
    if (std::shared_ptr<ImportCall> call = weak.lock()) calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace quartermaster::ingest
