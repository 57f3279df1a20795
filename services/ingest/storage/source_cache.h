// The numbers of senders and sources that this process has seen lately. Numbers never change and
// rows are never deleted, so an entry is right for ever; the bound is for memory only.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_SOURCE_CACHE_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_SOURCE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/ingest/domain/report.h"
#include "services/ingest/storage/recent_map.h"

namespace quartermaster::ingest {

// Rows of report_senders and report_sources.
struct SourceNumbers {
  int64_t sender_id = 0;
  int64_t source_id = 0;
};

// A (Smart Account, UDI, tag) as one string; distinct sources have distinct keys.
std::string SourceKey(int64_t smart_account_id, const Udi& udi, std::string_view entitlement_tag);

// Thread-safe.
class SourceCache {
 public:
  // Some 300 bytes an entry.
  explicit SourceCache(size_t entries_max) : numbers_(entries_max) {}

  std::optional<SourceNumbers> Find(std::string_view key);
  // Only what is committed may be put here.
  void Put(std::string_view key, SourceNumbers numbers);

 private:
  absl::Mutex mutex_;
  RecentMap<SourceNumbers> numbers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_SOURCE_CACHE_H_
