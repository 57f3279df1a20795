// The dictionaries of the table body_dictionaries, in memory. Rows are never changed or deleted.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_BODY_DICTIONARIES_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_BODY_DICTIONARIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/common/pg/pool.h"
#include "services/ingest/storage/body_codec.h"

namespace quartermaster::ingest {

// Thread-safe.
class BodyDictionaries {
 public:
  // `pool` outlives this.
  explicit BodyDictionaries(pg::Pool& pool);

  // Stores the built-in dictionary when it is missing, and reads all. Until it has succeeded once,
  // Newest() is no dictionary (id 0). ingest.dictionary_mismatch when the database holds another one
  // under the built-in id.
  absl::Status Load();

  // What new bodies are compressed with.
  std::shared_ptr<const BodyDictionary> Newest() const;

  // Names the newest reports: another one than before when there are newer ones. Empty: no report.
  absl::StatusOr<std::string> NewestReports();
  // Texts of at most `count` of the newest reports.
  absl::StatusOr<std::vector<std::string>> RecentTexts(int count);

  // Stores a dictionary as the newest, unless another replica stored one since this process loaded
  // them, or there are as many as there may be. What new bodies are compressed with from now on.
  absl::Status Add(std::string_view dictionary);

  // What a stored body names; reads it when this process has not seen it yet.
  absl::StatusOr<std::shared_ptr<const BodyDictionary>> Find(int32_t dictionary_id);

 private:
  bool Knows(int32_t dictionary_id) const;

  pg::Pool& pool_;
  mutable absl::Mutex mutex_;
  std::map<int32_t, std::shared_ptr<const BodyDictionary>> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_BODY_DICTIONARIES_H_
