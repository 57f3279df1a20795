// Reads CSV strictly by RFC 4180: what other programs would read in two ways is an error here.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_INPUT_CSV_READER_H_
#define QUARTERMASTER_CLIENTS_QMCTL_INPUT_CSV_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::qmctl {

struct CsvRecord {
  // 1-based line of the file on which the record starts.
  int64_t line = 0;
  std::vector<std::string> fields;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRecord> records;
};

// The first record names the columns; every record has as many fields. Fields are quoted where they
// hold a comma, a quote or a line break; quotes inside are doubled; lines end in CRLF or LF. A UTF-8
// byte order mark is skipped, empty lines are too. client.input_malformed with "line N: …".
absl::StatusOr<CsvTable> ReadCsv(std::string_view text);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_INPUT_CSV_READER_H_
