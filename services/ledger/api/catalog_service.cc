#include "services/ledger/api/catalog_service.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/row_errors.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/catalog_book.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kDisplayNameBytesMax = 255;
constexpr size_t kDescriptionBytesMax = 1024;

absl::Status CheckRow(const v1::LicenseTag& row) {
  RETURN_IF_ERROR(CheckText("tag", row.tag(), kTagBytesMax));
  RETURN_IF_ERROR(CheckText("display_name", row.display_name(), kDisplayNameBytesMax));
  RETURN_IF_ERROR(CheckText("description", row.description(), kDescriptionBytesMax, true));
  if (!v1::Enforcement_IsValid(row.enforcement()) || !v1::Term_IsValid(row.term())) {
    return FieldInvalid("enforcement or term", "an unknown number", "a value of the enumeration");
  }
  for (const std::string& covered : row.substitutes_for()) {
    RETURN_IF_ERROR(CheckText("substitutes_for", covered, kTagBytesMax));
    if (covered == row.tag()) return SubstitutionCycle(row.tag());
  }
  return absl::OkStatus();
}

CatalogTag FromProto(const v1::LicenseTag& row) {
  CatalogTag tag;
  tag.tag = row.tag();
  tag.display_name = row.display_name();
  tag.description = row.description();
  tag.enforcement = std::max<int>(row.enforcement(), v1::ENFORCEMENT_UNENFORCED);
  tag.term = row.term() == v1::TERM_UNSPECIFIED ? v1::TERM_SUBSCRIPTION : row.term();
  const std::set<std::string> covered(row.substitutes_for().begin(), row.substitutes_for().end());
  tag.substitutes_for.assign(covered.begin(), covered.end());
  tag.known = true;
  return tag;
}

void ToProto(const CatalogTag& tag, v1::LicenseTag* out) {
  out->set_tag(tag.tag);
  out->set_display_name(tag.display_name);
  out->set_description(tag.description);
  out->set_enforcement(static_cast<v1::Enforcement>(tag.enforcement));
  out->set_term(static_cast<v1::Term>(tag.term));
  for (const std::string& covered : tag.substitutes_for) out->add_substitutes_for(covered);
  out->set_known(tag.known);
}

// Every bad row by name; tags may occur once.
std::vector<CatalogTag> ReadRows(const v1::ImportCatalogRequest& request, v1::ImportResponse* response) {
  std::vector<CatalogTag> tags;
  std::map<std::string, int64_t> first_row;
  for (int i = 0; i < request.license_tags_size(); ++i) {
    const v1::LicenseTag& row = request.license_tags(i);
    absl::Status status = CheckRow(row);
    const auto [seen, is_new] = first_row.emplace(row.tag(), i + 1);
    if (status.ok() && !is_new) status = TagRepeated(row.tag(), seen->second);
    if (!status.ok()) {
      AddRowError(i + 1, status, response);
      continue;
    }
    tags.push_back(FromProto(row));
  }
  return tags;
}

}  // namespace

grpc::Status CatalogServiceImpl::ImportCatalog(grpc::ServerContext* context,
                                               const v1::ImportCatalogRequest* request,
                                               v1::ImportResponse* response) {
  if (auto status = CheckRowCount("license_tags", request->license_tags_size()); !status.ok()) {
    return rpc::ToGrpc(status);
  }
  return IdempotentWrite(
      api_, *context, "ledger.v1.CatalogService/ImportCatalog", *request, request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        const std::vector<CatalogTag> tags = ReadRows(*request, response);
        // All or nothing: with one bad row none is applied.
        if (response->errors_size() > 0) return absl::OkStatus();
        LockCatalog(tx);
        std::vector<std::string> names;
        for (const CatalogTag& tag : tags) names.push_back(tag.tag);
        const std::map<std::string, CatalogTag> present = FindTags(tx, names);
        std::vector<CatalogTag> changed;
        for (const CatalogTag& tag : tags) {
          auto found = present.find(tag.tag);
          if (found != present.end() && found->second == tag) {
            response->set_unchanged(response->unchanged() + 1);
            continue;
          }
          changed.push_back(tag);
          if (found != present.end() && found->second.known)
            response->set_updated(response->updated() + 1);
          else
            response->set_added(response->added() + 1);
        }
        if (changed.empty()) return absl::OkStatus();
        WriteTags(tx, changed, act.now);
        if (!LoadHierarchy(tx).IsAcyclic()) return SubstitutionCycle(changed.front().tag);
        ASSIGN_OR_RETURN(const SmartAccount account, FindSmartAccount(tx, ""));
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, "",
                   absl::StrCat("{\"added\":", response->added(), ",\"updated\":", response->updated(), "}"));
        return absl::OkStatus();
      });
}

grpc::Status CatalogServiceImpl::ListLicenseTags(grpc::ServerContext* context,
                                                 const v1::ListLicenseTagsRequest* request,
                                                 v1::ListLicenseTagsResponse* response) {
  const uint64_t filter = ids::FilterHash({"ListLicenseTags", request->unknown_only() ? "unknown" : "all"});
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_license_tags", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::vector<std::string> after,
                         ids::ParsePageToken(request->page_token(), filter));
        const auto tags = ListTags(tx, after.empty() ? "" : after[0], request->unknown_only(), size);
        for (const CatalogTag& tag : tags) ToProto(tag, response->add_license_tags());
        if (static_cast<int>(tags.size()) == size) {
          response->set_next_page_token(ids::MakePageToken({tags.back().tag}, filter));
        }
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
