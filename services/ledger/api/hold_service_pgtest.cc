// Holds against a real PostgreSQL as role qm_ledger.
#include "services/ledger/api/hold_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/common/pg/pool.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class HoldServiceTest : public ::testing::Test {
 protected:
  // The error id, or "ok".
  std::string Place(const std::string& name, const std::string& reason, const std::string& request_id = "") {
    v1::PlaceHoldRequest request;
    request.set_name(name);
    request.set_reason(reason);
    request.set_request_id(request_id);
    grpc::ServerContext context;
    return Word(holds_.PlaceHold(&context, &request, &hold_));
  }
  std::string Release(const std::string& name, const std::string& request_id = "") {
    v1::ReleaseHoldRequest request;
    request.set_name(name);
    request.set_request_id(request_id);
    grpc::ServerContext context;
    return Word(holds_.ReleaseHold(&context, &request, &hold_));
  }
  std::vector<std::string> Names(bool include_released, const std::string& smart_account = "") {
    std::vector<std::string> names;
    v1::ListHoldsRequest request;
    request.set_include_released(include_released);
    request.set_smart_account(smart_account);
    request.set_page_size(2);
    do {
      v1::ListHoldsResponse page;
      grpc::ServerContext context;
      EXPECT_EQ(Word(holds_.ListHolds(&context, &request, &page)), "ok");
      for (const v1::Hold& hold : page.holds()) names.push_back(hold.name());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
  static std::string Word(const grpc::Status& status) {
    return status.ok() ? "ok" : std::string(errors::ErrorId(rpc::FromGrpc(status)));
  }
  std::string Audit() {
    return database_.Table(
        "SELECT method, before ->> 'name', before ->> 'in_force', after ->> 'in_force' "
        "FROM ledger_audit ORDER BY audit_id");
  }

  LedgerDatabase database_;
  ManualClock clock_{kNow};
  pg::Pool pool_{database_.options()};
  HoldServiceImpl holds_{{&pool_, &clock_}};
  v1::Hold hold_;
};

TEST_F(HoldServiceTest, AHoldIsPlacedAndReleasedAndBothAreAudited) {
  ASSERT_EQ(Place("audit-2026", "the auditors asked"), "ok");
  EXPECT_EQ(hold_.placed_at().seconds(), absl::ToUnixSeconds(kNow));
  EXPECT_FALSE(hold_.has_released_at());
  EXPECT_EQ(database_.Table("SELECT smart_account_id, name FROM ledger_v1_holds"),
            absl::StrCat(database_.account(), "|audit-2026\n"));
  clock_.Advance(absl::Hours(1));
  ASSERT_EQ(Release("audit-2026"), "ok");
  EXPECT_EQ(hold_.released_at().seconds(), absl::ToUnixSeconds(kNow) + 3600);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_v1_holds"), 0);
  EXPECT_EQ(Audit(),
            "ledger.v1.HoldService/PlaceHold|||true\n"
            "ledger.v1.HoldService/ReleaseHold|audit-2026|true|false\n");
}

TEST_F(HoldServiceTest, TheSameAgainChangesNothing) {
  ASSERT_EQ(Place("a", "why"), "ok");
  const int64_t id = hold_.hold_id();
  EXPECT_EQ(Place("a", "why"), "ok");
  EXPECT_EQ(hold_.hold_id(), id);
  EXPECT_EQ(Place("a", "something else"), "ledger.hold_exists");
  EXPECT_EQ(Release("a"), "ok");
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Release("a"), "ok");
  EXPECT_EQ(hold_.released_at().seconds(), absl::ToUnixSeconds(kNow));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_audit"), 2);
  // It may be placed anew, and is another hold then.
  EXPECT_EQ(Place("a", "something else"), "ok");
  EXPECT_NE(hold_.hold_id(), id);
  EXPECT_EQ(Release("b"), "ledger.hold_unknown");
}

TEST_F(HoldServiceTest, ARepeatedRequestIsAnsweredAsTheFirstTimeEvenAfterTheRelease) {
  ASSERT_EQ(Place("a", "why", "r1"), "ok");
  const int64_t id = hold_.hold_id();
  ASSERT_EQ(Release("a", "r2"), "ok");
  EXPECT_EQ(Place("a", "why", "r1"), "ok");
  EXPECT_EQ(hold_.hold_id(), id);
  EXPECT_EQ(Names(false), std::vector<std::string>{});
  EXPECT_EQ(Place("b", "why", "r1"), "ledger.request_id_reused");
}

TEST_F(HoldServiceTest, FieldsAreChecked) {
  EXPECT_EQ(Place("", "why"), "ledger.field_missing");
  EXPECT_EQ(Place("a", ""), "ledger.field_missing");
  EXPECT_EQ(Place(std::string(129, 'a'), "why"), "ledger.field_invalid");
  EXPECT_EQ(Place("a\n", "why"), "ledger.field_invalid");
  EXPECT_EQ(Place("a", std::string(1025, 'w')), "ledger.field_invalid");
  EXPECT_EQ(Place("'; DROP TABLE account_holds; --", "\" \\ '"), "ok");
  EXPECT_EQ(Names(true), std::vector<std::string>{"'; DROP TABLE account_holds; --"});
}

TEST_F(HoldServiceTest, AreListedPageByPageAndOnlyOfTheirAccount) {
  database_.AddAccount("other.example.com");
  for (const char* name : {"a", "b", "c", "d", "e"}) ASSERT_EQ(Place(name, "why"), "ok");
  ASSERT_EQ(Release("b"), "ok");
  EXPECT_EQ(Names(false), (std::vector<std::string>{"a", "c", "d", "e"}));
  EXPECT_EQ(Names(true), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(Names(true, "other.example.com"), std::vector<std::string>{});
}

TEST_F(HoldServiceTest, CallersWhoRaceForANamePlaceOneHold) {
  std::atomic<int> placed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      v1::PlaceHoldRequest request;
      request.set_name("a");
      request.set_reason("why");
      v1::Hold hold;
      grpc::ServerContext context;
      placed += holds_.PlaceHold(&context, &request, &hold).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(placed, 8);
  EXPECT_EQ(Names(true), std::vector<std::string>{"a"});
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_audit"), 1);
}

}  // namespace
}  // namespace quartermaster::ledger
