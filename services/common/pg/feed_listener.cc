#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/pg/change_feed.h"

namespace quartermaster::pg {

struct FeedListener::State {
  Options options;
  // "LISTEN <channel>"; channels are constants of our code.
  std::string listen_sql;
  int wake_fd = -1;
  std::unique_ptr<RawConnection> connection;
  // Connecting blocks, so that a database that is away is not asked at every Wait.
  absl::Time connect_again_at = absl::InfinitePast();

  // Whether a notice was waiting.
  bool TakeNotices();
  void ConnectIfDue();
  void Poll(absl::Duration timeout);
};

FeedListener::FeedListener(Options options, std::string channel) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->listen_sql = absl::StrCat("LISTEN ", channel);
  state_->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

FeedListener::~FeedListener() { close(state_->wake_fd); }

void FeedListener::Interrupt() {
  const uint64_t one = 1;
  // Full means that a wake-up is already waiting.
  [[maybe_unused]] const ssize_t written = write(state_->wake_fd, &one, sizeof(one));
}

bool FeedListener::State::TakeNotices() {
  if (connection == nullptr) return false;
  if (PQconsumeInput(connection->get()) == 0) {
    connection.reset();
    return false;
  }
  bool any = false;
  while (PGnotify* notice = PQnotifies(connection->get())) {
    PQfreemem(notice);
    any = true;
  }
  return any;
}

void FeedListener::State::ConnectIfDue() {
  if (connection != nullptr || absl::Now() < connect_again_at) return;
  connect_again_at = absl::Now() + absl::Seconds(1);
  auto connected = RawConnection::Connect(options);
  if (!connected.ok() || !(*connected)->Run(listen_sql.c_str()).ok()) return;
  connection = *std::move(connected);
}

void FeedListener::State::Poll(absl::Duration timeout) {
  pollfd fds[2] = {{wake_fd, POLLIN, 0}, {-1, POLLIN, 0}};
  if (connection != nullptr) fds[1].fd = PQsocket(connection->get());
  const int64_t timeout_ms = std::max<int64_t>(absl::ToInt64Milliseconds(timeout), 0);
  poll(fds, 2, static_cast<int>(std::min<int64_t>(timeout_ms, 3600 * 1000)));
}

void FeedListener::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  State& state = *state_;
  for (;;) {
    uint64_t wakes = 0;
    if (read(state.wake_fd, &wakes, sizeof(wakes)) > 0) return;
    const bool was_connected = state.connection != nullptr;
    state.ConnectIfDue();
    // What was committed before LISTEN had no notice: let the caller look.
    if (!was_connected && state.connection != nullptr) return;
    if (state.TakeNotices()) return;
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return;
    // Without a connection: wake up when it is time to try again.
    state.Poll(state.connection != nullptr
                   ? left
                   : std::min(left, state.connect_again_at - absl::Now()) + absl::Milliseconds(1));
  }
}

}  // namespace quartermaster::pg
