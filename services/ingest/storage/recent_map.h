// A bounded map from text to values that forgets what was used least recently.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_RECENT_MAP_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_RECENT_MAP_H_

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace quartermaster::ingest {

// Not thread-safe. Costs some 130 bytes an entry beside key and value.
template <typename T>
class RecentMap {
 public:
  explicit RecentMap(size_t entries_max) : entries_max_(entries_max) {}
  // by_key_ points into entries_.
  RecentMap(const RecentMap&) = delete;
  RecentMap& operator=(const RecentMap&) = delete;

  // Null when it is not there. Valid until the next Put. A found entry counts as used.
  T* Find(std::string_view key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // Replaces the value of a key that is there.
  void Put(std::string_view key, T value) {
    if (T* known = Find(key)) {
      *known = std::move(value);
      return;
    }
    if (entries_.size() >= entries_max_) {
      by_key_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(std::string(key), std::move(value));
    by_key_.emplace(entries_.front().first, entries_.begin());
  }

  size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, T>>;

  const size_t entries_max_;
  Entries entries_;  // most recently used first
  absl::flat_hash_map<std::string_view, typename Entries::iterator> by_key_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_RECENT_MAP_H_
