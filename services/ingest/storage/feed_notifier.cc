#include "services/ingest/storage/feed_notifier.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/common/pg/change_feed.h"

namespace quartermaster::ingest {
namespace {

// Followers are asked to look at most this often.
constexpr absl::Duration kPause = absl::Milliseconds(5);

}  // namespace

FeedNotifier::FeedNotifier(pg::Options database)
    : database_(std::move(database)), thread_([this] { Work(); }) {}

FeedNotifier::~FeedNotifier() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void FeedNotifier::Announce() {
  absl::MutexLock lock(&mutex_);
  news_ = true;
}

void FeedNotifier::Work() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_, absl::Condition(this, &FeedNotifier::HasNews));
      if (!news_) return;
      news_ = false;
    }
    Notify();
    absl::SleepFor(kPause);
  }
}

constexpr char kNotifyFeed[] = "SELECT pg_notify($1, '')";

// Without a connection the hint is lost, and followers find the change when they look by themselves.
void FeedNotifier::Notify() {
  if (connection_ == nullptr || !connection_->healthy()) {
    connection_.reset();
    auto connected = pg::RawConnection::Connect(database_);
    if (!connected.ok()) return;
    connection_ = *std::move(connected);
  }
  pg::Params params;
  params.AddText(pg::kIngestFeed.channel);
  (void)connection_->Execute(kNotifyFeed, params);
}

}  // namespace quartermaster::ingest
