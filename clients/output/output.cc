#include "clients/output/output.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/output/text_width.h"

namespace quartermaster::output {
namespace {

bool IsInCsv(const ColumnHead& head) { return !head.key.empty() && head.kind != CellKind::kNested; }

bool HasKey(const std::vector<ColumnHead>& heads, const std::string& key) {
  return std::any_of(heads.begin(), heads.end(), [&](const ColumnHead& head) { return head.key == key; });
}

}  // namespace

void Output::Note(const std::string& line) {
  if (format_ != OutputFormat::kTable) return;
  out_ << line << '\n';
  block_printed_ = true;
}

void Output::Begin() {
  csv_fields_.clear();
  csv_columns_.clear();
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
  if (format_ == OutputFormat::kJson) {
    json_.Key(key);
    json_.Value(value);
  } else if (format_ == OutputFormat::kCsv && !value.is_structured()) {
    csv_fields_.emplace_back(key, CsvText(CellKind::kText, value));
  }
}

void Output::WriteFields(const std::vector<ColumnHead>& heads, const std::vector<Json>& values) {
  for (size_t i = 0; i < heads.size(); ++i) {
    if (!heads[i].key.empty()) Field(heads[i].key, values[i]);
  }
}

void Output::WriteFigures(const std::vector<ColumnHead>& heads, const std::vector<Json>& values) {
  if (format_ == OutputFormat::kJson) WriteFields(heads, values);
  if (format_ != OutputFormat::kCsv) return;
  if (csv_columns_.empty()) WriteCsvHead(heads, {});
  WriteCsvLine(heads, values);
}

void Output::WriteRecord(const std::vector<ColumnHead>& heads, const std::vector<Json>& values) {
  if (format_ == OutputFormat::kJson) {
    WriteFields(heads, values);
    return;
  }
  if (format_ == OutputFormat::kCsv) {
    WriteCsvHead(heads, {});
    WriteCsvLine(heads, values);
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

void Output::OpenSection(const Section& section, std::vector<ColumnHead> heads,
                         const std::vector<ColumnHead>& figures) {
  heads_ = std::move(heads);
  section_shown_ = format_ != OutputFormat::kCsv || section.main;
  if (format_ == OutputFormat::kJson) {
    json_.Key(section.key);
    json_.BeginArray();
  } else if (format_ == OutputFormat::kCsv) {
    if (section_shown_) WriteCsvHead(heads_, figures);
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
    WriteCsvLine(heads_, values);
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

void Output::WriteCsvHead(const std::vector<ColumnHead>& heads, const std::vector<ColumnHead>& figures) {
  csv_columns_.clear();
  for (const auto& [key, text] : csv_fields_) {
    if (!HasKey(heads, key) && !HasKey(figures, key)) csv_columns_.push_back(key);
  }
  for (const ColumnHead& head : heads) {
    if (IsInCsv(head)) csv_columns_.push_back(head.key);
  }
  for (const ColumnHead& head : figures) {
    if (IsInCsv(head) && !HasKey(heads, head.key)) csv_columns_.push_back(head.key);
  }
  std::string line;
  for (const std::string& key : csv_columns_) {
    absl::StrAppend(&line, line.empty() ? "" : ",", CsvField(key));
  }
  if (line != csv_head_) out_ << line << "\r\n";
  csv_head_ = line;
}

void Output::WriteCsvLine(const std::vector<ColumnHead>& heads, const std::vector<Json>& values) {
  std::map<std::string, std::string> cells(csv_fields_.begin(), csv_fields_.end());
  for (size_t i = 0; i < heads.size(); ++i) {
    if (IsInCsv(heads[i])) cells[heads[i].key] = CsvText(heads[i].kind, values[i]);
  }
  const char* separator = "";
  for (const std::string& key : csv_columns_) {
    out_ << separator << CsvField(cells[key]);
    separator = ",";
  }
  out_ << "\r\n";
}

void Output::SeparateBlocks() {
  if (block_printed_) out_ << '\n';
  block_printed_ = true;
}

}  // namespace quartermaster::output
