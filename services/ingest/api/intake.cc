#include "services/ingest/api/intake.h"

#include <utility>

namespace quartermaster::ingest {

PreparationStore::Borrowed PreparationStore::Borrow() {
  std::unique_ptr<ReportPreparation> preparation;
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      preparation = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (preparation == nullptr) preparation = std::make_unique<ReportPreparation>(context_);
  return Borrowed(preparation.release(), [this](ReportPreparation* used) {
    std::unique_ptr<ReportPreparation> owned(used);
    if (owned->Oversized()) return;
    absl::MutexLock lock(&mutex_);
    idle_.push_back(std::move(owned));
  });
}

std::unique_ptr<Submission> SubmissionOf(const Door& door, PreparedReports& prepared, absl::Time deadline) {
  auto submission = std::make_unique<Submission>();
  submission->smart_account_id = door.smart_account_id;
  submission->door_virtual_account_id = door.virtual_account_id;
  submission->reports = std::move(prepared.pending);
  submission->deadline = deadline;
  return submission;
}

}  // namespace quartermaster::ingest
