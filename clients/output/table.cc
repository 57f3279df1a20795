#include "clients/output/table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "clients/output/text_width.h"

namespace quartermaster::output {
namespace {

constexpr int kGap = 2;
// A text column is never squeezed below this, nor below its heading.
constexpr int kNarrowest = 8;

}  // namespace

Table::Table(std::ostream& out, std::vector<TableColumn> columns, int width)
    : out_(out), columns_(std::move(columns)), terminal_width_(width) {
  for (const TableColumn& column : columns_) widths_.push_back(DisplayWidth(column.heading));
}

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  page_.push_back(std::move(cells));
  ++row_count_;
  if (page_.size() == kPageRows) PrintPage();
}

void Table::Finish() { PrintPage(); }

void Table::PrintPage() {
  FitWidths();
  if (!headings_printed_) {
    std::vector<std::string> headings;
    for (const TableColumn& column : columns_) headings.push_back(column.heading);
    PrintRow(headings);
    headings_printed_ = true;
  }
  for (const auto& row : page_) PrintRow(row);
  page_.clear();
}

// Widens columns to their cells, then takes from the widest left-aligned column until all fit.
// Numbers are never cut: half a number is a wrong number.
void Table::FitWidths() {
  for (const auto& row : page_) {
    for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(row[i]));
  }
  if (terminal_width_ == 0 || widths_.empty()) return;
  const int gaps = kGap * static_cast<int>(widths_.size() - 1);
  int excess = std::accumulate(widths_.begin(), widths_.end(), gaps) - terminal_width_;
  while (excess > 0) {
    int widest = -1;
    for (size_t i = 0; i < widths_.size(); ++i) {
      const int floor = std::max(kNarrowest, DisplayWidth(columns_[i].heading));
      if (columns_[i].right_aligned || widths_[i] <= floor) continue;
      if (widest < 0 || widths_[i] > widths_[widest]) widest = static_cast<int>(i);
    }
    if (widest < 0) return;
    --widths_[widest];
    --excess;
  }
}

void Table::PrintRow(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool right = columns_[i].right_aligned;
    const std::string cell = right ? cells[i] : Shortened(cells[i], std::max(1, widths_[i]));
    const int padding = std::max(0, widths_[i] - DisplayWidth(cell));
    if (right) line.append(padding, ' ');
    line += cell;
    if (!right) line.append(padding, ' ');
    if (i + 1 < columns_.size()) line.append(kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << line << '\n';
}

}  // namespace quartermaster::output
