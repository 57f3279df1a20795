#include "clients/command_line/registration.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/connection/client_errors.h"
#include "services/common/ids/uuid.h"

namespace quartermaster::command_line {

CLI::App& AddGroup(CLI::App& parent, const char* name, const char* description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->fallthrough();
  group->require_subcommand(1);
  return *group;
}

void AddLimit(CLI::App& app, ListOptions& options) {
  app.add_option("--limit", options.limit, "At most this many rows (default: all)")
      ->check(CLI::NonNegativeNumber);
}

absl::StatusOr<common::v1::Udi> ParseUdi(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return client::Usage(
        absl::StrCat("product instance: got '", text, "', want PID:SN, for example C9300-24UX:FCW2134L0AB"));
  }
  common::v1::Udi udi;
  udi.set_product_id(text.substr(0, colon));
  udi.set_serial_number(text.substr(colon + 1));
  return udi;
}

std::string NewRequestId() { return ids::UuidToString(ids::NewUuidV7(absl::Now())); }

}  // namespace quartermaster::command_line
