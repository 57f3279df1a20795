// Gives the estate a body dictionary of its own as soon as enough reports are stored, and a better one
// when its reports have changed.
#ifndef QUARTERMASTER_SERVICES_INGEST_JOBS_TRAIN_DICTIONARY_H_
#define QUARTERMASTER_SERVICES_INGEST_JOBS_TRAIN_DICTIONARY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ingest/storage/body_dictionaries.h"

namespace quartermaster::ingest {

// Safe to run in several replicas at once. Not thread-safe.
class TrainDictionary {
 public:
  // `dictionaries` outlives the job.
  explicit TrainDictionary(BodyDictionaries& dictionaries) : dictionaries_(dictionaries) {}

  // Takes over what other replicas have stored, then trains when there are reports that it has not
  // seen. Whether the newest dictionary is another one than before.
  absl::StatusOr<bool> RunOnce();

  // When to run again: soon while the estate has none of its own, unless one did not pay.
  absl::Duration Pause() const;

 private:
  BodyDictionaries& dictionaries_;
  // BodyDictionaries::NewestReports of the last training.
  std::string trained_on_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_JOBS_TRAIN_DICTIONARY_H_
