// trust certificate import, trust ca import, trust authority export
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/pem_batches.h"
#include "clients/qmctl/commands/trust_codes.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using authority::v1::AcknowledgementService;
using authority::v1::ImportCertificatesResponse;
using authority::v1::TrustService;
using Refusal = ImportCertificatesResponse::Refusal;

struct PemOptions {
  std::string file;
};

const RowSpec<Refusal>& RefusalSpec() {
  using K = CellKind;
  using R = Refusal;
  static const auto* spec = new RowSpec<R>{
      {"place", "Place", K::kNumber, [](const R& r) { return Json(r.place()); }},
      {"subject", "Subject", K::kText, [](const R& r) { return TextOrNull(r.subject()); }},
      {"reason", "Reason", K::kText, [](const R& r) { return Json(r.reason()); }},
      {"message", "Message", K::kText, [](const R& r) { return Json(r.message()); }},
  };
  return *spec;
}

const RowSpec<ImportCertificatesResponse>& AnswerSpec() {
  using K = CellKind;
  using R = ImportCertificatesResponse;
  static const auto* spec = new RowSpec<R>{
      {"imported", "", K::kCount, [](const R& r) { return Json(r.imported()); }},
      {"unchanged", "", K::kCount, [](const R& r) { return Json(r.unchanged()); }},
      {"refused", "", K::kCount, [](const R& r) { return Json(r.refusals_size()); }},
  };
  return *spec;
}

void Merge(ImportCertificatesResponse&& part, int first_place, ImportCertificatesResponse& whole) {
  whole.set_imported(whole.imported() + part.imported());
  whole.set_unchanged(whole.unchanged() + part.unchanged());
  for (Refusal& refusal : *part.mutable_refusals()) {
    refusal.set_place(refusal.place() + first_place);
    *whole.add_refusals() = std::move(refusal);
  }
}

ExitCode PrintImport(Invocation& invocation, const ImportCertificatesResponse& answer) {
  Output& output = invocation.output();
  output.Begin();
  if (output.format() != OutputFormat::kTable || answer.refusals_size() > 0) {
    output.BeginRows({"refusals", ""}, RefusalSpec(), AnswerSpec());
    for (const Refusal& refusal : answer.refusals()) output.AddRow(RefusalSpec(), refusal);
    output.EndRows();
  }
  output.Figures(AnswerSpec(), answer);
  output.Note(absl::StrCat(answer.imported(), " imported, ", answer.unchanged(), " unchanged, ",
                           answer.refusals_size(), " refused"));
  output.End();
  return answer.refusals_size() == 0 ? ExitCode::kOk : ExitCode::kRefused;
}

absl::StatusOr<ExitCode> ImportCertificates(Invocation& invocation, const PemOptions& options) {
  ASSIGN_OR_RETURN(const std::string pem, client::ReadFile(options.file));
  ImportCertificatesResponse whole;
  for (PemBatch& batch : CutPem(pem)) {
    authority::v1::ImportTrustCertificatesRequest request;
    request.set_smart_account(invocation.options.smart_account);
    request.set_pem(std::move(batch.pem));
    ASSIGN_OR_RETURN(auto part,
                     invocation.Call<TrustService>(&TrustService::Stub::ImportTrustCertificates, request));
    Merge(std::move(part), batch.first_place, whole);
  }
  return PrintImport(invocation, whole);
}

absl::StatusOr<ExitCode> ImportCa(Invocation& invocation, const PemOptions& options) {
  authority::v1::ImportManufacturerCaRequest request;
  ASSIGN_OR_RETURN(*request.mutable_pem(), client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Call<TrustService>(&TrustService::Stub::ImportManufacturerCa, request));
  return PrintImport(invocation, answer);
}

struct ExportedCertificates {
  std::string file;
  int count = 0;
};

const RowSpec<ExportedCertificates>& ExportSpec() {
  using R = ExportedCertificates;
  static const auto* spec = new RowSpec<R>{
      {"file", "File", CellKind::kText, [](const R& r) { return Json(r.file); }},
      {"certificates", "Certificates", CellKind::kCount, [](const R& r) { return Json(r.count); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ExportAuthority(Invocation& invocation, const PemOptions& options) {
  ASSIGN_OR_RETURN(const auto answer, invocation.Call<AcknowledgementService>(
                                          &AcknowledgementService::Stub::GetAuthorityCertificates,
                                          authority::v1::GetAuthorityCertificatesRequest()));
  std::string bundle;
  for (const std::string& pem : answer.pem()) {
    bundle += pem;
    if (!pem.ends_with('\n')) bundle += '\n';
  }
  if (options.file == "-") {
    invocation.streams().out << bundle;
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(client::WriteFileAtomically(options.file, bundle));
  Output& output = invocation.output();
  output.Begin();
  output.Record(ExportSpec(), {options.file, answer.pem_size()});
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddTrustCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& trust = AddGroup(app, "trust", "Certificates that signed reports are verified under");
  AddTrustCodeCommands(trust, invocation);
  CLI::App& certificate = AddGroup(trust, "certificate", "Certificates of product instances");
  auto import_leaf = AddLeaf<PemOptions>(certificate, "import", "Import certificates (PEM, any number)",
                                         invocation, ImportCertificates);
  import_leaf.app.add_option("FILE", import_leaf.options->file, "PEM; - is standard input")->required();

  CLI::App& ca = AddGroup(trust, "ca", "CA certificates of manufacturers");
  auto import_ca =
      AddLeaf<PemOptions>(ca, "import", "Import a manufacturer's CA certificate (PEM)", invocation, ImportCa);
  import_ca.app.add_option("FILE", import_ca.options->file, "PEM; - is standard input")->required();

  CLI::App& authority = AddGroup(trust, "authority", "The node's own certificates");
  auto export_leaf =
      AddLeaf<PemOptions>(authority, "export", "Write the certificates that acknowledgements must end in",
                          invocation, ExportAuthority);
  export_leaf.app
      .add_option("-o,--file", export_leaf.options->file,
                  "Where the PEM goes; - is standard output (here -o is no format)")
      ->required();
}

}  // namespace quartermaster::qmctl
