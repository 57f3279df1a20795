#include "services/ledger/api/terms_fixture.h"

#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/fsck/books_checker.h"

namespace quartermaster::ledger {
namespace {

const rpc::IncomingCall kCall{.caller = {}, .request_id = "", .deadline = absl::InfiniteFuture()};

std::string Word(v1::TermStatus status) {
  switch (status) {
    case v1::TERM_STATUS_PENDING:
      return "pending";
    case v1::TERM_STATUS_ACTIVE:
      return "active";
    case v1::TERM_STATUS_EXPIRED:
      return "expired";
    default:
      return "?";
  }
}

template <typename Request>
void SetTimes(Request& request, std::optional<absl::Time> as_of, std::optional<absl::Time> known_at) {
  const auto set = [](absl::Time time, google::protobuf::Timestamp* out) {
    out->set_seconds(absl::ToUnixSeconds(time));
    out->set_nanos(static_cast<int32_t>(absl::ToUnixMicros(time) % 1'000'000) * 1000);
  };
  if (as_of) set(*as_of, request.mutable_as_of());
  if (known_at) set(*known_at, request.mutable_known_at());
}

}  // namespace

absl::Time Day(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

TermsFixture::TermsFixture() : apply_({.database = database_.options()}, clock_, metrics_) {
  virtual_accounts_ = {{"Default", database_.virtual_account()},
                       {"Branches", database_.AddVirtualAccount(database_.account(), "Branches")},
                       {"Lab", database_.AddVirtualAccount(database_.account(), "Lab")}};
  v1::ImportCatalogRequest catalog;
  for (const char* tag : {"switch", "router"}) {
    v1::LicenseTag& license = *catalog.add_license_tags();
    license.set_tag(tag);
    license.set_display_name(tag);
  }
  CatalogServiceImpl service(api_);
  const auto imported = Call(service, &CatalogServiceImpl::ImportCatalog, catalog);
  EXPECT_TRUE(imported.ok()) << imported.status();
}

void TermsFixture::AddEnforced(const std::string& tag) {
  v1::ImportCatalogRequest catalog;
  v1::LicenseTag& license = *catalog.add_license_tags();
  license.set_tag(tag);
  license.set_display_name(tag);
  license.set_enforcement(v1::ENFORCEMENT_ENFORCED);
  CatalogServiceImpl service(api_);
  EXPECT_TRUE(Call(service, &CatalogServiceImpl::ImportCatalog, catalog).ok());
}

void TermsFixture::TearDown() {
  // The reports here have no bodies, and nobody seals blocks: of the rules those of the books remain.
  static const std::set<std::string_view> kRules = {"entry_unbalanced",
                                                    "change_entries_missing",
                                                    "entry_without_change",
                                                    "pool_differs",
                                                    "pool_entries_differ",
                                                    "lot_balance_differs",
                                                    "entitlement_differs",
                                                    "expiry_differs",
                                                    "authorization_balance_differs",
                                                    "authorization_lots_differ",
                                                    "authorization_lots_unexpected",
                                                    "authorization_elsewhere",
                                                    "authorized_usage_differs",
                                                    "pool_reserved_differs"};
  std::vector<std::string> found;
  const auto checked = fsck::CheckBooks(
      pool_,
      [&](const fsck::Finding& finding) {
        if (!kRules.contains(finding.rule)) return;
        found.push_back(
            absl::StrCat(finding.rule, ": ", finding.subject, ": ", finding.got, ", ", finding.want));
      },
      [](std::string_view) { return true; });
  EXPECT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(absl::StrJoin(found, "\n"), "");
}

v1::ImportResponse TermsFixture::Import(const std::vector<Purchase>& purchases) {
  v1::ImportEntitlementsRequest request;
  for (const Purchase& purchase : purchases) {
    v1::Entitlement& right = *request.add_entitlements();
    right.set_entitlement_id(purchase.id);
    right.set_virtual_account(purchase.virtual_account);
    right.set_tag(purchase.tag);
    right.set_quantity(purchase.quantity);
    right.set_order_id(purchase.order_id);
    right.set_overage_quantity(purchase.overage_quantity);
    right.mutable_start_time()->set_seconds(absl::ToUnixSeconds(purchase.start_at));
    if (purchase.end_at) right.mutable_end_time()->set_seconds(absl::ToUnixSeconds(*purchase.end_at));
  }
  const auto imported = Call(entitlements_, &EntitlementServiceImpl::ImportEntitlements, request);
  EXPECT_TRUE(imported.ok()) << imported.status();
  return imported.value_or(v1::ImportResponse());
}

void TermsFixture::Buy(const std::vector<Purchase>& purchases) {
  const v1::ImportResponse imported = Import(purchases);
  EXPECT_EQ(imported.added(), std::ssize(purchases)) << imported.ShortDebugString();
}

absl::StatusOr<v1::Movement> TermsFixture::Transfer(const std::string& tag, const std::string& from,
                                                    const std::string& to, int64_t quantity,
                                                    const std::string& entitlement_id) {
  v1::TransferEntitlementsRequest request;
  v1::EntitlementTransfer& line = *request.add_transfers();
  line.set_tag(tag);
  line.set_from_virtual_account(from);
  line.set_to_virtual_account(to);
  line.set_quantity(quantity);
  line.set_entitlement_id(entitlement_id);
  v1::Movement movement;
  grpc::Status status;
  absl::Notification answered;
  entitlements_.Transfer(kCall, request, movement, [&](const grpc::Status& result) {
    status = result;
    answered.Notify();
  });
  answered.WaitForNotification();
  if (!status.ok()) return rpc::FromGrpc(status);
  return movement;
}

absl::StatusOr<v1::Movement> TermsFixture::Reverse(int64_t movement_id) {
  v1::ReverseMovementRequest request;
  request.set_movement_id(movement_id);
  v1::Movement movement;
  grpc::Status status;
  absl::Notification answered;
  entitlements_.Reverse(kCall, request, movement, [&](const grpc::Status& result) {
    status = result;
    answered.Notify();
  });
  answered.WaitForNotification();
  if (!status.ok()) return rpc::FromGrpc(status);
  return movement;
}

absl::StatusOr<v1::Movement> TermsFixture::Correct(const std::string& entitlement_id, int64_t change,
                                                   const std::string& virtual_account) {
  v1::CorrectEntitlementRequest request;
  request.set_entitlement_id(entitlement_id);
  request.set_quantity_change(change);
  request.set_virtual_account(virtual_account);
  return Call(terms_, &TermsServiceImpl::CorrectEntitlement, request);
}

void TermsFixture::SetOrder(v1::ConsumptionOrder order) {
  v1::SetConsumptionOrderRequest request;
  request.set_consumption_order(order);
  const auto set = Call(terms_, &TermsServiceImpl::SetConsumptionOrder, request);
  EXPECT_TRUE(set.ok()) << set.status();
}

void TermsFixture::Report(const std::string& serial_number, const std::string& tag, absl::Time end_at,
                          uint32_t count, const std::string& virtual_account,
                          const std::vector<std::string>& ha_members) {
  FeedReport report;
  report.serial_number = serial_number;
  report.tag = tag;
  report.report_id = ++last_report_;
  const int64_t end_s = absl::ToUnixSeconds(end_at);
  report.measurements = {{end_s - 900, end_s, count, 0}};
  report.door_virtual_account_id = virtual_accounts_.at(virtual_account);
  for (const std::string& member : ha_members) {
    report.ha_members.push_back({report.product_id, member, "Active"});
  }
  database_.Submit(std::vector{report}, clock_.Now());
  Apply();
}

void TermsFixture::Apply() {
  for (auto progress = apply_.RunOnce(); *progress != ApplyReports::Progress::kNothingToDo;
       progress = apply_.RunOnce()) {
    ASSERT_TRUE(progress.ok()) << progress.status();
  }
}

void TermsFixture::Expire() {
  for (absl::StatusOr<bool> more = expire_.RunOnce(clock_.Now()); *more;
       more = expire_.RunOnce(clock_.Now())) {
    ASSERT_TRUE(more.ok()) << more.status();
  }
}

TermsFixture::Pools TermsFixture::PoolsAt(std::optional<absl::Time> as_of,
                                          std::optional<absl::Time> known_at) {
  v1::GetComplianceRequest request;
  SetTimes(request, as_of, known_at);
  const auto answer = Call(compliance_, &ComplianceServiceImpl::GetCompliance, request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  Pools pools;
  if (!answer.ok()) return pools;
  for (const v1::PoolCompliance& pool : answer->pools()) {
    if (pool.entitled() == 0 && pool.in_use() == 0 && pool.reserved() == 0) continue;
    pools[{pool.virtual_account(), pool.tag()}] = {pool.entitled(), pool.in_use(), pool.overage_quantity(),
                                                   pool.reserved()};
  }
  return pools;
}

int64_t TermsFixture::Entitled(const std::string& virtual_account, std::optional<absl::Time> as_of,
                               std::optional<absl::Time> known_at) {
  return PoolsAt(as_of, known_at)[{virtual_account, "switch"}].entitled;
}

v1::ListEntitlementFiguresResponse TermsFixture::Figures(std::optional<absl::Time> as_of,
                                                         std::optional<absl::Time> known_at) {
  v1::ListEntitlementFiguresRequest request;
  request.set_page_size(1000);
  SetTimes(request, as_of, known_at);
  const auto answer = Call(figures_, &FigureServiceImpl::ListEntitlementFigures, request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.value_or(v1::ListEntitlementFiguresResponse());
}

std::string TermsFixture::FigureLines(std::optional<absl::Time> as_of, std::optional<absl::Time> known_at) {
  std::string lines;
  const v1::ListEntitlementFiguresResponse answer = Figures(as_of, known_at);
  for (const v1::EntitlementFigure& figure : answer.entitlements()) {
    absl::StrAppend(&lines, figure.entitlement_id(), "@", figure.virtual_account(), " ",
                    Word(figure.status()), " ", figure.available(), "/", figure.held(), "/",
                    figure.reserved(), "/", figure.expired(), " ", figure.consumed(), "\n");
  }
  return lines;
}

}  // namespace quartermaster::ledger
