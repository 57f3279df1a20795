// Product instances that are moved, removed and replaced, and accounts that are closed, while reports go on
// being booked. Each test ends with books that fsck finds clean.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/compliance_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/product_instance_service.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/jobs/post_policy_switches.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/jobs/remove_instances.h"
#include "services/ledger/storage/administration/maintenance.h"
#include "services/ledger/testing/ledger_database.h"
#include "services/ledger/testing/stored_bodies.h"

namespace quartermaster::ledger {
namespace {

constexpr char kTag[] = "regid.network";
constexpr int64_t kStart = 1'690'000'000;
constexpr int64_t kDay = 86'400;

template <typename Response, typename Service, typename Request>
absl::StatusOr<Response> Call(Service& service,
                              grpc::Status (Service::*method)(grpc::ServerContext*, const Request*,
                                                              Response*),
                              const Request& request) {
  grpc::ServerContext context;
  Response response;
  const grpc::Status status = (service.*method)(&context, &request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

class InstanceChangesTest : public ::testing::Test {
 protected:
  InstanceChangesTest() {
    branches_ = database_.AddVirtualAccount(database_.account(), "Branches");
    database_.AddVirtualAccount(database_.account(), "Lab");
    v1::ImportCatalogRequest catalog;
    v1::LicenseTag& license = *catalog.add_license_tags();
    license.set_tag(kTag);
    license.set_display_name("Network");
    license.set_term(v1::TERM_PERPETUAL);
    EXPECT_TRUE(Call(catalog_, &CatalogServiceImpl::ImportCatalog, catalog).ok());
  }

  void TearDown() override {
    EXPECT_EQ(Findings(), "");
    // The history of the books is their sum.
    EXPECT_EQ(database_.Number("SELECT count(*) FROM license_pools WHERE in_use < 0"), 0);
  }

  std::string Findings() {
    std::vector<std::string> found;
    const auto checked = fsck::CheckBooks(
        pool_,
        [&](const fsck::Finding& finding) {
          // Nobody seals blocks here.
          if (finding.rule.starts_with("block")) return;
          found.push_back(
              absl::StrCat(finding.rule, ": ", finding.subject, ": ", finding.got, ", ", finding.want));
        },
        [](std::string_view) { return true; });
    EXPECT_TRUE(checked.ok()) << checked.status();
    return absl::StrJoin(found, "\n");
  }

  static FeedReport ReportOf(const std::string& serial_number, int64_t id, int64_t start_s, int64_t end_s,
                             uint32_t count) {
    FeedReport report;
    report.serial_number = serial_number;
    report.report_id = id;
    report.measurements = {{start_s, end_s, count, 0}};
    return report;
  }
  void Submit(const std::vector<FeedReport>& reports) { SubmitWithBodies(database_, reports, clock_.Now()); }
  void Apply() {
    for (auto progress = apply_.RunOnce(); *progress != ApplyReports::Progress::kNothingToDo;
         progress = apply_.RunOnce()) {
      ASSERT_TRUE(progress.ok()) << progress.status();
    }
  }
  // A day's measurement that ends now.
  void Report(const std::string& serial_number, int64_t id, uint32_t count) {
    const int64_t now_s = absl::ToUnixSeconds(clock_.Now());
    Submit({ReportOf(serial_number, id, now_s - kDay, now_s, count)});
    Apply();
  }
  void Pass(absl::Duration time) { clock_.Advance(time); }

  void Buy(const std::string& id, const std::string& virtual_account, int64_t quantity) {
    v1::ImportEntitlementsRequest request;
    v1::Entitlement& right = *request.add_entitlements();
    right.set_entitlement_id(id);
    right.set_virtual_account(virtual_account);
    right.set_tag(kTag);
    right.set_quantity(quantity);
    right.mutable_start_time()->set_seconds(kStart - 100 * kDay);
    const auto bought = Call(entitlements_, &EntitlementServiceImpl::ImportEntitlements, request);
    ASSERT_TRUE(bought.ok() && bought->added() == 1) << bought.status();
  }

  static common::v1::Udi Udi(const std::string& serial_number) {
    common::v1::Udi udi;
    udi.set_product_id("C9300");
    udi.set_serial_number(serial_number);
    return udi;
  }
  static v1::MoveProductInstancesRequest MoveOf(const std::vector<std::string>& serial_numbers,
                                                const std::string& to) {
    v1::MoveProductInstancesRequest request;
    for (const std::string& one : serial_numbers) *request.add_udis() = Udi(one);
    request.set_to_virtual_account(to);
    return request;
  }
  absl::StatusOr<v1::MoveProductInstancesResponse> Move(const v1::MoveProductInstancesRequest& request) {
    return Call(instances_, &ProductInstanceServiceImpl::MoveProductInstances, request);
  }
  absl::StatusOr<v1::RemoveProductInstancesResponse> Remove(const std::vector<std::string>& serial_numbers,
                                                            bool preview = false) {
    v1::RemoveProductInstancesRequest request;
    for (const std::string& one : serial_numbers) *request.add_udis() = Udi(one);
    request.set_validate_only(preview);
    return Call(instances_, &ProductInstanceServiceImpl::RemoveProductInstances, request);
  }
  absl::StatusOr<v1::ProductInstance> Replace(const std::string& old_one, const std::string& new_one,
                                              bool force = false) {
    v1::ReplaceProductInstanceRequest request;
    *request.mutable_old_udi() = Udi(old_one);
    *request.mutable_new_udi() = Udi(new_one);
    request.set_force(force);
    return Call(instances_, &ProductInstanceServiceImpl::ReplaceProductInstance, request);
  }
  absl::StatusOr<v1::CloseVirtualAccountResponse> Close(const std::string& name, const std::string& to = "",
                                                        const std::string& request_id = "") {
    v1::CloseVirtualAccountRequest request;
    request.set_virtual_account(name);
    request.set_move_content_to(to);
    request.set_request_id(request_id);
    return Call(accounts_, &AccountServiceImpl::CloseVirtualAccount, request);
  }
  absl::Status Undo(const v1::ReverseMovementRequest& request) {
    v1::Movement movement;
    absl::Notification answered;
    grpc::Status status;
    entitlements_.Reverse({.caller = {}, .request_id = "", .deadline = absl::InfiniteFuture()}, request,
                          movement, [&](const grpc::Status& result) {
                            status = result;
                            answered.Notify();
                          });
    answered.WaitForNotification();
    return rpc::FromGrpc(status);
  }
  // Serial numbers that a list holds, over all its pages.
  std::string Listed(v1::ListProductInstancesRequest request, int page_size = 2) {
    std::vector<std::string> serial_numbers;
    request.set_page_size(page_size);
    do {
      const auto page = Call(instances_, &ProductInstanceServiceImpl::ListProductInstances, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& one : page->product_instances()) serial_numbers.push_back(one.udi().serial_number());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return absl::StrJoin(serial_numbers, " ");
  }
  // "Virtual Account: in use", of pools with any.
  std::string InUse(std::optional<absl::Time> as_of = {}) {
    v1::GetComplianceRequest request;
    if (as_of) request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(*as_of));
    const auto compliance = Call(compliance_, &ComplianceServiceImpl::GetCompliance, request);
    EXPECT_TRUE(compliance.ok()) << compliance.status();
    std::vector<std::string> pools;
    for (const auto& pool : compliance->pools()) {
      if (pool.in_use() != 0) pools.push_back(absl::StrCat(pool.virtual_account(), ": ", pool.in_use()));
    }
    return absl::StrJoin(pools, ", ");
  }

  LedgerDatabase database_;
  ManualClock clock_{absl::FromUnixSeconds(kStart)};
  pg::Pool pool_{database_.options()};
  const ApiContext api_{&pool_, &clock_};
  AccountServiceImpl accounts_{api_, SwitchUnverifiablePolicy};
  CatalogServiceImpl catalog_{api_};
  EntitlementServiceImpl entitlements_{api_};
  ComplianceServiceImpl compliance_{api_};
  ProductInstanceServiceImpl instances_{
      api_,
      [this](const ReleaseRequest& request, const Act& act) {
        return ReleaseUsage(database_.options(),
                            {request.smart_account_id, request.udi, request.tag, act.actor, act.request_id},
                            act.now);
      },
      [this](int64_t account, const std::vector<int64_t>& consumers, const std::vector<int64_t>& members,
             const Act& act) {
        return RemoveInstances(database_.options(),
                               {.smart_account_id = account,
                                .consumers = consumers,
                                .members = members,
                                .actor = act.actor,
                                .request_id = act.request_id,
                                .method = act.method},
                               act.now);
      }};
  metrics::Registry metrics_;
  ApplyReports apply_{{.database = database_.options()}, clock_, metrics_};
  int64_t branches_ = 0;
};

TEST_F(InstanceChangesTest, AMoveTakesUseAlongFromNowOnAndLeavesThePastWhereItWas) {
  Report("SN1", 1, 5);
  Report("SN2", 1, 2);
  const absl::Time before = clock_.Now();
  Pass(absl::Hours(1));
  const auto moved = Move(MoveOf({"SN1"}, "Branches"));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->product_instances(), 1);
  EXPECT_EQ(InUse(), "Default: 2, Branches: 5");
  EXPECT_EQ(InUse(before), "Default: 7");
  EXPECT_EQ(database_.Table("SELECT from_state, to_state, quantity FROM ledger_entries JOIN ledger_changes"
                            " USING (smart_account_id, change_id) WHERE kind = 10"),
            "7|7|5\n");
  Pass(absl::Hours(1));
  Report("SN1", 2, 9);
  EXPECT_EQ(InUse(), "Default: 2, Branches: 9");
}

TEST_F(InstanceChangesTest, ALateReportFromBeforeTheMoveCountsWhereItWasAtHomeThen) {
  Report("SN1", 2, 5);
  Pass(absl::Hours(240));
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Branches")).ok());
  Pass(absl::Hours(1));
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Lab")).ok());
  // Measured after the report that is booked, and before both moves.
  Submit({ReportOf("SN1", 3, kStart + kDay, kStart + 2 * kDay, 8)});
  Apply();
  EXPECT_EQ(InUse(), "Lab: 8");
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart + 2 * kDay)), "Default: 8");
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart + kDay)), "Default: 5");
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart) + absl::Hours(240)), "Branches: 8");
}

TEST_F(InstanceChangesTest, UseThatADeviceMeasuredAheadOfItsTimeMovesAtItsTime) {
  Submit({ReportOf("SN1", 1, kStart - kDay, kStart, 3), ReportOf("SN1", 2, kStart, kStart + 1800, 4)});
  Apply();
  Pass(absl::Minutes(10));
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Branches")).ok());
  EXPECT_EQ(InUse(clock_.Now()), "Branches: 3");
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart + 1800)), "Branches: 4");
}

TEST_F(InstanceChangesTest, MembersOfAnHaSetMoveTogetherWhicheverIsMeant) {
  FeedReport active = ReportOf("HA1", 1, kStart - kDay, kStart, 2);
  FeedReport standby = ReportOf("HA2", 1, kStart - kDay, kStart, 2);
  active.ha_members = {{"C9300", "HA2", "Standby"}};
  standby.ha_members = {{"C9300", "HA1", "Active"}};
  Submit({active, standby});
  Apply();
  v1::MoveProductInstancesRequest request = MoveOf({"HA2"}, "Branches");
  request.set_validate_only(true);
  const auto preview = Move(request);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->product_instances(), 2);
  EXPECT_EQ(preview->ha_members_added(), 1);
  EXPECT_EQ(InUse(), "Default: 2");
  request.set_validate_only(false);
  const auto moved = Move(request);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->ShortDebugString(), "product_instances: 2 ha_members_added: 1");
  EXPECT_EQ(InUse(), "Branches: 2");
  EXPECT_EQ(database_.Table("SELECT DISTINCT v.name FROM product_instances JOIN virtual_accounts v"
                            " USING (virtual_account_id)"),
            "Branches\n");
}

TEST_F(InstanceChangesTest, ThePreviewOfAMoveNamesUseAndThePoolsThatWouldBeOut) {
  Buy("e1", "Default", 10);
  Buy("e2", "Branches", 4);
  Report("SN1", 1, 3);
  Report("SN2", 1, 2);
  v1::MoveProductInstancesRequest request = MoveOf({"SN1", "SN2"}, "Branches");
  request.set_validate_only(true);
  const auto preview = Move(request);
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->usage_size(), 1);
  EXPECT_EQ(preview->usage(0).ShortDebugString(),
            "tag: \"regid.network\" display_name: \"Network\" in_use: 5");
  ASSERT_EQ(preview->pools_out_size(), 1);
  EXPECT_EQ(preview->pools_out(0).virtual_account(), "Branches");
  EXPECT_EQ(preview->pools_out(0).balance(), -1);
  EXPECT_EQ(InUse(), "Default: 5");
  request = MoveOf({"SN1"}, "Branches");
  request.set_validate_only(true);
  EXPECT_EQ(Move(request)->pools_out_size(), 0);
}

TEST_F(InstanceChangesTest, AMoveToTheDoorThatItCameThroughSettlesTheFinding) {
  Report("SN1", 1, 3);
  Pass(absl::Hours(1));
  FeedReport report = ReportOf("SN1", 2, kStart, kStart + 3600, 3);
  report.door_virtual_account_id = branches_;
  Submit({report});
  Apply();
  const char kOpen[] = "SELECT count(*) FROM report_findings WHERE kind = 1 AND resolved_at IS NULL";
  EXPECT_EQ(database_.Number(kOpen), 1);
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Lab")).ok());
  EXPECT_EQ(database_.Number(kOpen), 1);
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Branches")).ok());
  EXPECT_EQ(database_.Number(kOpen), 0);
}

TEST_F(InstanceChangesTest, MovesWhatAFilterFindsInBatchesAndOnce) {
  std::vector<FeedReport> reports;
  for (int i = 0; i < 1203; ++i) {
    reports.push_back(ReportOf(absl::StrCat("N", 1000 + i), 1, kStart - kDay, kStart, 1));
  }
  Submit(reports);
  Apply();
  Report("SN1", 1, 1);
  v1::MoveProductInstancesRequest request;
  request.mutable_filter()->set_udi_prefix("C9300:N1");
  request.mutable_filter()->set_virtual_account("Default");
  request.set_to_virtual_account("Branches");
  request.set_request_id("move-1");
  const auto moved = Move(request);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->product_instances(), 1000);
  EXPECT_EQ(InUse(), "Default: 204, Branches: 1000");
  // The same request is answered as it was; another one finds nothing left to do.
  EXPECT_EQ(Move(request)->product_instances(), 1000);
  request.set_request_id("move-2");
  EXPECT_EQ(Move(request)->product_instances(), 0);
  EXPECT_GT(database_.Number("SELECT count(*) FROM ledger_changes WHERE kind = 10"), 1);
}

TEST_F(InstanceChangesTest, RefusesWhatItCannotMove) {
  Report("SN1", 1, 1);
  EXPECT_EQ(errors::ErrorId(Move(MoveOf({"SN1", "NONE"}, "Branches")).status()),
            "ledger.product_instance_unknown");
  EXPECT_EQ(errors::ErrorId(Move(MoveOf({"SN1"}, "Nowhere")).status()), "ledger.virtual_account_unknown");
  EXPECT_EQ(errors::ErrorId(Move(MoveOf({}, "Branches")).status()), "ledger.field_missing");
  EXPECT_EQ(errors::ErrorId(Move(MoveOf({"'; DROP\n"}, "Branches")).status()), "ledger.field_invalid");
  EXPECT_EQ(InUse(), "Default: 1");
}

TEST_F(InstanceChangesTest, ARemovedOneUsesNothingAndIsNotListedUntilItReportsAgain) {
  Report("SN1", 1, 3);
  Report("SN2", 1, 2);
  Pass(absl::Hours(1));
  const auto preview = Remove({"SN1"}, /*preview=*/true);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->usage(0).in_use(), 3);
  EXPECT_EQ(InUse(), "Default: 5");
  ASSERT_EQ(Remove({"SN1"})->product_instances(), 1);
  EXPECT_EQ(Remove({"SN1"})->product_instances(), 0);
  EXPECT_EQ(InUse(), "Default: 2");
  EXPECT_EQ(Listed({}), "SN2");
  v1::ListProductInstancesRequest all;
  all.set_show_removed(true);
  EXPECT_EQ(Listed(all), "SN1 SN2");
  // Measured before the removal, and received late: it stays removed.
  SubmitWithBodies(database_, std::vector{ReportOf("SN1", 5, kStart, kStart + 60, 7)},
                   clock_.Now() - absl::Minutes(5));
  Apply();
  EXPECT_EQ(InUse(), "Default: 2");
  EXPECT_EQ(Listed({}), "SN2");
  Pass(absl::Hours(1));
  Report("SN1", 6, 4);
  EXPECT_EQ(InUse(), "Default: 6");
  EXPECT_EQ(Listed({}), "SN1 SN2");
}

TEST_F(InstanceChangesTest, ARemovalAfterAMoveEndsTheUseWhereItIs) {
  Report("SN1", 1, 3);
  Pass(absl::Hours(1));
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Branches")).ok());
  Pass(absl::Hours(1));
  ASSERT_TRUE(Remove({"SN1"}).ok());
  EXPECT_EQ(InUse(), "");
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart)), "Default: 3");
}

TEST_F(InstanceChangesTest, ARemovalEndsWhatAPolicyLeavesUncountedToo) {
  FeedReport report = ReportOf("SN1", 1, kStart - kDay, kStart, 3);
  report.verified = false;
  Submit({report});
  Apply();
  ASSERT_EQ(InUse(), "Default: 3");
  const auto count = [&](bool counts) {
    ASSERT_TRUE(pool_
                    .Transact("test_switch",
                              [&](pqxx::transaction_base& tx) {
                                return SwitchUnverifiablePolicy(tx, database_.account(), counts,
                                                                {"anna", "", "test", clock_.Now()});
                              })
                    .ok());
    PostPolicySwitches switches(database_.options());
    while (*switches.RunOnce(clock_.Now())) {
    }
  };
  Pass(absl::Hours(1));
  count(false);
  ASSERT_EQ(InUse(), "");
  Pass(absl::Hours(1));
  ASSERT_TRUE(Remove({"SN1"}).ok());
  Pass(absl::Hours(1));
  count(true);
  EXPECT_EQ(InUse(), "") << "it was removed before they counted again";
}

TEST_F(InstanceChangesTest, AReplacementTakesHomeAndNameAndCountsOnce) {
  Report("OLD", 1, 3);
  database_.Run("UPDATE product_instances SET hostname = 'core-1'");
  Pass(absl::Hours(1));
  ASSERT_TRUE(Move(MoveOf({"OLD"}, "Branches")).ok());
  Pass(absl::Hours(24));
  Report("NEW", 1, 3);
  EXPECT_EQ(InUse(), "Default: 3, Branches: 3");
  const auto replaced = Replace("OLD", "NEW");
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_EQ(replaced->hostname(), "core-1");
  EXPECT_EQ(replaced->virtual_account(), "Branches");
  ASSERT_EQ(replaced->replaces_size(), 1);
  EXPECT_EQ(replaced->replaces(0).serial_number(), "OLD");
  EXPECT_EQ(InUse(), "Branches: 3");
  EXPECT_EQ(Listed({}), "NEW");
  // The same again changes nothing.
  EXPECT_TRUE(Replace("OLD", "NEW").ok());
  EXPECT_EQ(errors::ErrorId(Replace("OLD", "OLD").status()), "ledger.field_invalid");
  EXPECT_EQ(errors::ErrorId(Replace("NEW", "OLD").status()), "ledger.field_invalid");
}

TEST_F(InstanceChangesTest, OneThatStillReportsIsReplacedByForceOnly) {
  Report("OLD", 1, 3);
  Report("NEW", 1, 3);
  Pass(absl::Hours(1));
  Report("OLD", 2, 3);
  EXPECT_EQ(errors::ErrorId(Replace("OLD", "NEW").status()), "ledger.product_instances_both_report");
  EXPECT_EQ(InUse(), "Default: 6");
  EXPECT_TRUE(Replace("OLD", "NEW", /*force=*/true).ok());
  EXPECT_EQ(InUse(), "Default: 3");
}

TEST_F(InstanceChangesTest, AVirtualAccountWithContentIsClosedOnlyWhenItsContentMoves) {
  Buy("e1", "Branches", 10);
  Report("SN1", 1, 4);
  Pass(absl::Hours(1));
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Branches")).ok());
  Pass(absl::Hours(1));
  const absl::Time before = clock_.Now() - absl::Minutes(30);
  const absl::Status refused = Close("Branches").status();
  EXPECT_EQ(errors::ErrorId(refused), "ledger.virtual_account_not_empty");
  EXPECT_TRUE(absl::StrContains(refused.message(), "1 entitlements, 1 product instances")) << refused;
  EXPECT_EQ(errors::ErrorId(Close("Branches", "Branches").status()), "ledger.field_invalid");
  EXPECT_EQ(errors::ErrorId(Close("Default", "Lab").status()), "ledger.virtual_account_is_default");
  const auto closed = Close("Branches", "Lab", "close-1");
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->moved_entitlements(), 1);
  EXPECT_EQ(closed->moved_product_instances(), 1);
  EXPECT_EQ(Close("Branches", "Lab", "close-1")->SerializeAsString(), closed->SerializeAsString());
  EXPECT_EQ(errors::ErrorId(Close("Branches", "Lab").status()), "ledger.virtual_account_unknown");
  EXPECT_EQ(InUse(), "Lab: 4");
  EXPECT_EQ(InUse(before), "Branches: 4");
  v1::ReverseMovementRequest reverse;
  reverse.set_movement_id(closed->movement_id());
  EXPECT_EQ(errors::ErrorId(Undo(reverse)), "ledger.virtual_account_closed");
  // Through the closed door: the default.
  FeedReport report = ReportOf("SN9", 1, kStart, kStart + 60, 1);
  report.door_virtual_account_id = branches_;
  Submit({report});
  Apply();
  EXPECT_EQ(InUse(), "Default: 1, Lab: 4");
  // The name is free again.
  v1::CreateVirtualAccountRequest again;
  again.set_name("branches");
  const auto made = Call(accounts_, &AccountServiceImpl::CreateVirtualAccount, again);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_NE(made->virtual_account_id(), branches_);
  v1::ListVirtualAccountsRequest list;
  EXPECT_EQ(Call(accounts_, &AccountServiceImpl::ListVirtualAccounts, list)->virtual_accounts_size(), 3);
  list.set_show_closed(true);
  EXPECT_EQ(Call(accounts_, &AccountServiceImpl::ListVirtualAccounts, list)->virtual_accounts_size(), 4);
}

TEST_F(InstanceChangesTest, AVirtualAccountIsRenamedAndGivenToSomebody) {
  v1::UpdateVirtualAccountRequest request;
  request.set_virtual_account("Branches");
  request.set_name("Offices");
  request.set_responsible("alice");
  request.set_deputy("bob");
  const auto updated = Call(accounts_, &AccountServiceImpl::UpdateVirtualAccount, request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->virtual_account_id(), branches_);
  EXPECT_EQ(updated->name(), "Offices");
  v1::UpdateVirtualAccountRequest only_deputy;
  only_deputy.set_virtual_account("offices");
  only_deputy.set_deputy("");
  const auto again = Call(accounts_, &AccountServiceImpl::UpdateVirtualAccount, only_deputy);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->responsible(), "alice");
  EXPECT_EQ(again->deputy(), "");
  only_deputy.set_name("LAB");
  EXPECT_EQ(errors::ErrorId(Call(accounts_, &AccountServiceImpl::UpdateVirtualAccount, only_deputy).status()),
            "ledger.virtual_account_exists");
  v1::SetDefaultVirtualAccountRequest chosen;
  chosen.set_virtual_account("Offices");
  EXPECT_TRUE(Call(accounts_, &AccountServiceImpl::SetDefaultVirtualAccount, chosen)->is_default());
  Report("SN1", 1, 3);
  EXPECT_EQ(InUse(), "Offices: 3");
  EXPECT_TRUE(Close("Default").ok());
}

TEST_F(InstanceChangesTest, ASmartAccountIsClosedWhenItIsEmpty) {
  const int64_t other = database_.AddAccount("other.example.com");
  database_.Run(absl::StrCat(
      "INSERT INTO product_instances (smart_account_id, product_instance_id, udi_pid, udi_sn,"
      " virtual_account_id, ha_lead_id, created_at) OVERRIDING SYSTEM VALUE SELECT ",
      other,
      ", 77, 'C1', 'S1', virtual_account_id, 77, now() FROM virtual_accounts WHERE smart_account_id = ",
      other));
  v1::CloseSmartAccountRequest request;
  request.set_smart_account("other.example.com");
  EXPECT_EQ(errors::ErrorId(Call(accounts_, &AccountServiceImpl::CloseSmartAccount, request).status()),
            "ledger.smart_account_not_empty");
  database_.Run("UPDATE product_instances SET removed_at = now() WHERE product_instance_id = 77");
  const auto closed = Call(accounts_, &AccountServiceImpl::CloseSmartAccount, request);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_TRUE(closed->has_closed_at());
  v1::CreateVirtualAccountRequest create;
  create.set_smart_account("other.example.com");
  create.set_name("New");
  EXPECT_EQ(errors::ErrorId(Call(accounts_, &AccountServiceImpl::CreateVirtualAccount, create).status()),
            "ledger.smart_account_closed");
  v1::CreateSmartAccountRequest again;
  again.set_domain("other.example.com");
  EXPECT_EQ(errors::ErrorId(Call(accounts_, &AccountServiceImpl::CreateSmartAccount, again).status()),
            "ledger.smart_account_closed");
  request.set_smart_account("default");
  EXPECT_EQ(errors::ErrorId(Call(accounts_, &AccountServiceImpl::CloseSmartAccount, request).status()),
            "ledger.smart_account_is_default");
  EXPECT_EQ(Call(accounts_, &AccountServiceImpl::ListSmartAccounts, v1::ListSmartAccountsRequest())
                ->smart_accounts_size(),
            1);
}

TEST_F(InstanceChangesTest, FindsWhatEveryFilterMeansAndRefusesTheTokenOfAnotherOne) {
  for (const char* sn : {"AA1", "AA2", "AB1", "B_1"}) Report(sn, 1, 1);
  database_.Run(
      "UPDATE product_instances SET hostname = 'core-' || udi_sn, software_version ="
      " CASE WHEN udi_sn LIKE 'AA%' THEN '17.9.2' ELSE '17.12.1' END");
  Submit({[&] {
    FeedReport report = ReportOf("AB1", 9, kStart - kDay, kStart, 1);
    report.tag = "regid.other";
    report.software_version = "17.12.1";
    return report;
  }()});
  Apply();
  const auto with = [&](auto set) {
    v1::ListProductInstancesRequest request;
    set(request);
    return Listed(request, 1);
  };
  EXPECT_EQ(with([](auto& r) { r.set_udi_prefix("C9300:AA"); }), "AA1 AA2");
  EXPECT_EQ(with([](auto& r) { r.set_udi_prefix("C93"); }), "AA1 AA2 AB1 B_1");
  EXPECT_EQ(with([](auto& r) { r.set_udi_prefix("C9400"); }), "");
  EXPECT_EQ(with([](auto& r) { r.set_search("b_"); }), "B_1");
  EXPECT_EQ(with([](auto& r) { r.set_hostname("CORE-A"); }), "AA1 AA2 AB1");
  EXPECT_EQ(with([](auto& r) { r.set_software_version("17.12"); }), "AB1 B_1");
  EXPECT_EQ(with([](auto& r) { r.set_tag("regid.other"); }), "AB1");
  EXPECT_EQ(with([](auto& r) { r.set_finding("gap"); }), "");
  EXPECT_EQ(with([](auto& r) { r.set_reporting_status(v1::REPORTING_STATUS_NEVER); }), "");
  EXPECT_EQ(with([](auto& r) { r.set_reporting_status(v1::REPORTING_STATUS_CURRENT); }), "AA1 AA2 AB1 B_1");
  v1::ListProductInstancesRequest request;
  request.set_page_size(1);
  request.set_search("A");
  const auto page = Call(instances_, &ProductInstanceServiceImpl::ListProductInstances, request);
  request.set_page_token(page->next_page_token());
  request.set_search("B");
  EXPECT_EQ(
      errors::ErrorId(Call(instances_, &ProductInstanceServiceImpl::ListProductInstances, request).status()),
      "ids.page_token_of_other_filter");
  request = {};
  request.set_finding("none such");
  EXPECT_EQ(
      errors::ErrorId(Call(instances_, &ProductInstanceServiceImpl::ListProductInstances, request).status()),
      "ledger.field_invalid");
}

TEST_F(InstanceChangesTest, FsckSeesAHomeThatWasNotTheHomeThen) {
  Report("SN1", 1, 5);
  Pass(absl::Hours(1));
  ASSERT_TRUE(Move(MoveOf({"SN1"}, "Branches")).ok());
  ASSERT_EQ(Findings(), "");
  database_.Run("UPDATE former_homes SET until_s = until_s - 60");
  const std::string found = Findings();
  EXPECT_TRUE(absl::StrContains(found, "former_home_differs")) << found;
  EXPECT_TRUE(absl::StrContains(found, "usage_entries_differ")) << found;
  database_.Run("UPDATE former_homes SET until_s = until_s + 60");
  database_.Run("UPDATE product_instances SET removed_at = now()");
  EXPECT_TRUE(absl::StartsWith(Findings(), "removed_in_use"));
  database_.Run("UPDATE product_instances SET removed_at = NULL, replaced_by_id = product_instance_id");
  EXPECT_TRUE(absl::StartsWith(Findings(), "replacement_differs"));
  database_.Run("UPDATE product_instances SET replaced_by_id = NULL");
  database_.Run("UPDATE virtual_accounts SET closed_at = now() WHERE name = 'Branches'");
  EXPECT_TRUE(absl::StartsWith(Findings(), "closed_account_not_empty"));
  database_.Run("UPDATE virtual_accounts SET closed_at = NULL");
}

// Whoever comes while an account is being closed is before it, and its content moves, or finds no such name.
TEST_F(InstanceChangesTest, NothingIsLeftInAVirtualAccountThatIsClosedMeanwhile) {
  Report("SN1", 1, 3);
  for (int round = 0; round < 6; ++round) {
    const std::string name = absl::StrCat("Round ", round);
    database_.AddVirtualAccount(database_.account(), name);
    std::thread buying([&] {
      for (int i = 0; i < 5; ++i) {
        v1::ImportEntitlementsRequest request;
        v1::Entitlement& right = *request.add_entitlements();
        right.set_entitlement_id(absl::StrCat(name, "-", i));
        right.set_virtual_account(name);
        right.set_tag(kTag);
        right.set_quantity(1);
        right.mutable_start_time()->set_seconds(kStart - kDay);
        const auto bought = Call(entitlements_, &EntitlementServiceImpl::ImportEntitlements, request);
        EXPECT_TRUE(bought.ok()) << bought.status();
      }
    });
    std::thread placing([&] {
      for (int i = 0; i < 5; ++i) {
        v1::ImportProductInstancesRequest request;
        v1::ProductInstance& row = *request.add_product_instances();
        *row.mutable_udi() = Udi(absl::StrCat("P", round, i));
        row.set_virtual_account(name);
        const auto placed = Call(instances_, &ProductInstanceServiceImpl::ImportProductInstances, request);
        EXPECT_TRUE(placed.ok()) << placed.status();
      }
    });
    std::thread moving([&] {
      const auto moved = Move(MoveOf({"SN1"}, name));
      EXPECT_TRUE(moved.ok() || errors::ErrorId(moved.status()) == "ledger.virtual_account_unknown")
          << moved.status();
    });
    const auto closed = Close(name, "Default");
    EXPECT_TRUE(closed.ok()) << closed.status();
    buying.join();
    placing.join();
    moving.join();
    EXPECT_EQ(InUse(), "Default: 3");
  }
}

TEST_F(InstanceChangesTest, TwoCallersOfOneMoveMoveOnce) {
  std::vector<FeedReport> reports;
  for (int i = 0; i < 700; ++i) {
    reports.push_back(ReportOf(absl::StrCat("N", 1000 + i), 1, kStart - kDay, kStart, 1));
  }
  Submit(reports);
  Apply();
  v1::MoveProductInstancesRequest request;
  request.mutable_filter()->set_search("N1");
  request.set_to_virtual_account("Branches");
  request.set_request_id("once");
  std::thread other([&] { EXPECT_TRUE(Move(request).ok()); });
  EXPECT_TRUE(Move(request).ok());
  other.join();
  EXPECT_EQ(InUse(), "Branches: 700");
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_entries WHERE from_state = to_state"), 700);
}

// Reports are booked by one thread while two others move, remove and replace at random; whatever the order,
// fsck recomputes the same books from the stored bytes.
TEST_F(InstanceChangesTest, BooksStayTrueWhileReportsAreBookedAndInstancesMove) {
  constexpr int kInstances = 12;
  const auto name = [](uint32_t number) { return absl::StrCat("R", 10 + number % kInstances); };
  for (uint32_t i = 0; i < kInstances; ++i) Report(name(i), 1, 1 + i);
  std::atomic<bool> done = false;
  std::thread booking([&] {
    while (!done) {
      const auto progress = apply_.RunOnce();
      EXPECT_TRUE(progress.ok()) << progress.status();
    }
  });
  const auto change = [&](uint32_t seed) {
    std::mt19937 random(seed);
    const char* homes[] = {"Default", "Branches", "Lab"};
    for (int i = 0; i < 60; ++i) {
      absl::Status status;
      const uint32_t what = random() % 8;
      if (what == 0) {
        status = Remove({name(random())}).status();
      } else {
        status = Move(MoveOf({name(random()), name(random()), name(random())}, homes[random() % 3])).status();
      }
      EXPECT_TRUE(status.ok() || errors::IsRetryable(status)) << status;
    }
  };
  std::thread first([&] { change(1); });
  std::thread second([&] { change(2); });
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    Pass(absl::Minutes(7));
    const int64_t now_s = absl::ToUnixSeconds(clock_.Now());
    // On time, late by up to two hours, or a little ahead.
    const int64_t end_s = now_s + 600 - static_cast<int64_t>(random() % 7800);
    Submit({ReportOf(name(random()), 100 + i, end_s - 900, end_s, random() % 20),
            ReportOf(name(random()), 1000 + i, end_s - 900, end_s, random() % 20)});
  }
  first.join();
  second.join();
  done = true;
  booking.join();
  Apply();
}

}  // namespace
}  // namespace quartermaster::ledger
