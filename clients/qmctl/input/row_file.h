// A file of rows, CSV or JSON, as an import command reads it: each row with the place to name when
// something is wrong with it.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_INPUT_ROW_FILE_H_
#define QUARTERMASTER_CLIENTS_QMCTL_INPUT_ROW_FILE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace quartermaster::qmctl {

struct InputRow {
  // "line 12" of a CSV file, "row 11" of a JSON file.
  std::string place;
  // Strings when it comes from CSV; there an empty field is as good as an absent one.
  nlohmann::json fields;
};

// Something wrong with one row: on this side or on the node's.
struct RowProblem {
  std::string place;
  std::string reason;
  std::string message;
};

// Reads CSV (the first character that is not blank is no bracket), or JSON: an array of objects, or
// an object with the one member `array_key`. client.input_malformed when it is neither.
absl::StatusOr<std::vector<InputRow>> ReadRowFile(std::string_view text, const std::string& array_key);

// Reads the fields of one row and collects what is wrong with them. A field that is wrong reads as
// its zero. Not thread-safe.
class RowReader {
 public:
  RowReader(const InputRow& row, std::vector<RowProblem>& problems) : row_(row), problems_(problems) {}

  // Whole numbers and strings of digits.
  int64_t Number(const char* field, int64_t fallback = 0);
  std::string Text(const char* field);
  std::string RequiredText(const char* field);
  int64_t RequiredNumber(const char* field);
  bool Flag(const char* field, bool fallback);
  // Array of strings; in CSV separated by ";".
  std::vector<std::string> List(const char* field);
  // One of `words`, answered as its index; nullopt when absent or wrong.
  std::optional<size_t> Word(const char* field, const std::vector<std::string>& words);
  // RFC 3339, or a date. A date is the beginning of that day in UTC, or with `date_ends_day` its
  // end, that is the beginning of the next day.
  std::optional<absl::Time> Time(const char* field, bool date_ends_day);

  // Names every field that none of the calls above asked for. Call last.
  void RefuseOtherFields();
  // Whether all was well.
  bool ok() const { return ok_; }

 private:
  const nlohmann::json* Find(const char* field);
  void Refuse(const char* field, const std::string& got, const std::string& want);

  const InputRow& row_;
  std::vector<RowProblem>& problems_;
  std::vector<std::string> asked_;
  bool ok_ = true;
};

// As RowReader::Time, for command-line options.
std::optional<absl::Time> ParseTime(std::string_view text, bool date_ends_day);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_INPUT_ROW_FILE_H_
