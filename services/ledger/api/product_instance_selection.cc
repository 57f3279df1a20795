#include "services/ledger/api/product_instance_selection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/row_errors.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/finding_store.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kTextBytesMax = 255;
constexpr int kPerBatch = 500;
// Whose reporting status one page works out: their positions are read for it.
constexpr int kStatusesPerPage = 500;

// "unknown_tag" is no finding of its own: filter by reporting of the tag instead.
absl::StatusOr<std::optional<int>> FindingOf(const std::string& name) {
  if (name.empty()) return std::nullopt;
  for (const FindingKind kind :
       {FindingKind::kWrongVirtualAccount, FindingKind::kGap, FindingKind::kClockSuspect,
        FindingKind::kReportConflict, FindingKind::kUnbookableReport, FindingKind::kHaSetTooLarge}) {
    if (FindingName(kind) == name) return static_cast<int>(kind);
  }
  return FieldInvalid("finding", name, "a finding, for example wrong_virtual_account");
}

bool SaysNothing(const v1::ProductInstanceFilter& filter) {
  return filter.virtual_account().empty() && filter.search().empty() && filter.udi_prefix().empty() &&
         filter.hostname().empty() && filter.tag().empty() && filter.software_version().empty() &&
         filter.reporting_status() == v1::REPORTING_STATUS_UNSPECIFIED && filter.finding().empty();
}

absl::StatusOr<std::vector<int64_t>> IdsOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           const InstanceSelection::Udis& udis) {
  std::vector<int64_t> ids;
  for (const common::v1::Udi& udi : udis) {
    RETURN_IF_ERROR(CheckUdi(udi.product_id(), udi.serial_number()));
  }
  for (const common::v1::Udi& udi : udis) {
    const auto found = FindInstance(transaction, smart_account_id, {udi.product_id(), udi.serial_number()});
    if (!found) return ProductInstanceUnknown(udi.product_id(), udi.serial_number());
    ids.push_back(found->id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

absl::Status CheckUdi(const std::string& product_id, const std::string& serial_number) {
  RETURN_IF_ERROR(CheckText("product_id", product_id, kUdiBytesMax));
  return CheckText("serial_number", serial_number, kUdiBytesMax);
}

absl::StatusOr<InstanceFilter> FilterOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        const v1::ProductInstanceFilter& filter) {
  const std::pair<const char*, const std::string*> texts[] = {
      {"virtual_account", &filter.virtual_account()},
      {"search", &filter.search()},
      {"udi_prefix", &filter.udi_prefix()},
      {"hostname", &filter.hostname()},
      {"tag", &filter.tag()},
      {"software_version", &filter.software_version()}};
  for (const auto& [field, text] : texts) RETURN_IF_ERROR(CheckText(field, *text, kTextBytesMax, true));
  InstanceFilter out;
  out.smart_account_id = smart_account_id;
  out.search = filter.search();
  out.udi_prefix = filter.udi_prefix();
  out.hostname = filter.hostname();
  out.software_version = filter.software_version();
  ASSIGN_OR_RETURN(out.finding, FindingOf(filter.finding()));
  if (!filter.virtual_account().empty()) {
    ASSIGN_OR_RETURN(
        const VirtualAccount home,
        FindVirtualAccount(transaction, smart_account_id, filter.virtual_account(), "virtual_account"));
    out.virtual_account_id = home.id;
  }
  if (!filter.tag().empty()) {
    const auto ids = FindTagIds(transaction, {filter.tag()});
    if (ids.empty()) return TagUnknown("tag", filter.tag());
    out.tag_id = ids.begin()->second;
  }
  return out;
}

ViewedPage ViewPage(pqxx::transaction_base& transaction, const InstanceFilter& filter,
                    v1::ReportingStatus status, const UdiText& after, int limit, const ViewOptions& options) {
  const bool any = status == v1::REPORTING_STATUS_UNSPECIFIED;
  const InstancePage found =
      SearchInstances(transaction, filter, after, any ? limit : std::max(limit, kStatusesPerPage));
  std::vector<v1::ProductInstance> views =
      ViewInstances(transaction, filter.smart_account_id, found.instances, options);
  ViewedPage page{.instances = {}, .views = {}, .next = found.next};
  for (size_t i = 0; i < views.size(); ++i) {
    if (!any && views[i].reporting_status() != status) continue;
    if (std::ssize(page.views) == limit) {
      page.next = page.instances.back().udi;
      return page;
    }
    page.instances.push_back(found.instances[i]);
    page.views.push_back(std::move(views[i]));
  }
  return page;
}

absl::StatusOr<InstanceSelection> InstanceSelection::Of(pqxx::transaction_base& transaction,
                                                        int64_t smart_account_id, const Udis& udis,
                                                        const v1::ProductInstanceFilter& filter,
                                                        const ViewOptions& options) {
  if (udis.empty() == SaysNothing(filter)) {
    return FieldMissing("udis", "either product instances or a filter that says something");
  }
  RETURN_IF_ERROR(CheckRowCount("udis", udis.size()));
  InstanceSelection selection;
  selection.options_ = options;
  selection.status_ = filter.reporting_status();
  ASSIGN_OR_RETURN(selection.filter_, FilterOf(transaction, smart_account_id, filter));
  ASSIGN_OR_RETURN(selection.ids_, IdsOf(transaction, smart_account_id, udis));
  return selection;
}

std::vector<int64_t> InstanceSelection::Next(pqxx::transaction_base& transaction) {
  std::vector<int64_t> batch;
  if (!ids_.empty()) {
    while (next_id_ < ids_.size() && std::ssize(batch) < kPerBatch) batch.push_back(ids_[next_id_++]);
    done_ = next_id_ == ids_.size();
    return batch;
  }
  std::optional<UdiText> next;
  if (status_ == v1::REPORTING_STATUS_UNSPECIFIED) {
    const InstancePage page = SearchInstances(transaction, filter_, after_, kPerBatch);
    for (const InstanceDetails& instance : page.instances) batch.push_back(instance.id);
    next = page.next;
  } else {
    const ViewedPage page = ViewPage(transaction, filter_, status_, after_, kPerBatch, options_);
    for (const InstanceDetails& instance : page.instances) batch.push_back(instance.id);
    next = page.next;
  }
  done_ = !next.has_value();
  if (next) after_ = *next;
  return batch;
}

}  // namespace quartermaster::ledger
