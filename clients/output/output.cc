#include "clients/output/output.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/output/text_width.h"

namespace quartermaster::output {
namespace {

bool IsInCsv(const ColumnHead& head) { return !head.key.empty() && head.kind != CellKind::kNested; }

}  // namespace

void Output::Note(const std::string& line) {
  if (format_ != OutputFormat::kTable) return;
  out_ << line << '\n';
  block_printed_ = true;
}

void Output::Begin() {
  if (format_ == OutputFormat::kJson) json_.BeginObject();
}

void Output::End() {
  if (format_ == OutputFormat::kJson) json_.EndObject();
}

void Output::BeginDocuments(const std::string& key) {
  if (format_ != OutputFormat::kJson) return;
  json_.BeginObject();
  json_.Key(key);
  json_.BeginArray();
}

void Output::EndDocuments() {
  if (format_ != OutputFormat::kJson) return;
  json_.EndArray();
  json_.EndObject();
}

void Output::Field(const std::string& key, const Json& value) {
  if (format_ != OutputFormat::kJson) return;
  json_.Key(key);
  json_.Value(value);
}

void Output::WriteRecord(const std::vector<ColumnHead>& heads, const std::vector<Json>& values) {
  if (format_ == OutputFormat::kJson) {
    for (size_t i = 0; i < heads.size(); ++i) {
      if (!heads[i].key.empty()) Field(heads[i].key, values[i]);
    }
    return;
  }
  if (format_ == OutputFormat::kCsv) {
    heads_ = heads;
    WriteCsvHead();
    WriteCsvLine(values);
    return;
  }
  SeparateBlocks();
  int widest = 0;
  for (const ColumnHead& head : heads) widest = std::max(widest, DisplayWidth(head.heading));
  for (size_t i = 0; i < heads.size(); ++i) {
    const std::string text = TableText(heads[i].kind, values[i]);
    if (heads[i].heading.empty() || text.empty()) continue;
    const std::string padding(widest - DisplayWidth(heads[i].heading) + 2, ' ');
    out_ << heads[i].heading << padding << text << '\n';
  }
}

void Output::OpenSection(const Section& section, std::vector<ColumnHead> heads) {
  heads_ = std::move(heads);
  section_shown_ = format_ != OutputFormat::kCsv || section.main;
  if (format_ == OutputFormat::kJson) {
    json_.Key(section.key);
    json_.BeginArray();
  } else if (format_ == OutputFormat::kCsv) {
    if (section_shown_) WriteCsvHead();
  } else {
    SeparateBlocks();
    if (!section.title.empty()) out_ << section.title << '\n';
    std::vector<TableColumn> columns;
    for (const ColumnHead& head : heads_) {
      if (head.heading.empty()) continue;
      columns.push_back({absl::AsciiStrToUpper(head.heading), IsRightAligned(head.kind)});
    }
    table_.emplace(out_, std::move(columns), width_);
  }
}

void Output::WriteRow(const std::vector<Json>& values) {
  if (!section_shown_) return;
  if (format_ == OutputFormat::kJson) {
    Json object = Json::object();
    for (size_t i = 0; i < heads_.size(); ++i) {
      if (!heads_[i].key.empty()) object[heads_[i].key] = values[i];
    }
    json_.Value(object);
  } else if (format_ == OutputFormat::kCsv) {
    WriteCsvLine(values);
  } else {
    std::vector<std::string> cells;
    for (size_t i = 0; i < heads_.size(); ++i) {
      if (!heads_[i].heading.empty()) cells.push_back(TableText(heads_[i].kind, values[i]));
    }
    table_->Add(std::move(cells));
  }
}

void Output::EndRows() {
  if (format_ == OutputFormat::kJson) json_.EndArray();
  if (table_.has_value()) table_->Finish();
  table_.reset();
}

void Output::WriteCsvHead() {
  std::string line;
  for (const ColumnHead& head : heads_) {
    if (!IsInCsv(head)) continue;
    absl::StrAppend(&line, line.empty() ? "" : ",", CsvField(head.key));
  }
  if (line != csv_head_) out_ << line << "\r\n";
  csv_head_ = line;
}

void Output::WriteCsvLine(const std::vector<Json>& values) {
  bool first = true;
  for (size_t i = 0; i < heads_.size(); ++i) {
    if (!IsInCsv(heads_[i])) continue;
    if (!first) out_ << ',';
    out_ << CsvField(CsvText(heads_[i].kind, values[i]));
    first = false;
  }
  out_ << "\r\n";
}

void Output::SeparateBlocks() {
  if (block_printed_) out_ << '\n';
  block_printed_ = true;
}

}  // namespace quartermaster::output
