// One line on a terminal that says how far an import is; silent elsewhere.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_PROGRESS_BAR_H_
#define QUARTERMASTER_CLIENTS_QMCTL_PROGRESS_BAR_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace quartermaster::qmctl {

// "usage.xml  [#####     ]  45%  1.2 GB of 2.8 GB  24,000 reports/s  0:43 left". size 0 = unknown.
std::string ProgressLine(const std::string& name, int64_t bytes_done, int64_t size, int64_t reports,
                         absl::Duration elapsed);

// Not thread-safe.
class ProgressBar {
 public:
  ProgressBar(std::ostream& err, bool is_terminal, std::string name, int64_t size);
  // Takes the line away again.
  ~ProgressBar();
  // Redraws at most ten times a second.
  void Show(int64_t bytes_done, int64_t reports);

 private:
  std::ostream& err_;
  const bool is_terminal_;
  const std::string name_;
  const int64_t size_;
  const absl::Time started_;
  absl::Time drawn_at_ = absl::InfinitePast();
};

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_PROGRESS_BAR_H_
