#include "clients/qmctl/input/csv_reader.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::Status Malformed(int64_t line, const std::string& message) {
  return client::InputMalformed(absl::StrCat("line ", line, ": ", message));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == kByteOrderMark) at_ = 3;
  }

  bool AtEnd() const { return at_ == text_.size(); }

  // An empty `fields` is an empty line.
  absl::StatusOr<CsvRecord> ReadRecord() {
    CsvRecord record;
    record.line = line_;
    if (SkipLineEnd()) return record;
    while (true) {
      ASSIGN_OR_RETURN(std::string field, Peek() == '"' ? ReadQuoted() : ReadBare());
      record.fields.push_back(std::move(field));
      if (AtEnd() || SkipLineEnd()) return record;
      if (Peek() != ',') {
        return Malformed(line_, absl::StrCat("after a quoted field: got '", std::string(1, Peek()),
                                             "', want a comma or the end of the line"));
      }
      ++at_;
    }
  }

 private:
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }

  bool SkipLineEnd() {
    if (Peek() == '\n') {
      at_ += 1;
    } else if (text_.substr(at_, 2) == "\r\n") {
      at_ += 2;
    } else {
      return false;
    }
    ++line_;
    return true;
  }

  absl::StatusOr<std::string> ReadBare() {
    const size_t start = at_;
    while (!AtEnd() && Peek() != ',' && Peek() != '\n' && Peek() != '\r') {
      if (Peek() == '"') return Malformed(line_, "got a quote inside a field that is not quoted");
      ++at_;
    }
    if (Peek() == '\r' && text_.substr(at_, 2) != "\r\n") {
      return Malformed(line_, "got a carriage return without a line feed");
    }
    return std::string(text_.substr(start, at_ - start));
  }

  absl::StatusOr<std::string> ReadQuoted() {
    const int64_t opened_on = line_;
    std::string field;
    ++at_;
    while (!AtEnd()) {
      const char c = text_[at_++];
      if (c == '"' && Peek() != '"') return field;
      if (c == '"') ++at_;
      if (c == '\n') ++line_;
      field += c;
    }
    return Malformed(opened_on, "got a quoted field that never ends");
  }

  const std::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

absl::Status CheckHeader(const CsvRecord& header) {
  std::set<std::string> seen;
  for (const std::string& name : header.fields) {
    if (name.empty()) return Malformed(header.line, "got a column without a name");
    if (!seen.insert(name).second) {
      return Malformed(header.line, absl::StrCat("got column '", name, "' twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CsvTable> ReadCsv(std::string_view text) {
  Reader reader(text);
  CsvTable table;
  while (!reader.AtEnd()) {
    ASSIGN_OR_RETURN(CsvRecord record, reader.ReadRecord());
    if (record.fields.empty()) continue;
    if (table.header.empty()) {
      RETURN_IF_ERROR(CheckHeader(record));
      table.header = std::move(record.fields);
      continue;
    }
    if (record.fields.size() != table.header.size()) {
      return Malformed(record.line, absl::StrCat("got ", record.fields.size(), " fields, want ",
                                                 table.header.size(), " as in the header"));
    }
    table.records.push_back(std::move(record));
  }
  if (table.header.empty()) return client::InputMalformed("line 1: got no header");
  return table;
}

}  // namespace quartermaster::qmctl
