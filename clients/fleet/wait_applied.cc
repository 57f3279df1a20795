#include "clients/fleet/wait_applied.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

using command_line::Invocation;
using ingest::v1::ListReportsResponse;
using ingest::v1::ReportSummary;
using ingest::v1::UsageService;
using ledger::v1::ProductInstanceService;

constexpr int kNewestReports = 1000;

absl::StatusOr<ListReportsResponse> NewestReports(Invocation& invocation) {
  ingest::v1::ListReportsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_page_size(kNewestReports);
  return invocation.Call<UsageService>(&UsageService::Stub::ListReports, request);
}

// Asks `waiting` until it answers 0.
absl::Status WaitForNone(const char* what, absl::Duration patience,
                         const std::function<absl::StatusOr<int64_t>()>& waiting) {
  const absl::Time deadline = absl::Now() + patience;
  while (true) {
    ASSIGN_OR_RETURN(const int64_t left, waiting());
    if (left == 0) return absl::OkStatus();
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(left, " ", what, " after ", absl::FormatDuration(patience)));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

// UDIs of verified reports whose product instance the books do not know as acknowledged yet.
absl::StatusOr<int64_t> NotAcknowledged(Invocation& invocation) {
  ASSIGN_OR_RETURN(const ListReportsResponse page, NewestReports(invocation));
  std::set<std::pair<std::string, std::string>> udis;
  for (const ReportSummary& report : page.reports()) {
    if (report.verification() == common::v1::VERIFICATION_STATE_VERIFIED) {
      udis.emplace(report.udi().product_id(), report.udi().serial_number());
    }
  }
  int64_t left = 0;
  for (const auto& [product_id, serial_number] : udis) {
    ledger::v1::GetProductInstanceRequest request;
    request.set_smart_account(invocation.options.smart_account);
    request.set_product_id(product_id);
    request.set_serial_number(serial_number);
    ASSIGN_OR_RETURN(
        const ledger::v1::ProductInstance instance,
        invocation.Call<ProductInstanceService>(&ProductInstanceService::Stub::GetProductInstance, request));
    if (!instance.has_last_acknowledged()) ++left;
  }
  return left;
}

}  // namespace

absl::Status WaitUntilApplied(Invocation& invocation, absl::Duration patience) {
  return WaitForNone(
      "of the newest reports are not in the books", patience, [&]() -> absl::StatusOr<int64_t> {
        ASSIGN_OR_RETURN(const ListReportsResponse page, NewestReports(invocation));
        return std::count_if(page.reports().begin(), page.reports().end(), [](const ReportSummary& report) {
          return report.progress() == ReportSummary::PROGRESS_RECEIVED;
        });
      });
}

absl::Status WaitUntilAcknowledged(Invocation& invocation, absl::Duration patience) {
  return WaitForNone("product instances are not acknowledged", patience,
                     [&] { return NotAcknowledged(invocation); });
}

}  // namespace quartermaster::fleet
