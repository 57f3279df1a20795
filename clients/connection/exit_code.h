// How every client program ends.
#ifndef QUARTERMASTER_CLIENTS_CONNECTION_EXIT_CODE_H_
#define QUARTERMASTER_CLIENTS_CONNECTION_EXIT_CODE_H_

#include <ostream>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::client {

enum class ExitCode : int {
  kOk = 0,
  // The node refused something, or a check found something.
  kRefused = 1,
  // Command line, environment, credential.
  kUsage = 2,
  // No answer within the timeout, or the node cannot serve.
  kUnreachable = 3,
};

ExitCode ExitCodeFor(const absl::Status& status);

// One line: "<program>: <error id>: <message>", safe for a terminal.
void Complain(std::ostream& err, std::string_view program, const absl::Status& status);

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_CONNECTION_EXIT_CODE_H_
