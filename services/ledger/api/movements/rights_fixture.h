// A ledger's rights on a real PostgreSQL as role qm_ledger: two tags, three Virtual Accounts, calls that wait
// for their answers. Each test ends with books that balance.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_RIGHTS_FIXTURE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_RIGHTS_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "services/common/clock/clock.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/storage/administration/account_book.h"

namespace quartermaster::ledger {

inline constexpr char kOpen[] = "regid.2026-01.example.switch,1.0_open";
inline constexpr char kEnforced[] = "regid.2026-01.example.switch,1.0_enforced";
// Of a caller who waits as long as it takes.
inline const rpc::IncomingCall kCall{.caller = {}, .request_id = "", .deadline = absl::InfiniteFuture()};

inline absl::Time Day(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

inline void InThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

class RightsFixture : public ::testing::Test {
 protected:
  RightsFixture() {
    auto made = pool_.Transact("test_bootstrap", [&](pqxx::transaction_base& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const SmartAccount account,
                       EnsureSmartAccount(tx, "default", "Default", true, clock_.Now()));
      EnsureVirtualAccount(tx, account.id, "Branches", "", clock_.Now());
      EnsureVirtualAccount(tx, account.id, "Lab", "", clock_.Now());
      return absl::OkStatus();
    });
    EXPECT_TRUE(made.ok()) << made;
    v1::ImportCatalogRequest catalog;
    for (const char* tag : {kOpen, kEnforced}) {
      v1::LicenseTag& license = *catalog.add_license_tags();
      license.set_tag(tag);
      license.set_display_name(tag);
      license.set_term(v1::TERM_PERPETUAL);
      if (tag == kEnforced) license.set_enforcement(v1::ENFORCEMENT_ENFORCED);
    }
    v1::ImportResponse response;
    grpc::ServerContext context;
    EXPECT_TRUE(catalog_.ImportCatalog(&context, &catalog, &response).ok());
  }

  void TearDown() override {
    std::vector<std::string> found;
    const auto checked = fsck::CheckBooks(
        pool_,
        [&](const fsck::Finding& finding) {
          found.push_back(
              absl::StrCat(finding.rule, ": ", finding.subject, ": ", finding.got, ", ", finding.want));
        },
        [](std::string_view) { return true; });
    EXPECT_TRUE(checked.ok()) << checked.status();
    // Nobody seals blocks here.
    std::erase_if(found, [](const std::string& finding) { return finding.starts_with("block"); });
    EXPECT_EQ(absl::StrJoin(found, "\n"), "");
  }

  void Buy(const std::string& id, const char* tag, int64_t quantity, std::optional<absl::Time> end_at = {}) {
    v1::ImportEntitlementsRequest request;
    v1::Entitlement& right = *request.add_entitlements();
    right.set_entitlement_id(id);
    right.set_virtual_account("Default");
    right.set_tag(tag);
    right.set_quantity(quantity);
    right.mutable_start_time()->set_seconds(absl::ToUnixSeconds(Day(2026, 1, 1)));
    if (end_at) right.mutable_end_time()->set_seconds(absl::ToUnixSeconds(*end_at));
    v1::ImportResponse response;
    grpc::ServerContext context;
    ASSERT_TRUE(entitlements_.ImportEntitlements(&context, &request, &response).ok());
    ASSERT_EQ(response.added(), 1) << response.ShortDebugString();
  }

  static absl::StatusOr<v1::Movement> Await(const v1::Movement& movement,
                                            const std::function<void(EntitlementServiceImpl::Done)>& start) {
    absl::Notification answered;
    grpc::Status status;
    start([&](const grpc::Status& result) {
      status = result;
      answered.Notify();
    });
    answered.WaitForNotification();
    if (!status.ok()) return rpc::FromGrpc(status);
    return movement;
  }

  static v1::EntitlementTransfer Line(const char* tag, const std::string& from, const std::string& to,
                                      int64_t quantity) {
    v1::EntitlementTransfer line;
    line.set_tag(tag);
    line.set_from_virtual_account(from);
    line.set_to_virtual_account(to);
    line.set_quantity(quantity);
    return line;
  }

  absl::StatusOr<v1::Movement> Transfer(const std::vector<v1::EntitlementTransfer>& lines,
                                        const std::string& request_id = "") {
    return TransferAt(entitlements_, lines, request_id);
  }

  static absl::StatusOr<v1::Movement> TransferAt(EntitlementServiceImpl& replica,
                                                 const std::vector<v1::EntitlementTransfer>& lines,
                                                 const std::string& request_id = "",
                                                 const rpc::IncomingCall& call = kCall) {
    v1::TransferEntitlementsRequest request;
    for (const v1::EntitlementTransfer& line : lines) *request.add_transfers() = line;
    request.set_request_id(request_id);
    v1::Movement movement;
    return Await(movement, [&](auto done) { replica.Transfer(call, request, movement, std::move(done)); });
  }

  absl::StatusOr<v1::Movement> Reverse(int64_t movement_id) { return ReverseAt(entitlements_, movement_id); }

  static absl::StatusOr<v1::Movement> ReverseAt(EntitlementServiceImpl& replica, int64_t movement_id) {
    v1::ReverseMovementRequest request;
    request.set_movement_id(movement_id);
    v1::Movement movement;
    return Await(movement, [&](auto done) { replica.Reverse(kCall, request, movement, std::move(done)); });
  }

  // "Virtual Account entitlement quantity", a line each, of what lies somewhere.
  std::string Balances() {
    std::string lines;
    EXPECT_TRUE(
        pool_
            .Read("test_balances",
                  [&](pqxx::transaction_base& tx) -> absl::Status {
                    for (const auto& row :
                         tx.exec("SELECT v.name, e.entitlement_id, b.quantity FROM lot_balances b"
                                 " JOIN entitlements e USING (smart_account_id, lot_id)"
                                 " JOIN virtual_accounts v ON v.virtual_account_id = b.virtual_account_id"
                                 " WHERE b.quantity <> 0 ORDER BY 1, 2")) {
                      absl::StrAppend(&lines, row[0].c_str(), " ", row[1].c_str(), " ", row[2].c_str(), "\n");
                    }
                    return absl::OkStatus();
                  })
            .ok());
    return lines;
  }

  const std::string database_ = quartermaster::testing::NewDatabase();
  ManualClock clock_{Day(2026, 6, 1)};
  pg::Pool pool_{quartermaster::testing::OptionsFor("qm_ledger", database_)};
  const ApiContext api_{&pool_, &clock_};
  CatalogServiceImpl catalog_{api_};
  EntitlementServiceImpl entitlements_{api_};
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_RIGHTS_FIXTURE_H_
