// A ledger with a few licenses, a signer without keys and short ways to ask, for the tests of authorizations.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_FIXTURE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_service.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/reservation_service.h"
#include "services/ledger/api/toy_signer.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/storage/administration/pools_now.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {

inline constexpr char kTag[] = "regid.hsec,1.0_enforced";
inline constexpr char kOther[] = "regid.dna,1.0_enforced";
inline constexpr char kExport[] = "regid.crypto,1.0_export";
inline constexpr char kOpen[] = "regid.campus,1.0_open";
inline constexpr char kPid[] = "C8500";

inline const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
inline constexpr absl::Duration kDay = absl::Hours(24);

inline void InThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

using Lines = std::vector<std::pair<const char*, int64_t>>;

struct Request {
  std::string serial_number = "X";
  Lines lines;
  std::string confirmation_code;
  std::string removal_code;
  std::string request_id;
  std::string actor = "anna";
};

class AuthorizationTest : public ::testing::Test {
 protected:
  AuthorizationTest() {
    v1::ImportCatalogRequest catalog;
    for (const char* tag : {kTag, kOther, kExport, kOpen}) {
      v1::LicenseTag& license = *catalog.add_license_tags();
      license.set_tag(tag);
      license.set_display_name(tag);
      license.set_term(v1::TERM_PERPETUAL);
      license.set_enforcement(tag == kExport ? v1::ENFORCEMENT_EXPORT_CONTROLLED
                              : tag == kOpen ? v1::ENFORCEMENT_UNENFORCED
                                             : v1::ENFORCEMENT_ENFORCED);
    }
    v1::ImportResponse response;
    grpc::ServerContext context;
    EXPECT_TRUE(catalog_.ImportCatalog(&context, &catalog, &response).ok());
  }

  void TearDown() override {
    if (!expect_clean_) return;
    EXPECT_EQ(absl::StrJoin(Fsck(), "\n"), "");
  }

  std::vector<std::string> Fsck() {
    std::vector<std::string> found;
    const auto checked = fsck::CheckBooks(
        pool_,
        [&](const fsck::Finding& finding) {
          // Nobody seals blocks here, and the reports of the toy feed have no bodies.
          for (const char* other :
               {"block", "body", "identity", "report_without", "position_", "usage_entries"}) {
            if (finding.rule.starts_with(other)) return;
          }
          found.push_back(
              absl::StrCat(finding.rule, ": ", finding.subject, ": ", finding.got, ", ", finding.want));
        },
        [](std::string_view) { return true; });
    EXPECT_TRUE(checked.ok()) << checked.status();
    return found;
  }

  void Buy(const std::string& id, const char* tag, int64_t quantity, std::optional<absl::Time> end_at = {},
           const char* virtual_account = "Default") {
    v1::ImportEntitlementsRequest request;
    v1::Entitlement& right = *request.add_entitlements();
    right.set_entitlement_id(id);
    right.set_virtual_account(virtual_account);
    right.set_tag(tag);
    right.set_quantity(quantity);
    right.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kNow - 100 * kDay));
    if (end_at) right.mutable_end_time()->set_seconds(absl::ToUnixSeconds(*end_at));
    v1::ImportResponse response;
    grpc::ServerContext context;
    ASSERT_TRUE(entitlements_.ImportEntitlements(&context, &request, &response).ok());
    ASSERT_EQ(response.added(), 1) << response.ShortDebugString();
  }

  // A caller by name; the metadata of a call cannot be set without a wire, so the steps are asked directly.
  absl::StatusOr<Authorization> Ask(const Request& request) {
    AuthorizationAsk ask;
    ask.smart_account_id = database_.account();
    ask.udi = {kPid, request.serial_number};
    for (const auto& [tag, count] : request.lines) ask.lines.push_back({.quantity = count, .tag = tag});
    ask.confirmation_code = request.confirmation_code;
    ask.removal_code = request.removal_code;
    const Act act{request.actor, request.request_id, "test", clock_.Now()};
    ASSIGN_OR_RETURN(const Authorization asked, pool_.Transact("test_ask", [&](pqxx::transaction_base& tx) {
      return flow_.Ask(tx, act, ask);
    }));
    return flow_.Grant(database_.account(), asked.id, act);
  }
  absl::StatusOr<Authorization> Want(const std::string& serial_number, int64_t count,
                                     const char* tag = kTag) {
    return Ask({.serial_number = serial_number, .lines = {{tag, count}}});
  }
  absl::StatusOr<Authorization> Confirm(const Authorization& authorization) {
    return Ask({.serial_number = authorization.udi.serial_number,
                .confirmation_code = signer_.Proofs(authorization.id).confirmation_code});
  }
  absl::StatusOr<Authorization> Return(const Authorization& authorization) {
    return Ask({.serial_number = authorization.udi.serial_number,
                .removal_code = signer_.Proofs(authorization.id).removal_code});
  }
  Authorization Installed(const std::string& serial_number, int64_t count, const char* tag = kTag) {
    const auto granted = Want(serial_number, count, tag);
    EXPECT_TRUE(granted.ok()) << granted.status();
    const auto confirmed = Confirm(*granted);
    EXPECT_TRUE(confirmed.ok()) << confirmed.status();
    return *confirmed;
  }
  absl::StatusOr<Authorization> Decide(bool approve, int64_t id, const std::string& actor) {
    const Act act{actor, "", "test", clock_.Now()};
    ASSIGN_OR_RETURN(const Authorization decided,
                     pool_.Transact("test_decide", [&](pqxx::transaction_base& tx) {
                       return approve ? flow_.Approve(tx, act, database_.account(), id)
                                      : flow_.Deny(tx, act, database_.account(), id);
                     }));
    return flow_.Grant(database_.account(), decided.id, act);
  }

  // Of all authorizations, in their order.
  std::string States() {
    std::vector<std::string> states;
    for (const Authorization& one : *pool_.Read("test_states", [&](pqxx::transaction_base& tx) {
           return absl::StatusOr<std::vector<Authorization>>(
               ListAuthorizations(tx, {.smart_account_id = database_.account(), .limit = 100}));
         })) {
      states.push_back(StateName(one.state));
    }
    return absl::StrJoin(states, " ");
  }

  // "available held reserved" of a tag.
  std::string Rights(const char* tag = kTag) {
    return database_.Table(
        absl::StrCat("SELECT coalesce(sum(quantity) FILTER (WHERE state = 2), 0), coalesce(sum(quantity) "
                     "FILTER (WHERE state = 3), 0),"
                     " coalesce(sum(quantity) FILTER (WHERE state = 4), 0) FROM lot_balances JOIN "
                     "license_tags USING (tag_id)"
                     " WHERE tag = '",
                     tag, "'"));
  }
  // "in use|reserved" of a tag's pools.
  std::string Pool(const char* tag = kTag) {
    return database_.Table(absl::StrCat(
        "SELECT in_use, reserved FROM license_pools JOIN license_tags USING (tag_id) WHERE tag = '", tag,
        "' ORDER BY virtual_account_id"));
  }
  int64_t Balance(const char* tag = kTag) {
    int64_t balance = 0;
    EXPECT_TRUE(pool_
                    .Read("test_balance",
                          [&](pqxx::transaction_base& tx) -> absl::Status {
                            for (const PoolFigures& pool :
                                 PoolsNow().Read(tx, database_.account(), clock_.Now())) {
                              if (pool.tag == tag) balance = pool.entitled - pool.in_use - pool.reserved;
                            }
                            return absl::OkStatus();
                          })
                    .ok());
    return balance;
  }

  // `serial_number` reports that it uses so many.
  void Report(const std::string& serial_number, uint32_t count, const char* tag = kTag,
              std::vector<std::string> ha_members = {}) {
    FeedReport report;
    report.product_id = kPid;
    report.serial_number = serial_number;
    report.tag = tag;
    report.report_id = ++last_report_;
    for (std::string& member : ha_members) report.ha_members.push_back({kPid, std::move(member), "Active"});
    const int64_t end_s = absl::ToUnixSeconds(clock_.Now()) - 3600 + last_report_;
    report.measurements = {{end_s - 3600, end_s, count, 0}};
    const FeedReport reports[] = {report};
    database_.Submit(reports, clock_.Now());
  }
  void ApplyAll() {
    for (;;) {
      const auto progress = apply_.RunOnce();
      ASSERT_TRUE(progress.ok()) << progress.status();
      if (*progress == ApplyReports::Progress::kNothingToDo) return;
    }
  }
  void Use(const std::string& serial_number, uint32_t count, const char* tag = kTag) {
    Report(serial_number, count, tag);
    ApplyAll();
  }

  static std::string Id(const absl::Status& status) { return std::string(errors::ErrorId(status)); }
  template <typename T>
  static std::string Id(const absl::StatusOr<T>& result) {
    return Id(result.status());
  }

  LedgerDatabase database_;
  ManualClock clock_{kNow};
  pg::Pool pool_{[this] {
    pg::Options options = database_.options();
    options.connections_max = 16;
    return options;
  }()};
  ToySigner signer_;
  const AuthorizationFlow flow_{&pool_,
                                {},
                                {.sign = [this](const CodeRequest& request) { return signer_.Sign(request); },
                                 .find = [this](int64_t, int64_t id) { return signer_.Find(id); }}};
  const ApiContext api_{&pool_, &clock_};
  CatalogServiceImpl catalog_{api_};
  EntitlementServiceImpl entitlements_{api_};
  AuthorizationServiceImpl service_{api_, &flow_};
  ReservationServiceImpl reservations_{api_, &flow_};
  metrics::Registry metrics_;
  ApplyReports apply_{{.database = database_.options()}, clock_, metrics_};
  int64_t last_report_ = 0;
  bool expect_clean_ = true;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_FIXTURE_H_
