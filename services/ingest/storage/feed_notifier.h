// Tells followers of ingest's change feed that there is something new. NOTIFY inside the group's
// transaction would hold PostgreSQL's one notification lock across the flush of its commit, and so
// let only one worker commit at a time; a notice is only a hint, so it follows on a connection of
// its own, at most every few milliseconds.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_FEED_NOTIFIER_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_FEED_NOTIFIER_H_

#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ingest {

// Thread-safe. Owns a thread from construction to destruction.
class FeedNotifier {
 public:
  explicit FeedNotifier(pg::Options database);
  ~FeedNotifier();
  FeedNotifier(const FeedNotifier&) = delete;
  FeedNotifier& operator=(const FeedNotifier&) = delete;

  // Something was committed. Never waits.
  void Announce();

 private:
  void Work();
  void Notify();
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return news_ || stopping_; }

  const pg::Options database_;
  std::unique_ptr<pg::RawConnection> connection_;
  absl::Mutex mutex_;
  bool news_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_FEED_NOTIFIER_H_
