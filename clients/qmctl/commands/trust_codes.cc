// trust list, trust revoke, trust revocation-list
#include "clients/qmctl/commands/trust_codes.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "quartermaster/authority/v1/trust_codes.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using authority::v1::RevokeTrustRequest;
using authority::v1::TrustCertificate;
using authority::v1::TrustCodeService;
using authority::v1::TrustService;

struct TrustListOptions : ListOptions {
  std::string product_instance;
};
struct RevokeOptions {
  std::string product_instance;
  std::string key;
  std::string reason = "unspecified";
};
struct FileOptions {
  std::string file;
};

const char* OriginWord(TrustCertificate::Origin origin) {
  switch (origin) {
    case TrustCertificate::ORIGIN_IMPORTED:
      return "imported";
    case TrustCertificate::ORIGIN_ID_TOKEN:
      return "id token";
    case TrustCertificate::ORIGIN_FACTORY:
      return "factory";
    case TrustCertificate::ORIGIN_RENEWAL:
      return "renewal";
    default:
      return "unknown";
  }
}

const RowSpec<TrustCertificate>& TrustSpec() {
  using K = CellKind;
  using R = TrustCertificate;
  static const auto* spec = new RowSpec<R>{
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"origin", "By", K::kText, [](const R& r) { return Json(OriginWord(r.origin())); }},
      {"key_id", "Key", K::kText, [](const R& r) { return Json(r.key_id()); }},
      {"algorithm", "", K::kText, [](const R& r) { return Json(r.algorithm()); }},
      {"issuer", "", K::kText, [](const R& r) { return Json(r.issuer()); }},
      {"not_before", "", K::kTime, [](const R& r) { return TimeJson(r.has_not_before(), r.not_before()); }},
      {"not_after", "Until", K::kTime, [](const R& r) { return TimeJson(r.has_not_after(), r.not_after()); }},
      {"retired_at", "Retires", K::kTime,
       [](const R& r) { return TimeJson(r.has_retired_at(), r.retired_at()); }},
      {"replaced_by", "", K::kText, [](const R& r) { return TextOrNull(r.replaced_by()); }},
      {"revoked_at", "Revoked", K::kTime,
       [](const R& r) { return TimeJson(r.has_revoked_at(), r.revoked_at()); }},
      {"export_controlled", "", K::kFlag, [](const R& r) { return Json(r.export_controlled()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const TrustListOptions& options) {
  authority::v1::ListTrustCertificatesRequest request;
  request.set_smart_account(invocation.options.smart_account);
  if (!options.product_instance.empty()) {
    ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.product_instance));
    request.set_product_id(udi.product_id());
    request.set_serial_number(udi.serial_number());
  }
  return ListRows<TrustService>(
      invocation, {"trust_certificates", ""}, TrustSpec(), &TrustService::Stub::ListTrustCertificates,
      request, [](const auto& page) -> const auto& { return page.trust_certificates(); }, options.limit);
}

const std::map<std::string, RevokeTrustRequest::Reason>& Reasons() {
  static const auto* reasons = new std::map<std::string, RevokeTrustRequest::Reason>{
      {"unspecified", RevokeTrustRequest::REASON_UNSPECIFIED},
      {"key-compromise", RevokeTrustRequest::REASON_KEY_COMPROMISE},
      {"superseded", RevokeTrustRequest::REASON_SUPERSEDED},
      {"cessation", RevokeTrustRequest::REASON_CESSATION_OF_OPERATION}};
  return *reasons;
}

const RowSpec<authority::v1::RevokeTrustResponse>& RevokedSpec() {
  using R = authority::v1::RevokeTrustResponse;
  static const auto* spec = new RowSpec<R>{
      {"revoked", "", CellKind::kCount, [](const R& r) { return Json(r.revoked()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Revoke(Invocation& invocation, const RevokeOptions& options) {
  if (options.product_instance.empty() && options.key.empty()) {
    return client::Usage("revoke: want --product-instance PID:SN, --key ID, or both");
  }
  RevokeTrustRequest request;
  request.set_smart_account(invocation.options.smart_account);
  if (!options.product_instance.empty()) {
    ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.product_instance));
    request.set_product_id(udi.product_id());
    request.set_serial_number(udi.serial_number());
  }
  request.set_key_id(options.key);
  request.set_reason(Reasons().at(options.reason));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Call<TrustCodeService>(&TrustCodeService::Stub::RevokeTrust, request));
  Output& output = invocation.output();
  output.Begin();
  output.Figures(RevokedSpec(), answer);
  output.Note(absl::StrCat(answer.revoked(), " revoked; reports under them are rejected within 2 s"));
  output.End();
  return ExitCode::kOk;
}

struct WrittenList {
  std::string file;
  authority::v1::RevocationList list;
};

const RowSpec<WrittenList>& WrittenSpec() {
  using K = CellKind;
  using R = WrittenList;
  static const auto* spec = new RowSpec<R>{
      {"file", "File", K::kText, [](const R& r) { return Json(r.file); }},
      {"number", "Number", K::kNumber, [](const R& r) { return Json(r.list.number()); }},
      {"revoked_certificates", "Certificates", K::kCount,
       [](const R& r) { return Json(r.list.revoked_certificates()); }},
      {"issued_at", "Issued", K::kTime,
       [](const R& r) { return TimeJson(r.list.has_issued_at(), r.list.issued_at()); }},
      {"next_update", "Next", K::kTime,
       [](const R& r) { return TimeJson(r.list.has_next_update(), r.list.next_update()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ExportRevocations(Invocation& invocation, const FileOptions& options) {
  ASSIGN_OR_RETURN(auto list, invocation.Call<TrustCodeService>(&TrustCodeService::Stub::GetRevocationList,
                                                                authority::v1::GetRevocationListRequest()));
  if (options.file == "-") {
    invocation.streams().out << list.crl();
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(client::WriteFileAtomically(options.file, list.crl()));
  Output& output = invocation.output();
  output.Begin();
  output.Record(WrittenSpec(), {options.file, std::move(list)});
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddTrustCodeCommands(CLI::App& trust, Invocation& invocation) {
  auto list = AddLeaf<TrustListOptions>(
      trust, "list", "Trust codes and imported certificates, and what became of them", invocation, List);
  list.app.add_option("--product-instance", list.options->product_instance, "Only of PID:SN");
  AddLimit(list.app, *list.options);

  auto revoke = AddLeaf<RevokeOptions>(trust, "revoke", "Reports under these keys are good no more",
                                       invocation, Revoke);
  revoke.app.add_option("--product-instance", revoke.options->product_instance, "All of PID:SN");
  revoke.app.add_option("--key", revoke.options->key, "Of this key, as `trust list` shows it");
  revoke.app
      .add_option("--reason", revoke.options->reason, "unspecified, key-compromise, superseded or cessation")
      ->capture_default_str()
      ->check(CLI::IsMember({"unspecified", "key-compromise", "superseded", "cessation"}));

  auto revocations =
      AddLeaf<FileOptions>(trust, "revocation-list", "Write the X.509 CRL of the authority's CA (DER)",
                           invocation, ExportRevocations);
  revocations.app
      .add_option("-o,--file", revocations.options->file,
                  "Where it goes; - is standard output (here -o is no format)")
      ->required();
}

}  // namespace quartermaster::qmctl
