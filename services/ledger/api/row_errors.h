// Imports of rows: limits and errors by row.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ROW_ERRORS_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ROW_ERRORS_H_

#include "absl/status/status.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "services/common/errors/error.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {

// Rows of one import request; clients send larger files in several.
inline constexpr int kImportRowsMax = 10000;

inline absl::Status CheckRowCount(std::string_view field, int rows) {
  return rows > kImportRowsMax ? TooManyRows(field, rows, kImportRowsMax) : absl::OkStatus();
}

// `row` is 1-based.
inline void AddRowError(int64_t row, const absl::Status& status, v1::ImportResponse* response) {
  v1::ImportResponse::RowError& error = *response->add_errors();
  error.set_row(row);
  error.set_reason(errors::ErrorId(status));
  error.set_message(std::string(status.message()));
}

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ROW_ERRORS_H_
