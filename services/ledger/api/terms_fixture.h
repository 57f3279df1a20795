// The rights of one Smart Account as administrators work with them, over simulated time, against a real
// PostgreSQL as role qm_ledger. Each test ends with books that balance.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_TERMS_FIXTURE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_TERMS_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/pool.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/api/compliance_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/figure_service.h"
#include "services/ledger/api/history_service.h"
#include "services/ledger/api/landing_rule_service.h"
#include "services/ledger/api/terms_service.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/jobs/expire_terms.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {

absl::Time Day(int year, int month, int day);

// A right to be bought; without an end a perpetual one.
struct Purchase {
  std::string id;
  std::string virtual_account = "Default";
  std::string tag = "switch";
  int64_t quantity = 10;
  absl::Time start_at = Day(2026, 1, 1);
  std::optional<absl::Time> end_at;
  std::string order_id;
  int64_t overage_quantity = 0;
};

class TermsFixture : public ::testing::Test {
 protected:
  // On 1 June 2026, with the Virtual Accounts Default, Branches and Lab and the tags switch and router.
  TermsFixture();
  void TearDown() override;

  template <typename Service, typename Request, typename Response>
  static absl::StatusOr<Response> Call(Service& service,
                                       grpc::Status (Service::*method)(grpc::ServerContext*, const Request*,
                                                                       Response*),
                                       const Request& request) {
    grpc::ServerContext context;
    Response response;
    const grpc::Status status = (service.*method)(&context, &request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  // A further license tag, of which no pool is overdrawn.
  void AddEnforced(const std::string& tag);
  v1::ImportResponse Import(const std::vector<Purchase>& purchases);
  // All are new.
  void Buy(const std::vector<Purchase>& purchases);
  absl::StatusOr<v1::Movement> Transfer(const std::string& tag, const std::string& from,
                                        const std::string& to, int64_t quantity,
                                        const std::string& entitlement_id = "");
  absl::StatusOr<v1::Movement> Reverse(int64_t movement_id);
  absl::StatusOr<v1::Movement> Correct(const std::string& entitlement_id, int64_t change,
                                       const std::string& virtual_account = "");
  void SetOrder(v1::ConsumptionOrder order);
  // A measurement that ends at `end_at`, reported and booked now. The home of a new one is `virtual_account`.
  void Report(const std::string& serial_number, const std::string& tag, absl::Time end_at, uint32_t count,
              const std::string& virtual_account = "Default",
              const std::vector<std::string>& ha_members = {});
  // Books what was reported, except what an open transaction still hides.
  void Apply();
  // Until nothing is left to do.
  void Expire();

  // By (Virtual Account, tag); as_of and known_at absent = the present.
  struct Pool {
    int64_t entitled = 0;
    int64_t in_use = 0;
    int64_t overage = 0;
    int64_t reserved = 0;
    auto operator<=>(const Pool&) const = default;
  };
  using Pools = std::map<std::pair<std::string, std::string>, Pool>;
  // Without those that are zero.
  Pools PoolsAt(std::optional<absl::Time> as_of = {}, std::optional<absl::Time> known_at = {});
  int64_t Entitled(const std::string& virtual_account = "Default", std::optional<absl::Time> as_of = {},
                   std::optional<absl::Time> known_at = {});
  v1::ListEntitlementFiguresResponse Figures(std::optional<absl::Time> as_of = {},
                                             std::optional<absl::Time> known_at = {});
  // "id@Virtual Account status available/held/reserved/expired consumed", one a line.
  std::string FigureLines(std::optional<absl::Time> as_of = {}, std::optional<absl::Time> known_at = {});

  LedgerDatabase database_;
  ManualClock clock_{Day(2026, 6, 1)};
  pg::Pool pool_{database_.options()};
  const ApiContext api_{&pool_, &clock_};
  EntitlementServiceImpl entitlements_{api_};
  TermsServiceImpl terms_{api_};
  LandingRuleServiceImpl landing_rules_{api_};
  FigureServiceImpl figures_{api_};
  HistoryServiceImpl history_{api_};
  ComplianceServiceImpl compliance_{api_};
  ExpireTerms expire_{pool_};
  metrics::Registry metrics_;
  std::map<std::string, int64_t> virtual_accounts_;

 private:
  ApplyReports apply_;
  int64_t last_report_ = 0;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_TERMS_FIXTURE_H_
