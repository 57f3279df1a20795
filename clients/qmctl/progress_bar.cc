#include "clients/qmctl/progress_bar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/output/cell.h"
#include "clients/output/text_width.h"

namespace quartermaster::qmctl {
namespace {

using output::CellKind;
using output::Printable;
using output::TableText;

constexpr int kBarWidth = 20;

std::string MinutesAndSeconds(double seconds) {
  const int64_t whole = static_cast<int64_t>(seconds + 0.5);
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

}  // namespace

std::string ProgressLine(const std::string& name, int64_t bytes_done, int64_t size, int64_t reports,
                         absl::Duration elapsed) {
  const double seconds = std::max(0.001, absl::ToDoubleSeconds(elapsed));
  const int64_t rate = static_cast<int64_t>(static_cast<double>(reports) / seconds);
  const std::string speed = absl::StrCat(TableText(CellKind::kCount, rate), " reports/s");
  const std::string done = TableText(CellKind::kBytes, bytes_done);
  if (size <= 0) return absl::StrCat(name, "  ", done, "  ", speed);
  const double share = std::min(1.0, static_cast<double>(bytes_done) / static_cast<double>(size));
  std::string bar(static_cast<size_t>(share * kBarWidth), '#');
  bar.resize(kBarWidth, ' ');
  std::string line = absl::StrFormat("%s  [%s] %3d%%  %s of %s  %s", name, bar, static_cast<int>(share * 100),
                                     done, TableText(CellKind::kBytes, size), speed);
  if (share > 0.01 && seconds > 1) {
    absl::StrAppend(&line, "  ", MinutesAndSeconds(seconds * (1 - share) / share), " left");
  }
  return line;
}

ProgressBar::ProgressBar(std::ostream& err, bool is_terminal, std::string name, int64_t size)
    : err_(err), is_terminal_(is_terminal), name_(Printable(name)), size_(size), started_(absl::Now()) {}

ProgressBar::~ProgressBar() {
  if (is_terminal_ && drawn_at_ != absl::InfinitePast()) err_ << "\r\x1b[K" << std::flush;
}

void ProgressBar::Show(int64_t bytes_done, int64_t reports) {
  const absl::Time now = absl::Now();
  if (!is_terminal_ || now - drawn_at_ < absl::Milliseconds(100)) return;
  drawn_at_ = now;
  err_ << "\r\x1b[K" << ProgressLine(name_, bytes_done, size_, reports, now - started_) << std::flush;
}

}  // namespace quartermaster::qmctl
