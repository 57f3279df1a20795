#include "clients/connection/exit_code.h"

#include <string>

#include "clients/connection/client_errors.h"
#include "clients/output/text_width.h"
#include "services/common/errors/error.h"

namespace quartermaster::client {

ExitCode ExitCodeFor(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const std::string id = errors::ErrorId(status);
  if (id == kUnreachableId) return ExitCode::kUnreachable;
  if (id == kUsageId || id == "client.credential_malformed") return ExitCode::kUsage;
  return ExitCode::kRefused;
}

void Complain(std::ostream& err, std::string_view program, const absl::Status& status) {
  err << program << ": " << errors::ErrorId(status) << ": "
      << output::Printable(std::string(status.message())) << '\n';
}

}  // namespace quartermaster::client
