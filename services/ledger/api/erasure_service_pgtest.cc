// Erasure against a real PostgreSQL as role qm_ledger: what is about a person goes, the books do not notice.
#include "services/ledger/api/erasure_service.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/pool.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/testing/ledger_database.h"
#include "services/ledger/testing/stored_bodies.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class ErasureServiceTest : public ::testing::Test {
 protected:
  ErasureServiceTest() {
    std::vector<FeedReport> reports(2);
    reports[0].serial_number = "A";
    reports[1].serial_number = "B";
    for (FeedReport& report : reports) report.measurements = {{1'699'000'000, 1'699'086'400, 3, 0}};
    SubmitWithBodies(database_, reports, kNow, database_.account());
    metrics::Registry metrics;
    ApplyReports apply({.database = database_.options()}, clock_, metrics);
    EXPECT_EQ(*apply.RunOnce(), ApplyReports::Progress::kApplied);
    database_.Run("UPDATE product_instances SET hostname = 'jane-doe-' || udi_sn");
  }

  std::string Erase(const std::string& serial_number, const std::string& smart_account = "",
                    const std::string& request_id = "") {
    v1::EraseProductInstanceRequest request;
    request.set_smart_account(smart_account);
    request.set_product_id("C9300");
    request.set_serial_number(serial_number);
    request.set_request_id(request_id);
    grpc::ServerContext context;
    const grpc::Status status = erasures_.EraseProductInstance(&context, &request, &answer_);
    return status.ok() ? "ok" : std::string(errors::ErrorId(rpc::FromGrpc(status)));
  }
  std::string Hostnames() {
    return database_.Table("SELECT udi_sn, hostname FROM product_instances ORDER BY 1");
  }

  LedgerDatabase database_;
  ManualClock clock_{kNow};
  pg::Pool pool_{database_.options()};
  ErasureServiceImpl erasures_{{&pool_, &clock_}};
  v1::EraseProductInstanceResponse answer_;
};

TEST_F(ErasureServiceTest, TheHostnameGoesAndTheBooksStay) {
  const std::string books = BooksOf(database_);
  ASSERT_EQ(Erase("A"), "ok");
  EXPECT_EQ(answer_.erased_at().seconds(), absl::ToUnixSeconds(kNow));
  EXPECT_EQ(Hostnames(), "A|\nB|jane-doe-B\n");
  EXPECT_EQ(BooksOf(database_), books);
  std::string found;
  const auto checked = fsck::CheckBooks(
      pool_, [&](const fsck::Finding& finding) { absl::StrAppend(&found, finding.rule, "\n"); },
      [](std::string_view) { return true; });
  EXPECT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(found, "");
  EXPECT_EQ(database_.Table(
                "SELECT udi_sn, extract(epoch FROM erased_at)::bigint FROM ledger_v1_instance_erasures"),
            "A|1700000000\n");
}

TEST_F(ErasureServiceTest, NoRowRemembersWhatWasErased) {
  ASSERT_EQ(Erase("A", "", "r1"), "ok");
  for (const char* table : {"ledger_audit", "ledger_requests", "ledger_changes", "product_instances"}) {
    EXPECT_EQ(database_.Number(
                  absl::StrCat("SELECT count(*) FROM ", table, " t WHERE t::text LIKE '%jane-doe-A%'")),
              0)
        << table;
  }
  EXPECT_EQ(database_.Table("SELECT method, after ->> 'serial_number' FROM ledger_audit"),
            "ledger.v1.ErasureService/EraseProductInstance|A\n");
}

TEST_F(ErasureServiceTest, ErasingAgainErasesWhatCameSince) {
  ASSERT_EQ(Erase("A", "", "r1"), "ok");
  database_.Run("UPDATE product_instances SET hostname = 'jane-again' WHERE udi_sn = 'A'");
  clock_.Advance(absl::Hours(1));
  // The same request is only answered again.
  ASSERT_EQ(Erase("A", "", "r1"), "ok");
  EXPECT_EQ(answer_.erased_at().seconds(), absl::ToUnixSeconds(kNow));
  EXPECT_EQ(Hostnames(), "A|jane-again\nB|jane-doe-B\n");
  ASSERT_EQ(Erase("A", "", "r2"), "ok");
  EXPECT_EQ(Hostnames(), "A|\nB|jane-doe-B\n");
  EXPECT_EQ(database_.Table("SELECT extract(epoch FROM erased_at)::bigint FROM instance_erasures"),
            "1700003600\n");
}

TEST_F(ErasureServiceTest, OnlyProductInstancesOfTheAccountAreErased) {
  database_.AddAccount("other.example.com");
  EXPECT_EQ(Erase("A", "other.example.com"), "ledger.product_instance_unknown");
  EXPECT_EQ(Erase("nobody"), "ledger.product_instance_unknown");
  EXPECT_EQ(Erase(""), "ledger.field_missing");
  EXPECT_EQ(Erase(std::string(65, 'x')), "ledger.field_invalid");
  EXPECT_EQ(Erase("A' OR '1'='1"), "ledger.product_instance_unknown");
  EXPECT_EQ(Hostnames(), "A|jane-doe-A\nB|jane-doe-B\n");
}

}  // namespace
}  // namespace quartermaster::ledger
