#include "services/ingest/api/document.h"

#include <utility>

#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/system_info.h"

namespace quartermaster::ingest {

void FoundReports::Add(const DocumentItem& item) {
  const bool readable = item.kind == DocumentItem::Kind::kReport;
  const std::string_view text = readable ? item.text : std::string_view();
  places_.push_back({texts_.size(), text.size(), item.offset, readable ? absl::OkStatus() : item.status});
  texts_.append(text);
  end_offset_ = item.offset + static_cast<int64_t>(item.text.size());
}

std::vector<FoundReport> FoundReports::Reports() const {
  std::vector<FoundReport> reports;
  reports.reserve(places_.size());
  for (const Place& place : places_) {
    reports.push_back({.text = std::string_view(texts_).substr(place.begin, place.size),
                       .offset = place.offset,
                       .status = place.status});
  }
  return reports;
}

bool AddSystemInfo(const DocumentItem& item, std::vector<PendingSystemInfo>& infos) {
  absl::StatusOr<SystemInfo> info = ReadSystemInfo(item.text);
  if (!info.ok()) return false;
  infos.push_back(
      {.udi = std::move(info->udi), .body = std::string(item.text), .hostname = std::move(info->hostname)});
  return true;
}

CutDocument CutWholeDocument(std::string_view document) {
  CutDocument cut;
  DocumentReader reader;
  absl::Status too_many;
  int64_t too_many_offset = 0;
  const auto on_item = [&](const DocumentItem& item) {
    if (!too_many.ok()) return;
    if (cut.reports.count() == kReportsPerDocumentMax || cut.system_infos.size() == kReportsPerDocumentMax) {
      too_many_offset = item.offset;
      too_many = TooManyReports(item.offset);
    } else if (item.kind == DocumentItem::Kind::kSystemInfo) {
      AddSystemInfo(item, cut.system_infos);
    } else {
      cut.reports.Add(item);
    }
  };
  cut.status = reader.Feed(document, on_item);
  if (cut.status.ok()) cut.status = reader.Finish(on_item);
  if (!cut.status.ok()) cut.error_offset = reader.error_offset();
  // Stands before whatever is wrong behind it.
  if (!too_many.ok()) {
    cut.status = too_many;
    cut.error_offset = too_many_offset;
  }
  return cut;
}

}  // namespace quartermaster::ingest
