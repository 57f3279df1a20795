#include "services/ingest/storage/source_cache.h"

namespace quartermaster::ingest {
namespace {

void AppendNumber(uint64_t number, int bytes, std::string& key) {
  for (int i = 0; i < bytes; ++i) key.push_back(static_cast<char>(number >> (8 * i)));
}

}  // namespace

std::string SourceKey(int64_t smart_account_id, const Udi& udi, std::string_view entitlement_tag) {
  std::string key;
  key.reserve(16 + udi.product_id.size() + udi.serial_number.size() + entitlement_tag.size());
  AppendNumber(static_cast<uint64_t>(smart_account_id), 8, key);
  // Lengths in front, so that no two sources run together.
  AppendNumber(udi.product_id.size(), 4, key);
  AppendNumber(udi.serial_number.size(), 4, key);
  key.append(udi.product_id);
  key.append(udi.serial_number);
  key.append(entitlement_tag);
  return key;
}

std::optional<SourceNumbers> SourceCache::Find(std::string_view key) {
  absl::MutexLock lock(&mutex_);
  const SourceNumbers* numbers = numbers_.Find(key);
  return numbers == nullptr ? std::nullopt : std::optional(*numbers);
}

void SourceCache::Put(std::string_view key, SourceNumbers numbers) {
  absl::MutexLock lock(&mutex_);
  numbers_.Put(key, numbers);
}

}  // namespace quartermaster::ingest
