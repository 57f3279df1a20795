// Lays rows of text out in aligned columns that fit the terminal.
#ifndef QUARTERMASTER_CLIENTS_OUTPUT_TABLE_H_
#define QUARTERMASTER_CLIENTS_OUTPUT_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace quartermaster::output {

struct TableColumn {
  std::string heading;
  bool right_aligned = false;
};

// Rows are held back until a page is full, so that columns fit what they hold; later pages keep the
// widths of the first and grow where they must. Memory is bounded by the page. Not thread-safe.
class Table {
 public:
  static constexpr size_t kPageRows = 1000;

  // width: columns of the terminal; 0 = as wide as needed (output to a file or pipe).
  Table(std::ostream& out, std::vector<TableColumn> columns, int width);
  void Add(std::vector<std::string> cells);
  // Prints what is held back. With no row at all, only the headings.
  void Finish();
  bool empty() const { return row_count_ == 0; }

 private:
  void PrintPage();
  void FitWidths();
  void PrintRow(const std::vector<std::string>& cells);

  std::ostream& out_;
  const std::vector<TableColumn> columns_;
  const int terminal_width_;
  std::vector<int> widths_;
  std::vector<std::vector<std::string>> page_;
  size_t row_count_ = 0;
  bool headings_printed_ = false;
};

}  // namespace quartermaster::output

#endif  // QUARTERMASTER_CLIENTS_OUTPUT_TABLE_H_
