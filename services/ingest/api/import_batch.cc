#include "services/ingest/api/import_batch.h"

#include <iterator>
#include <utility>

namespace quartermaster::ingest {
namespace {

// Small enough that all cores have something to do, large enough that handing over costs nothing.
constexpr size_t kBatchReports = 128;
constexpr size_t kBatchBytes = 256 << 10;
// Of one step: a file of empty reports must not become millions of them at once.
constexpr size_t kStepReports = 2048;
// System infos are kept for a moment, so that their senders' reports are stored first.
constexpr size_t kSystemInfosKept = 256;
constexpr size_t kSystemInfoBytesKept = 4 << 20;

size_t BytesOf(const PendingSystemInfo& info) {
  return sizeof(info) + info.body.size() + info.hostname.size();
}

}  // namespace

BatchCutter::Batches BatchCutter::Feed(std::string_view& bytes) {
  found_ = 0;
  while (!bytes.empty() && error_.ok() && found_ < kStepReports && !system_infos_due()) {
    const std::string_view piece = bytes.substr(0, reader_.BytesOf(kStepReports));
    bytes.remove_prefix(piece.size());
    bytes_fed_ += static_cast<int64_t>(piece.size());
    error_ = reader_.Feed(piece, [this](const DocumentItem& item) { Take(item); });
  }
  return TakeBatches();
}

bool BatchCutter::system_infos_due() const {
  return system_infos_.size() > kSystemInfosKept || system_info_bytes_ >= kSystemInfoBytesKept;
}

BatchCutter::Batches BatchCutter::Finish() {
  error_ = reader_.Finish([this](const DocumentItem& item) { Take(item); });
  return TakeBatches();
}

void BatchCutter::Take(const DocumentItem& item) {
  if (item.kind == DocumentItem::Kind::kSystemInfo) {
    if (AddSystemInfo(item, system_infos_)) system_info_bytes_ += BytesOf(system_infos_.back());
    return;
  }
  ++found_;
  open_.Add(item);
  if (open_.count() >= kBatchReports || open_.bytes() >= kBatchBytes) CloseBatch();
}

void BatchCutter::CloseBatch() {
  if (open_.count() == 0) return;
  auto batch = std::make_shared<ImportBatch>();
  batch->reports = open_.count();
  batch->bytes = open_.bytes();
  batch->end_offset = open_.end_offset();
  batch->found = std::move(open_);
  open_ = FoundReports();
  closed_.push_back(std::move(batch));
}

// What a piece of the file held is not kept waiting for the next piece.
BatchCutter::Batches BatchCutter::TakeBatches() {
  CloseBatch();
  return std::exchange(closed_, {});
}

std::vector<PendingSystemInfo> BatchCutter::TakeSystemInfos(bool all) {
  std::vector<PendingSystemInfo> taken = std::exchange(system_infos_, {});
  system_info_bytes_ = 0;
  // The reports of the newest may stand behind it.
  if (!all && !taken.empty()) {
    system_infos_.push_back(std::move(taken.back()));
    system_info_bytes_ = BytesOf(system_infos_.back());
    taken.pop_back();
  }
  return taken;
}

}  // namespace quartermaster::ingest
