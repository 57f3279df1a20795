#include "services/ingest/storage/submission_queue.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/storage/storage_errors.h"

namespace quartermaster::ingest {
namespace {

// A full queue of small reports drains in about a second.
constexpr absl::Duration kRetryAfter = absl::Milliseconds(500);
// When one taker is not enough: so many reports wait behind it, or one of them so long (a commit takes
// a few milliseconds).
constexpr int64_t kCrowd = 1000;
constexpr absl::Duration kLongWait = absl::Milliseconds(15);
// A commit costs the database as much as the rows of some fifty reports: so many start a group at once,
// fewer wait so long for company.
constexpr int64_t kCompany = 48;
constexpr absl::Duration kWaitForCompany = absl::Milliseconds(3);

}  // namespace

absl::Status SubmissionQueue::Push(std::unique_ptr<Submission>& submission) {
  const int64_t reports = std::max<int64_t>(1, static_cast<int64_t>(submission->reports.size()));
  const int64_t bytes = submission->Bytes();
  absl::MutexLock lock(&mutex_);
  if (closed_) return Stopping();
  const bool fits =
      depth_.reports + reports <= limits_.reports_max && depth_.bytes + bytes <= limits_.bytes_max;
  if (!fits && !waiting_.empty() && !submission->always_fits)
    return errors::WithRetryDelay(QueueFull(), kRetryAfter);
  depth_.reports += reports;
  depth_.bytes += bytes;
  waiting_.push_back({std::move(submission), absl::Now(), reports, bytes});
  return absl::OkStatus();
}

SubmissionQueue::Submissions SubmissionQueue::Take(int64_t reports_max, int64_t bytes_max) {
  absl::MutexLock lock(&mutex_);
  AwaitTurn();
  Submissions taken;
  int64_t reports = 0, bytes = 0;
  while (!waiting_.empty()) {
    Waiting& front = waiting_.front();
    reports += front.reports;
    bytes += front.bytes;
    if (!taken.empty() && (reports > reports_max || bytes > bytes_max)) break;
    Forget(front);
    taken.push_back(std::move(front.submission));
    waiting_.pop_front();
  }
  if (!taken.empty()) ++takers_busy_;
  return taken;
}

void SubmissionQueue::Release() {
  absl::MutexLock lock(&mutex_);
  --takers_busy_;
}

absl::Time SubmissionQueue::WaitEnd() const {
  return waiting_.front().since + (takers_busy_ == 0 ? kWaitForCompany : kLongWait);
}

bool SubmissionQueue::NeedsAnotherTaker() const {
  if (closed_) return true;
  if (waiting_.empty()) return false;
  return depth_.reports >= (takers_busy_ == 0 ? kCompany : kCrowd) || absl::Now() >= WaitEnd();
}

void SubmissionQueue::AwaitTurn() {
  while (true) {
    mutex_.Await(absl::Condition(this, &SubmissionQueue::HasWork));
    if (NeedsAnotherTaker()) return;
    // Time alone wakes nobody.
    if (mutex_.AwaitWithDeadline(absl::Condition(this, &SubmissionQueue::NeedsAnotherTaker), WaitEnd())) {
      return;
    }
  }
}

SubmissionQueue::Submissions SubmissionQueue::TakeExpired(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  Submissions expired;
  for (Waiting& waiting : waiting_) {
    if (waiting.submission->deadline > now) continue;
    Forget(waiting);
    expired.push_back(std::move(waiting.submission));
  }
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(),
                                [](const Waiting& waiting) { return waiting.submission == nullptr; }),
                 waiting_.end());
  return expired;
}

void SubmissionQueue::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

bool SubmissionQueue::closed() const {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

SubmissionQueue::Depth SubmissionQueue::depth() const {
  absl::MutexLock lock(&mutex_);
  return depth_;
}

void SubmissionQueue::Forget(const Waiting& waiting) {
  depth_.reports -= waiting.reports;
  depth_.bytes -= waiting.bytes;
}

}  // namespace quartermaster::ingest
