// A bounded map that forgets what was not used lately. Two generations: what is found in the old one
// moves to the young one; when the young one is full it becomes the old one, and the old one goes.
// So it holds between `entries_max` / 2 and `entries_max` of the most recently used entries, at the
// cost of a hash look-up. Not thread-safe.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_GENERATION_CACHE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_GENERATION_CACHE_H_

#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace quartermaster::ledger {

template <typename Key, typename Value>
class GenerationCache {
 public:
  explicit GenerationCache(size_t entries_max) : generation_max_(entries_max / 2) {}

  // Null when it is not there. Valid until the next call.
  Value* Find(const Key& key) {
    if (const auto young = young_.find(key); young != young_.end()) return &young->second;
    const auto old = old_.find(key);
    if (old == old_.end()) return nullptr;
    Value value = std::move(old->second);
    old_.erase(old);
    return &Put(key, std::move(value));
  }

  // Replaces what is there.
  Value& Put(const Key& key, Value value) {
    if (young_.size() >= generation_max_) {
      old_ = std::exchange(young_, {});
    }
    old_.erase(key);
    return young_.insert_or_assign(key, std::move(value)).first->second;
  }

  void Erase(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }
  void Clear() {
    young_ = {};
    old_ = {};
  }
  size_t size() const { return young_.size() + old_.size(); }

 private:
  const size_t generation_max_;
  absl::flat_hash_map<Key, Value> young_;
  absl::flat_hash_map<Key, Value> old_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_GENERATION_CACHE_H_
