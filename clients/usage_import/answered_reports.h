// Which reports of a file were answered already, so that an import which starts again after the
// connection broke tells each report once, with its first answer.
#ifndef QUARTERMASTER_CLIENTS_USAGE_IMPORT_ANSWERED_REPORTS_H_
#define QUARTERMASTER_CLIENTS_USAGE_IMPORT_ANSWERED_REPORTS_H_

#include <algorithm>
#include <cstdint>
#include <set>

namespace quartermaster::client {

// Memory is bounded by the reports that the node has in hand: everything below `bytes_done` is one
// number. Not thread-safe.
class AnsweredReports {
 public:
  // Whether the report at this offset is answered for the first time.
  bool First(int64_t offset) { return offset >= bytes_done_ && offsets_.insert(offset).second; }

  // All reports below this offset are answered.
  void DoneUpTo(int64_t bytes_done) {
    bytes_done_ = std::max(bytes_done_, bytes_done);
    offsets_.erase(offsets_.begin(), offsets_.lower_bound(bytes_done_));
  }

 private:
  int64_t bytes_done_ = 0;
  std::set<int64_t> offsets_;
};

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_USAGE_IMPORT_ANSWERED_REPORTS_H_
