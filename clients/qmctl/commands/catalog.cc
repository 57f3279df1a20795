// catalog import, catalog list
#include <string>

#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/import_answer.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/catalog.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::CatalogService;
using ledger::v1::LicenseTag;

struct CatalogImportOptions {
  std::string file;
};
struct CatalogListOptions : ListOptions {
  bool unknown_only = false;
};

const RowSpec<LicenseTag>& TagSpec() {
  using K = CellKind;
  using R = LicenseTag;
  static const auto* spec = new RowSpec<R>{
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"display_name", "License", K::kText, [](const R& r) { return TextOrNull(r.display_name()); }},
      {"description", "", K::kText, [](const R& r) { return TextOrNull(r.description()); }},
      {"enforcement", "Enforcement", K::kText, [](const R& r) { return EnumWord(r.enforcement()); }},
      {"term", "Term", K::kText, [](const R& r) { return EnumWord(r.term()); }},
      {"substitutes_for", "Substitutes for", K::kList,
       [](const R& r) {
         return Json(std::vector<std::string>(r.substitutes_for().begin(), r.substitutes_for().end()));
       }},
      {"known", "Known", K::kFlag, [](const R& r) { return Json(r.known()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Import(Invocation& invocation, const CatalogImportOptions& options) {
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto rows, ReadCatalog(text));
  // All or nothing: a catalogue with a bad row is not sent at all.
  if (!rows.problems.empty()) {
    ImportAnswer answer;
    answer.problems = rows.problems;
    return PrintImportAnswer(invocation, answer);
  }
  return SendRows<LicenseTag>(invocation, rows, /*batch=*/SIZE_MAX / 2, [&](size_t begin, size_t end) {
    ledger::v1::ImportCatalogRequest request;
    request.set_request_id(NewRequestId());
    for (size_t i = begin; i < end; ++i) *request.add_license_tags() = rows.rows[i];
    return invocation.Call<CatalogService>(&CatalogService::Stub::ImportCatalog, request);
  });
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const CatalogListOptions& options) {
  ledger::v1::ListLicenseTagsRequest request;
  request.set_unknown_only(options.unknown_only);
  return ListRows<CatalogService>(
      invocation, {"license_tags", ""}, TagSpec(), &CatalogService::Stub::ListLicenseTags, request,
      [](const auto& page) -> const auto& { return page.license_tags(); }, options.limit);
}

}  // namespace

void AddCatalogCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& catalog = AddGroup(app, "catalog", "License tags: names, enforcement, substitution");
  auto import_leaf = AddLeaf<CatalogImportOptions>(
      catalog, "import", "Add or replace license tags (CSV or JSON); all or nothing", invocation, Import);
  import_leaf.app.add_option("FILE", import_leaf.options->file, "CSV or JSON; - is standard input")
      ->required();
  auto list = AddLeaf<CatalogListOptions>(catalog, "list", "License tags", invocation, List);
  list.app.add_flag("--unknown", list.options->unknown_only,
                    "Only tags that reports named but no catalogue knows");
  AddLimit(list.app, *list.options);
}

}  // namespace quartermaster::qmctl
