// What the import commands of rows share: sending in batches and telling what became of each row.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_IMPORT_ANSWER_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_IMPORT_ANSWER_H_

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/input/import_rows.h"
#include "clients/qmctl/words.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {

struct ImportAnswer {
  int64_t added = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  std::vector<RowProblem> problems;

  // Adds what the node said about rows whose first one has place `places[offset]`.
  void Add(const ledger::v1::ImportResponse& response, const std::vector<std::string>& places, size_t offset);
};

// Prints it; kRefused when any row has a problem.
ExitCode PrintImportAnswer(Invocation& invocation, const ImportAnswer& answer);

// Sends `rows` in batches through `send(begin, end)` and prints the answer.
template <typename Row>
absl::StatusOr<ExitCode> SendRows(
    Invocation& invocation, const ImportRows<Row>& rows, size_t batch,
    const std::function<absl::StatusOr<ledger::v1::ImportResponse>(size_t begin, size_t end)>& send) {
  ImportAnswer answer;
  answer.problems = rows.problems;
  for (size_t begin = 0; begin < rows.rows.size(); begin += batch) {
    const size_t end = std::min(rows.rows.size(), begin + batch);
    ASSIGN_OR_RETURN(const auto response, send(begin, end));
    answer.Add(response, rows.places, begin);
  }
  return PrintImportAnswer(invocation, answer);
}

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_IMPORT_ANSWER_H_
