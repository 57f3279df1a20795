// Which product instances a call means: those that it names, or those that its filter finds.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SELECTION_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SELECTION_H_

#include <google/protobuf/repeated_field.h>

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/product_instance_view.h"
#include "services/ledger/storage/administration/instance_search.h"

namespace quartermaster::ledger {

absl::Status CheckUdi(const std::string& product_id, const std::string& serial_number);

// The fields of a filter checked, and its names found. `ledger.field_invalid`, `ledger.tag_unknown`,
// `ledger.virtual_account_unknown`.
absl::StatusOr<InstanceFilter> FilterOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        const v1::ProductInstanceFilter& filter);

// A page of what a filter finds; the reporting status is looked at one by one, so a page with it may hold
// fewer.
struct ViewedPage {
  std::vector<InstanceDetails> instances;
  std::vector<v1::ProductInstance> views;  // as many
  std::optional<UdiText> next;
};
ViewedPage ViewPage(pqxx::transaction_base& transaction, const InstanceFilter& filter,
                    v1::ReportingStatus status, const UdiText& after, int limit, const ViewOptions& options);

// Batch by batch, in constant memory. Not thread-safe.
class InstanceSelection {
 public:
  using Udis = google::protobuf::RepeatedPtrField<common::v1::Udi>;

  // Either names some, or has a filter that says something; all that are named are there.
  // `ledger.field_missing`, `ledger.too_many_rows`, `ledger.product_instance_unknown`.
  static absl::StatusOr<InstanceSelection> Of(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                              const Udis& udis, const v1::ProductInstanceFilter& filter,
                                              const ViewOptions& options);

  // The home that all must have still when something is done to them; 0 = any.
  int64_t only_from() const { return filter_.virtual_account_id.value_or(0); }
  bool done() const { return done_; }
  // Ids of the next ones, at most 500, perhaps none. As far as those before are not meant any more, which may
  // be the work of the caller, they are not met again.
  std::vector<int64_t> Next(pqxx::transaction_base& transaction);

 private:
  std::vector<int64_t> ids_;  // of those named
  size_t next_id_ = 0;
  InstanceFilter filter_;
  v1::ReportingStatus status_ = v1::REPORTING_STATUS_UNSPECIFIED;
  ViewOptions options_;
  UdiText after_;
  bool done_ = false;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_PRODUCT_INSTANCE_SELECTION_H_
