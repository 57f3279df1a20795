// The administrative API against a real PostgreSQL, as role qm_ledger.
#include <gtest/gtest.h>

#include <string>

#include "services/common/clock/clock.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/compliance_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/product_instance_service.h"

namespace quartermaster::ledger {
namespace {

constexpr char kTop[] = "regid.2026-01.example.router,1.0_premium";
constexpr char kBase[] = "regid.2026-01.example.router,1.0_standard";

absl::Time Day(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

class LedgerApiTest : public ::testing::Test {
 protected:
  LedgerApiTest() {
    auto made = pool_.Transact("test_bootstrap", [&](pqxx::transaction_base& tx) -> absl::Status {
      return EnsureSmartAccount(tx, "default", "Default", true, clock_.Now()).status();
    });
    EXPECT_TRUE(made.ok()) << made;
  }

  v1::VirtualAccount MakeVirtualAccount(const std::string& name) {
    v1::CreateVirtualAccountRequest request;
    request.set_name(name);
    v1::VirtualAccount made;
    grpc::ServerContext context;
    EXPECT_TRUE(accounts_.CreateVirtualAccount(&context, &request, &made).ok());
    return made;
  }

  v1::ImportResponse ImportCatalog(const v1::ImportCatalogRequest& request) {
    v1::ImportResponse response;
    grpc::ServerContext context;
    const grpc::Status status = catalog_.ImportCatalog(&context, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void ImportTwoTiers() {
    v1::ImportCatalogRequest request;
    AddTag(request, kTop, "Premium")->add_substitutes_for(kBase);
    AddTag(request, kBase, "Standard");
    EXPECT_EQ(ImportCatalog(request).added(), 2);
  }

  static v1::LicenseTag* AddTag(v1::ImportCatalogRequest& request, const std::string& tag,
                                const std::string& name) {
    v1::LicenseTag* out = request.add_license_tags();
    out->set_tag(tag);
    out->set_display_name(name);
    out->set_term(v1::TERM_PERPETUAL);
    return out;
  }

  static v1::Entitlement* AddEntitlement(v1::ImportEntitlementsRequest& request, const std::string& id,
                                         const std::string& tag, int64_t quantity) {
    v1::Entitlement* out = request.add_entitlements();
    out->set_entitlement_id(id);
    out->set_virtual_account("Default");
    out->set_tag(tag);
    out->set_quantity(quantity);
    out->mutable_start_time()->set_seconds(absl::ToUnixSeconds(Day(2026, 1, 1)));
    return out;
  }

  v1::ImportResponse Import(const v1::ImportEntitlementsRequest& request) {
    v1::ImportResponse response;
    grpc::ServerContext context;
    const grpc::Status status = entitlements_.ImportEntitlements(&context, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::GetComplianceResponse Compliance(std::optional<absl::Time> as_of = std::nullopt) {
    v1::GetComplianceRequest request;
    if (as_of) request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(*as_of));
    v1::GetComplianceResponse response;
    grpc::ServerContext context;
    const grpc::Status status = compliance_.GetCompliance(&context, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // What the apply job leaves behind: a pool's counter.
  void Use(const std::string& tag, int64_t in_use) {
    auto status = pool_.Transact("test_use", [&](pqxx::transaction_base& tx) -> absl::Status {
      tx.exec_params(
          "INSERT INTO license_pools (smart_account_id, virtual_account_id, tag_id, in_use)"
          " SELECT v.smart_account_id, v.virtual_account_id, t.tag_id, $2 FROM virtual_accounts v, "
          "license_tags t"
          " WHERE v.name = 'Default' AND t.tag = $1"
          " ON CONFLICT (smart_account_id, virtual_account_id, tag_id) DO UPDATE SET in_use = "
          "excluded.in_use",
          tag, in_use);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  static const v1::PoolCompliance* Pool(const v1::GetComplianceResponse& response, const std::string& tag) {
    for (const v1::PoolCompliance& pool : response.pools()) {
      if (pool.tag() == tag) return &pool;
    }
    return nullptr;
  }

  const std::string database_ = quartermaster::testing::NewDatabase();
  ManualClock clock_{Day(2026, 6, 1)};
  pg::Pool pool_{quartermaster::testing::OptionsFor("qm_ledger", database_)};
  const ApiContext api_{&pool_, &clock_};
  AccountServiceImpl accounts_{
      api_, [](pqxx::transaction_base&, int64_t, bool, const Act&) { return absl::OkStatus(); }};
  CatalogServiceImpl catalog_{api_};
  EntitlementServiceImpl entitlements_{api_};
  ComplianceServiceImpl compliance_{api_};
  ProductInstanceServiceImpl instances_{
      api_, [](const ReleaseRequest&, const Act&) -> absl::StatusOr<int64_t> { return 0; }, {}};
};

TEST_F(LedgerApiTest, TheSameRequestIdIsAnsweredAgainAndAnotherRequestUnderItIsRefused) {
  v1::CreateVirtualAccountRequest request;
  request.set_name("Branches");
  request.set_request_id("r-1");
  v1::VirtualAccount first, second;
  grpc::ServerContext a, b, c;
  ASSERT_TRUE(accounts_.CreateVirtualAccount(&a, &request, &first).ok());
  ASSERT_TRUE(accounts_.CreateVirtualAccount(&b, &request, &second).ok());
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
  request.set_name("Other");
  EXPECT_EQ(accounts_.CreateVirtualAccount(&c, &request, &second).error_code(),
            grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(LedgerApiTest, VirtualAccountsAreListedInPages) {
  for (const char* name : {"A", "B", "C"}) MakeVirtualAccount(name);
  v1::ListVirtualAccountsRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    v1::ListVirtualAccountsResponse response;
    grpc::ServerContext context;
    ASSERT_TRUE(accounts_.ListVirtualAccounts(&context, &request, &response).ok());
    for (const auto& account : response.virtual_accounts()) names.push_back(account.name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names, (std::vector<std::string>{"Default", "A", "B", "C"}));
}

TEST_F(LedgerApiTest, ACatalogueWithOneBadRowChangesNothing) {
  v1::ImportCatalogRequest request;
  AddTag(request, kTop, "Premium");
  AddTag(request, kTop, "Twice");
  AddTag(request, "", "No tag");
  const v1::ImportResponse response = ImportCatalog(request);
  ASSERT_EQ(response.errors_size(), 2);
  EXPECT_EQ(response.errors(0).row(), 2);
  EXPECT_EQ(response.errors(0).reason(), "ledger.tag_repeated");
  EXPECT_EQ(response.errors(1).reason(), "ledger.field_missing");
  v1::ListLicenseTagsResponse tags;
  grpc::ServerContext context;
  const v1::ListLicenseTagsRequest list;
  ASSERT_TRUE(catalog_.ListLicenseTags(&context, &list, &tags).ok());
  EXPECT_EQ(tags.license_tags_size(), 0);
}

TEST_F(LedgerApiTest, ImportingTheCatalogueAgainChangesNothing) {
  ImportTwoTiers();
  v1::ImportCatalogRequest request;
  AddTag(request, kTop, "Premium")->add_substitutes_for(kBase);
  AddTag(request, kBase, "Standard");
  EXPECT_EQ(ImportCatalog(request).unchanged(), 2);
}

TEST_F(LedgerApiTest, ASubstitutionCycleIsRefused) {
  ImportTwoTiers();
  v1::ImportCatalogRequest request;
  AddTag(request, kBase, "Standard")->add_substitutes_for(kTop);
  v1::ImportResponse response;
  grpc::ServerContext context;
  EXPECT_EQ(catalog_.ImportCatalog(&context, &request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(LedgerApiTest, EntitlementRowsStandAlone) {
  ImportTwoTiers();
  v1::ImportEntitlementsRequest request;
  AddEntitlement(request, "E-1", kTop, 10);
  AddEntitlement(request, "E-2", kTop, 0);
  AddEntitlement(request, "E-3", kTop, 5)->set_virtual_account("Nowhere");
  AddEntitlement(request, "E-1", kTop, 10);
  AddEntitlement(request, "E-1", kTop, 11);
  AddEntitlement(request, "E-4", "regid.nobody,knows", 3);
  const v1::ImportResponse response = Import(request);
  EXPECT_EQ(response.added(), 2);
  EXPECT_EQ(response.unchanged(), 1);
  ASSERT_EQ(response.errors_size(), 3);
  EXPECT_EQ(response.errors(0).reason(), "ledger.quantity_out_of_range");
  EXPECT_EQ(response.errors(1).reason(), "ledger.virtual_account_unknown");
  EXPECT_EQ(response.errors(2).reason(), "ledger.entitlement_conflict");
  EXPECT_EQ(Import(request).unchanged(), 3);
}

TEST_F(LedgerApiTest, TermsCountFromTheirStartUntilTheirEnd) {
  ImportTwoTiers();
  v1::ImportEntitlementsRequest request;
  v1::Entitlement* term = AddEntitlement(request, "T-1", kBase, 20);
  term->set_term(v1::TERM_SUBSCRIPTION);
  term->mutable_end_time()->set_seconds(absl::ToUnixSeconds(Day(2026, 7, 1)));
  AddEntitlement(request, "T-2", kBase, 5);
  EXPECT_EQ(Import(request).added(), 2);
  EXPECT_EQ(Pool(Compliance(), kBase)->entitled(), 25);
  clock_.Set(Day(2026, 7, 1));
  EXPECT_EQ(Pool(Compliance(), kBase)->entitled(), 5);
  // As of any date, the same from the entries alone.
  EXPECT_EQ(Pool(Compliance(Day(2026, 6, 30)), kBase)->entitled(), 25);
  EXPECT_FALSE(Compliance(Day(2026, 6, 30)).virtual_accounts(0).has_reporting_overdue())
      << "who was overdue then is not known";
  EXPECT_TRUE(Compliance().virtual_accounts(0).has_reporting_overdue());
  EXPECT_EQ(Pool(Compliance(Day(2026, 7, 1)), kBase)->entitled(), 5);
  EXPECT_EQ(Pool(Compliance(Day(2025, 12, 31)), kBase), nullptr);
}

// Each service keeps the lots that it read; the import goes through neither.
TEST_F(LedgerApiTest, RightsThatMoveElsewhereShowInTheNextAnswerOfEveryReplica) {
  ImportTwoTiers();
  ComplianceServiceImpl replica{api_};
  const auto entitled_there = [&]() -> int64_t {
    v1::GetComplianceRequest request;
    v1::GetComplianceResponse response;
    grpc::ServerContext context;
    EXPECT_TRUE(replica.GetCompliance(&context, &request, &response).ok());
    const v1::PoolCompliance* pool = Pool(response, kBase);
    return pool == nullptr ? -1 : pool->entitled();
  };
  EXPECT_EQ(entitled_there(), -1);
  EXPECT_EQ(Pool(Compliance(), kBase), nullptr);
  v1::ImportEntitlementsRequest request;
  AddEntitlement(request, "E-1", kBase, 7);
  Import(request);
  EXPECT_EQ(entitled_there(), 7);
  EXPECT_EQ(Pool(Compliance(), kBase)->entitled(), 7);
  request.Clear();
  AddEntitlement(request, "E-2", kBase, 2);
  Import(request);
  EXPECT_EQ(entitled_there(), 9);
  EXPECT_EQ(Pool(Compliance(), kBase)->entitled(), 9);
}

TEST_F(LedgerApiTest, PoolsThatAreOnlyUsedStandAmongThoseThatAreOwned) {
  ImportTwoTiers();
  v1::ImportEntitlementsRequest request;
  AddEntitlement(request, "E-1", kBase, 7);
  Import(request);
  Use(kTop, 3);
  const v1::GetComplianceResponse response = Compliance();
  ASSERT_EQ(response.pools_size(), 2);
  EXPECT_EQ(response.pools(0).tag(), kTop);
  EXPECT_EQ(response.pools(0).balance(), -3);
  EXPECT_EQ(response.pools(1).tag(), kBase);
  EXPECT_EQ(response.pools(1).balance(), 7);
}

TEST_F(LedgerApiTest, AHigherTiersSurplusCoversALowerTiersShortage) {
  ImportTwoTiers();
  v1::ImportEntitlementsRequest request;
  AddEntitlement(request, "P", kTop, 10);
  AddEntitlement(request, "S", kBase, 40);
  Import(request);
  Use(kTop, 5);
  Use(kBase, 45);
  v1::GetComplianceResponse response = Compliance();
  EXPECT_EQ(response.status(), v1::COMPLIANCE_STATUS_IN);
  EXPECT_EQ(Pool(response, kBase)->borrowed(), 5);
  EXPECT_EQ(Pool(response, kBase)->substitutions(0).from_tag(), kTop);
  EXPECT_EQ(Pool(response, kTop)->lent(), 5);
  Use(kBase, 46);
  response = Compliance();
  EXPECT_EQ(response.status(), v1::COMPLIANCE_STATUS_OUT);
  EXPECT_EQ(response.virtual_accounts(0).status(), v1::COMPLIANCE_STATUS_OUT);
}

TEST_F(LedgerApiTest, InventoryTakesNoUdiWhoseReportsWereAcceptedForAnotherSmartAccount) {
  pg::Options admin = testing::OptionsFor("qm_admin", database_);
  pg::Pool superuser(admin);
  ASSERT_TRUE(superuser
                  .Transact("test",
                            [](pqxx::transaction_base& tx) -> absl::Status {
                              tx.exec(
                                  "INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id,"
                                  " first_received_at) SELECT 'QM-1', 'OWN', smart_account_id, now() FROM"
                                  " smart_accounts UNION ALL SELECT 'QM-1', 'THEIRS', 4711, now()");
                              return absl::OkStatus();
                            })
                  .ok());
  v1::ImportProductInstancesRequest request;
  for (const char* serial : {"OWN", "THEIRS"}) {
    v1::ProductInstance* row = request.add_product_instances();
    row->mutable_udi()->set_product_id("QM-1");
    row->mutable_udi()->set_serial_number(serial);
    row->set_virtual_account("Default");
  }
  v1::ImportResponse response;
  grpc::ServerContext context;
  ASSERT_TRUE(instances_.ImportProductInstances(&context, &request, &response).ok());
  EXPECT_EQ(response.added(), 1);
  ASSERT_EQ(response.errors_size(), 1);
  EXPECT_EQ(response.errors(0).row(), 2);
  EXPECT_EQ(response.errors(0).reason(), "ledger.product_instance_elsewhere");
}

TEST_F(LedgerApiTest, InventoryPlacesProductInstancesAndMovesNothing) {
  MakeVirtualAccount("Branches");
  v1::ImportProductInstancesRequest request;
  v1::ProductInstance* row = request.add_product_instances();
  row->mutable_udi()->set_product_id("QM-1");
  row->mutable_udi()->set_serial_number("SN\"1\\");
  row->set_virtual_account("branches");
  row->set_hostname("edge-1");
  v1::ImportResponse response;
  grpc::ServerContext a, b, c, d;
  ASSERT_TRUE(instances_.ImportProductInstances(&a, &request, &response).ok());
  EXPECT_EQ(response.added(), 1);
  row->set_virtual_account("Default");
  ASSERT_TRUE(instances_.ImportProductInstances(&b, &request, &response).ok());
  ASSERT_EQ(response.errors_size(), 1);
  EXPECT_EQ(response.errors(0).reason(), "ledger.product_instance_elsewhere");

  v1::GetProductInstanceRequest get;
  get.set_product_id("QM-1");
  get.set_serial_number("SN\"1\\");
  v1::ProductInstance found;
  ASSERT_TRUE(instances_.GetProductInstance(&c, &get, &found).ok());
  EXPECT_EQ(found.virtual_account(), "Branches");
  EXPECT_EQ(found.hostname(), "edge-1");
  EXPECT_EQ(found.reporting_status(), v1::REPORTING_STATUS_NEVER);

  v1::ListProductInstancesRequest list;
  list.set_search("EDGE");
  v1::ListProductInstancesResponse page;
  ASSERT_TRUE(instances_.ListProductInstances(&d, &list, &page).ok());
  EXPECT_EQ(page.product_instances_size(), 1);
}

TEST_F(LedgerApiTest, ImportsFindAccountsByTheSameRuleOfCaseAsCallsDo) {
  MakeVirtualAccount("École");
  v1::ImportProductInstancesRequest request;
  v1::ProductInstance* row = request.add_product_instances();
  row->mutable_udi()->set_product_id("QM-1");
  row->mutable_udi()->set_serial_number("SN1");
  row->set_virtual_account("éCOLE");
  v1::ImportResponse response;
  grpc::ServerContext a, b;
  ASSERT_TRUE(instances_.ImportProductInstances(&a, &request, &response).ok());
  v1::ListProductInstancesRequest list;
  list.set_virtual_account("éCOLE");
  v1::ListProductInstancesResponse page;
  const bool found = instances_.ListProductInstances(&b, &list, &page).ok();
  EXPECT_EQ(response.added(), found ? 1 : 0);
  EXPECT_EQ(response.errors_size(), found ? 0 : 1);
}

TEST_F(LedgerApiTest, ImportingAnEntitlementAgainWithItsNanosecondsChangesNothing) {
  ImportTwoTiers();
  v1::ImportEntitlementsRequest request;
  AddEntitlement(request, "E1", kBase, 5)->mutable_start_time()->set_nanos(123'456'789);
  EXPECT_EQ(Import(request).added(), 1);
  const v1::ImportResponse again = Import(request);
  EXPECT_EQ(again.unchanged(), 1);
  EXPECT_EQ(again.errors_size(), 0);
}

TEST_F(LedgerApiTest, CountsTheOverageOfALotOnceWhereverItsQuantityStands) {
  ImportTwoTiers();
  v1::ImportEntitlementsRequest request;
  AddEntitlement(request, "E1", kBase, 5)->set_overage_quantity(3);
  EXPECT_EQ(Import(request).added(), 1);
  auto held = pool_.Transact("test", [&](pqxx::transaction_base& tx) -> absl::Status {
    tx.exec(
        "UPDATE lot_balances SET quantity = 4 WHERE state = 2;"
        "INSERT INTO lot_balances SELECT smart_account_id, virtual_account_id, tag_id, lot_id, 3, 1"
        " FROM lot_balances WHERE state = 2");
    return absl::OkStatus();
  });
  ASSERT_TRUE(held.ok()) << held;
  EXPECT_EQ(Pool(Compliance(), kBase)->entitled(), 5);
  EXPECT_EQ(Pool(Compliance(), kBase)->overage_quantity(), 3);
}

TEST_F(LedgerApiTest, AnUnknownTagIsShownUntilTheCatalogueKnowsIt) {
  auto made = pool_.Transact("test", [&](pqxx::transaction_base& tx) -> absl::Status {
    tx.exec(
        "INSERT INTO license_tags (tag, known, first_seen_at) VALUES ('new', false, now());"
        "INSERT INTO product_instances (product_instance_id, smart_account_id, udi_pid, udi_sn,"
        " virtual_account_id, ha_lead_id, created_at) OVERRIDING SYSTEM VALUE SELECT 901, smart_account_id,"
        " 'QM-1', 'A', virtual_account_id, 901, now() FROM virtual_accounts;"
        "INSERT INTO usage_positions SELECT smart_account_id, 901, tag_id, virtual_account_id, 1, 1, 1, 0, "
        "901,"
        " 0, 1, 0, 0, 0, '', '' FROM product_instances, license_tags WHERE tag = 'new'");
    return absl::OkStatus();
  });
  ASSERT_TRUE(made.ok()) << made;
  const auto findings = [&] {
    v1::GetProductInstanceRequest get;
    get.set_product_id("QM-1");
    get.set_serial_number("A");
    v1::ProductInstance found;
    grpc::ServerContext context;
    EXPECT_TRUE(instances_.GetProductInstance(&context, &get, &found).ok());
    return std::vector<std::string>(found.findings().begin(), found.findings().end());
  };
  EXPECT_EQ(findings(), std::vector<std::string>{"unknown_tag"});
  v1::ImportCatalogRequest catalog;
  AddTag(catalog, "new", "New");
  ImportCatalog(catalog);
  EXPECT_EQ(findings(), std::vector<std::string>{});
}

TEST_F(LedgerApiTest, ReleasesHoldNoTransactionOpenAndAnswerARepetitionAsTheFirstTime) {
  int calls = 0;
  ProductInstanceServiceImpl instances(
      api_,
      [&](const ReleaseRequest&, const Act&) -> absl::StatusOr<int64_t> {
        auto open = pool_.Read("test", [](pqxx::transaction_base& tx) -> absl::StatusOr<int64_t> {
          return tx
              .exec1(
                  "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                  " AND state LIKE 'idle in transaction%'")[0]
              .as<int64_t>();
        });
        EXPECT_EQ(*open, 0);
        return 7 + calls++;
      },
      {});
  v1::ReleaseUsageRequest request;
  request.set_request_id("release-1");
  for (int repetition = 0; repetition < 2; ++repetition) {
    v1::ReleaseUsageResponse response;
    grpc::ServerContext context;
    ASSERT_TRUE(instances.ReleaseUsage(&context, &request, &response).ok());
    EXPECT_EQ(response.released_positions(), 7);
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(LedgerApiTest, MembersOfAnHaSetShareDeadlinesAndStaleness) {
  auto made = pool_.Transact("test", [&](pqxx::transaction_base& tx) -> absl::Status {
    // The active unit was acknowledged and reports; the standby unit did so long ago.
    tx.exec(
        "INSERT INTO license_tags (tag, known, first_seen_at) VALUES ('old', true, now());"
        "INSERT INTO product_instances (product_instance_id, smart_account_id, udi_pid, udi_sn,"
        " virtual_account_id, ha_lead_id, created_at, first_contact_at, last_acknowledged_at, "
        "last_measured_s)"
        " OVERRIDING SYSTEM VALUE SELECT id, v.smart_account_id, 'QM-1', sn, v.virtual_account_id, 901, "
        "now(),"
        " '2026-01-01', acked::timestamptz, measured FROM virtual_accounts v CROSS JOIN (VALUES"
        " (901, 'A', '2026-01-01Z', 1767225600), (902, 'B', '2026-06-01Z', 1780272000))"
        " AS i (id, sn, acked, measured);"
        "INSERT INTO usage_positions SELECT smart_account_id, 901, 1, virtual_account_id, 1, 1767225600, 1, "
        "0,"
        " 901, 0, 1767225600, 0, 0, 0, '', '' FROM product_instances WHERE product_instance_id = 901");
    return absl::OkStatus();
  });
  ASSERT_TRUE(made.ok()) << made;
  for (const char* serial : {"A", "B"}) {
    v1::GetProductInstanceRequest get;
    get.set_product_id("QM-1");
    get.set_serial_number(serial);
    v1::ProductInstance found;
    grpc::ServerContext context;
    ASSERT_TRUE(instances_.GetProductInstance(&context, &get, &found).ok());
    EXPECT_EQ(found.ha_members_size(), 2);
    EXPECT_EQ(found.next_report_due().seconds(), absl::ToUnixSeconds(Day(2026, 6, 1)) + 90 * 86'400)
        << serial;
    ASSERT_EQ(found.usage_size(), 1);
    EXPECT_TRUE(found.usage(0).stale()) << serial;
  }
}

TEST_F(LedgerApiTest, AnUnknownProductInstanceIsNotFound) {
  v1::GetProductInstanceRequest get;
  get.set_product_id("QM-1");
  get.set_serial_number("NONE");
  v1::ProductInstance found;
  grpc::ServerContext context;
  EXPECT_EQ(instances_.GetProductInstance(&context, &get, &found).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace quartermaster::ledger
