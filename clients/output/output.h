// The one printer. A command describes its rows once, as a list of columns, and gets table, JSON
// and CSV from it.
//
// A document is a sequence of records (the fields of one thing), sections (lists of rows) and figures
// (what is to be said of the whole). In JSON it is one object; in a table, blocks one below the other.
// CSV shows the main section, or the record when there is no section: a line for each row, with the
// fields that stood before it, and the figures as the last line.
#ifndef QUARTERMASTER_CLIENTS_OUTPUT_OUTPUT_H_
#define QUARTERMASTER_CLIENTS_OUTPUT_OUTPUT_H_

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "clients/output/cell.h"
#include "clients/output/json_writer.h"
#include "clients/output/table.h"

namespace quartermaster::output {

enum class OutputFormat { kTable, kJson, kCsv };

struct ColumnHead {
  // Key in JSON and CSV: stable, snake_case; empty = only in tables.
  std::string key;
  // Heading in tables; empty = not in tables.
  std::string heading;
  CellKind kind = CellKind::kText;
};

template <typename Row>
struct Column {
  std::string key;
  std::string heading;
  CellKind kind;
  std::function<Json(const Row&)> value;
};

template <typename Row>
using RowSpec = std::vector<Column<Row>>;

struct Section {
  // Key of the array in JSON.
  std::string key;
  // Line above the table; empty = none.
  std::string title;
  // Whether CSV shows this section.
  bool main = true;
};

// Not thread-safe. Rows stream: nothing is kept beyond one page of a table.
class Output {
 public:
  // width: as in Table.
  Output(OutputFormat format, std::ostream& out, int width)
      : format_(format), out_(out), width_(width), json_(out) {}

  OutputFormat format() const { return format_; }
  // A line for people: only in tables.
  void Note(const std::string& line);

  void Begin();
  void End();

  template <typename Row>
  void Record(const RowSpec<Row>& spec, const Row& row) {
    WriteRecord(Heads(spec), Values(spec, row));
  }
  // A field of the document, not in tables. CSV shows those that stand before the rows or the record
  // and are no structures: as a column with the same text in each line, unless a row has a column of
  // that key itself.
  void Field(const std::string& key, const Json& value);
  // What is to be said of the whole, behind the rows: fields in JSON, nothing in tables (a note says
  // it there), the last line in CSV.
  template <typename Whole>
  void Figures(const RowSpec<Whole>& spec, const Whole& whole) {
    WriteFigures(Heads(spec), Values(spec, whole));
  }

  template <typename Row>
  void BeginRows(const Section& section, const RowSpec<Row>& spec) {
    OpenSection(section, Heads(spec), {});
  }
  // When Figures() will follow: CSV has one head line for both. A key of both is one column.
  template <typename Row, typename Whole>
  void BeginRows(const Section& section, const RowSpec<Row>& spec, const RowSpec<Whole>& figures) {
    OpenSection(section, Heads(spec), Heads(figures));
  }
  template <typename Row>
  void AddRow(const RowSpec<Row>& spec, const Row& row) {
    WriteRow(Values(spec, row));
  }
  void EndRows();

  // In JSON, an array of documents such as the files of an import: each Begin()/End() in between is
  // one of them.
  void BeginDocuments(const std::string& key);
  void EndDocuments();

 private:
  template <typename Row>
  static std::vector<ColumnHead> Heads(const RowSpec<Row>& spec) {
    std::vector<ColumnHead> heads;
    for (const Column<Row>& column : spec) {
      heads.push_back({column.key, column.heading, column.kind});
    }
    return heads;
  }
  template <typename Row>
  static std::vector<Json> Values(const RowSpec<Row>& spec, const Row& row) {
    std::vector<Json> values;
    for (const Column<Row>& column : spec) values.push_back(column.value(row));
    return values;
  }

  void WriteRecord(const std::vector<ColumnHead>& heads, const std::vector<Json>& values);
  void WriteFields(const std::vector<ColumnHead>& heads, const std::vector<Json>& values);
  void WriteFigures(const std::vector<ColumnHead>& heads, const std::vector<Json>& values);
  void OpenSection(const Section& section, std::vector<ColumnHead> heads,
                   const std::vector<ColumnHead>& figures);
  void WriteRow(const std::vector<Json>& values);
  void WriteCsvHead(const std::vector<ColumnHead>& heads, const std::vector<ColumnHead>& figures);
  void WriteCsvLine(const std::vector<ColumnHead>& heads, const std::vector<Json>& values);
  void SeparateBlocks();

  const OutputFormat format_;
  std::ostream& out_;
  const int width_;
  JsonWriter json_;
  std::vector<ColumnHead> heads_;
  std::optional<Table> table_;
  bool section_shown_ = false;
  bool block_printed_ = false;
  // CSV: the fields that came so far in this document, and the keys of its columns once it has some.
  std::vector<std::pair<std::string, std::string>> csv_fields_;
  std::vector<std::string> csv_columns_;
  // CSV: the head line that was printed last, so that several files share one.
  std::string csv_head_;
};

}  // namespace quartermaster::output

#endif  // QUARTERMASTER_CLIENTS_OUTPUT_OUTPUT_H_
