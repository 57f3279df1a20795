// pak import
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/entitlement_import.h"
#include "clients/qmctl/input/pak_rows.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

struct PakImportOptions {
  std::string file, tags_file, start, virtual_account;
};

absl::StatusOr<PakDefaults> DefaultsOf(const PakImportOptions& options) {
  PakDefaults defaults;
  defaults.virtual_account = options.virtual_account;
  if (!options.start.empty()) {
    defaults.start = ParseTime(options.start, /*date_ends_day=*/false);
    if (!defaults.start.has_value()) {
      return client::Usage(
          absl::StrCat("--start: got '", options.start, "', want a date (2026-01-31) or an RFC 3339 time"));
    }
  }
  if (!options.tags_file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, client::ReadFile(options.tags_file));
    ASSIGN_OR_RETURN(defaults.tags, ReadSkuTags(text));
  }
  return defaults;
}

absl::StatusOr<ExitCode> Import(Invocation& invocation, const PakImportOptions& options) {
  ASSIGN_OR_RETURN(const PakDefaults defaults, DefaultsOf(options));
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto rows, ReadPaks(text, defaults));
  return BookEntitlements(invocation, rows);
}

}  // namespace

void AddPakCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "pak", "Product activation keys, from before policies");
  auto leaf = AddLeaf<PakImportOptions>(
      group, "import", "Book a list of PAKs as rights (CSV or JSON); rows stand alone", invocation, Import);
  PakImportOptions& options = *leaf.options;
  leaf.app.add_option("FILE", options.file, "The list; - is standard input")->required();
  leaf.app.add_option("--tags", options.tags_file, "CSV with the columns sku and tag");
  leaf.app.add_option("--start", options.start, "Of rows without a start: a date or a time");
  leaf.app.add_option("--virtual-account", options.virtual_account,
                      "Of rows without one (default: landing rules, else the default one)");
}

}  // namespace quartermaster::qmctl
