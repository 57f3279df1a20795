// Authorizations and reservations as they are printed and asked for.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_AUTHORIZATION_ROWS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_AUTHORIZATION_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/authorizations.pb.h"

namespace quartermaster::qmctl {

// "TAG=COUNT; …"
std::string LinesText(const ledger::v1::Authorization& authorization);

const RowSpec<ledger::v1::Authorization>& AuthorizationSpec();

// Prints it; its code goes to `file`, if one is named and there is a code.
absl::StatusOr<ExitCode> ShowAuthorization(Invocation& invocation,
                                           const ledger::v1::Authorization& authorization,
                                           const std::string& file);

// Of "TAG=COUNT" each.
template <typename WithLines>
absl::Status AddLines(const std::vector<std::string>& texts, WithLines& request) {
  for (const std::string& text : texts) {
    const size_t equals = text.rfind('=');
    auto& line = *request.add_lines();
    int64_t count = 0;
    if (equals == std::string::npos || !absl::SimpleAtoi(text.substr(equals + 1), &count)) {
      return client::Usage(absl::StrCat("--license: got ", text, ", want TAG=COUNT"));
    }
    line.set_tag(text.substr(0, equals));
    line.set_count(count);
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_AUTHORIZATION_ROWS_H_
