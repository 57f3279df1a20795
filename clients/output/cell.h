// One value of a row, and how each output form shows it. A row is extracted once, as JSON values;
// tables and CSV are made from those, so the three forms cannot disagree.
#ifndef QUARTERMASTER_CLIENTS_OUTPUT_CELL_H_
#define QUARTERMASTER_CLIENTS_OUTPUT_CELL_H_

#include <string>

#include "clients/output/json_writer.h"

namespace quartermaster::output {

enum class CellKind {
  kText,
  // A number that people compare: right-aligned, thousands grouped in tables.
  kCount,
  // A number that people copy (ids, offsets): right-aligned, never grouped.
  kNumber,
  // Bytes as a number; "1.7 kB" in tables.
  kBytes,
  // RFC 3339 in UTC with "Z"; "2022-12-24 11:10:45" in tables.
  kTime,
  // true/false; "yes"/"" in tables.
  kFlag,
  // Array of strings: joined by ", " in tables, by ";" in CSV.
  kList,
  // Structure: only in JSON.
  kNested,
};

bool IsRightAligned(CellKind kind);

// Null is an empty cell.
std::string TableText(CellKind kind, const Json& value);
std::string CsvText(CellKind kind, const Json& value);
// Quoted where RFC 4180 wants it.
std::string CsvField(std::string_view text);

}  // namespace quartermaster::output

#endif  // QUARTERMASTER_CLIENTS_OUTPUT_CELL_H_
