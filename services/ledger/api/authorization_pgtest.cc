// Authorization codes against a real PostgreSQL as role qm_ledger, with concurrent callers, reports that come
// meanwhile and a signer that fails. Each test ends with books that balance.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/clock/clock.h"
#include "services/common/crypto/authorization_proof.h"
#include "services/common/errors/error.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_service.h"
#include "services/ledger/api/catalog_service.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/reservation_service.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/storage/administration/pools_now.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr char kTag[] = "regid.hsec,1.0_enforced";
constexpr char kOther[] = "regid.dna,1.0_enforced";
constexpr char kExport[] = "regid.crypto,1.0_export";
constexpr char kOpen[] = "regid.campus,1.0_open";
constexpr char kPid[] = "C8500";

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
constexpr absl::Duration kDay = absl::Hours(24);

void InThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

// What the authority does, without keys: one code per id for ever, and the proofs of its nonce.
class ToySigner {
 public:
  absl::StatusOr<SignedCode> Sign(const CodeRequest& request) {
    const std::lock_guard lock(mutex_);
    if (down_) return absl::UnavailableError("the authority is away");
    codes_.try_emplace(request.authorization_id, absl::StrCat("code ", request.authorization_id));
    requests_[request.authorization_id] = request;
    const auto proofs = ProofsOf(request);
    return SignedCode{codes_.at(request.authorization_id), crypto::ProofHash(proofs.confirmation_code),
                      crypto::ProofHash(proofs.removal_code)};
  }
  absl::StatusOr<std::string> Find(int64_t id) {
    const std::lock_guard lock(mutex_);
    return codes_.at(id);
  }
  // As the product instance computes them from its code.
  crypto::AuthorizationProofs Proofs(int64_t id) {
    const std::lock_guard lock(mutex_);
    return ProofsOf(requests_.at(id));
  }
  CodeRequest Request(int64_t id) {
    const std::lock_guard lock(mutex_);
    return requests_.at(id);
  }
  void SetDown(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }

 private:
  static crypto::AuthorizationProofs ProofsOf(const CodeRequest& request) {
    return crypto::ProofsOf(
        absl::StrCat("nonce ", request.authorization_id),
        {{request.udi.product_id, request.udi.serial_number}, request.authorization_id, request.sequence});
  }

  std::mutex mutex_;
  std::map<int64_t, std::string> codes_;
  std::map<int64_t, CodeRequest> requests_;
  bool down_ = false;
};

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

  void Buy(const std::string& id, const char* tag, int64_t quantity, std::optional<absl::Time> end_at = {}) {
    v1::ImportEntitlementsRequest request;
    v1::Entitlement& right = *request.add_entitlements();
    right.set_entitlement_id(id);
    right.set_virtual_account("Default");
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

TEST_F(AuthorizationTest, ARequestIsHeldSignedConfirmedAndReturned) {
  Buy("E1", kTag, 10);
  const auto granted = Want("X", 3);
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(granted->state, AuthorizationState::kGranted);
  EXPECT_EQ(granted->code, absl::StrCat("code ", granted->id));
  EXPECT_EQ(Rights(), "7|0|3\n");
  EXPECT_EQ(Balance(), 7);
  const auto confirmed = Confirm(*granted);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  EXPECT_EQ(confirmed->state, AuthorizationState::kConfirmed);
  EXPECT_EQ(Rights(), "7|0|3\n");
  const auto returned = Return(*granted);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->state, AuthorizationState::kReturned);
  EXPECT_EQ(Rights(), "10|0|0\n");
  EXPECT_EQ(Balance(), 10);
}

TEST_F(AuthorizationTest, TheVectorOfOneAuthorizedAndTwoReporting) {
  Buy("E1", kTag, 10);
  Installed("X", 1);
  EXPECT_EQ(Balance(), 9);
  Use("X", 1);
  EXPECT_EQ(Balance(), 9) << "what X is authorised to use and reports is consumed once";
  Use("Y", 2);
  EXPECT_EQ(Balance(), 7);
  EXPECT_EQ(Pool(), "3|0\n");
}

TEST_F(AuthorizationTest, ConsumptionIsTheGreaterOfReportedAndAuthorizedWheneverReportsCome) {
  Buy("E1", kTag, 10);
  Use("X", 2);
  Installed("X", 5);
  EXPECT_EQ(Pool(), "2|3\n");
  Use("X", 7);
  EXPECT_EQ(Pool(), "7|0\n");
  Use("X", 4);
  EXPECT_EQ(Pool(), "4|1\n");
  Use("X", 0);
  EXPECT_EQ(Pool(), "0|5\n");
}

TEST_F(AuthorizationTest, WhatTheDeviceReportsAlreadyCountsForItsOwnRequest) {
  Buy("E1", kTag, 3);
  Use("X", 3);
  EXPECT_EQ(Id(Want("Y", 1)), "ledger.quantity_not_available");
  EXPECT_TRUE(Want("X", 3).ok());
  EXPECT_EQ(Balance(), 0);
  Use("Y", 2);
  EXPECT_EQ(Balance(), -2) << "reported use may go below zero";
}

TEST_F(AuthorizationTest, RacingRequestsNeverPromiseMoreThanThereIs) {
  Buy("E1", kTag, 5);
  std::atomic<int> granted = 0, refused = 0;
  InThreads(12, [&](int i) {
    const auto result = Want(absl::StrCat("D", i), 1);
    if (result.ok()) {
      ++granted;
    } else {
      EXPECT_EQ(Id(result), "ledger.quantity_not_available") << result.status();
      ++refused;
    }
  });
  EXPECT_EQ(granted, 5);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(Rights(), "0|0|5\n");
  EXPECT_EQ(Balance(), 0);
}

TEST_F(AuthorizationTest, RacingRequestsWithReturnsAndReportsKeepTheBooks) {
  Buy("E1", kTag, 4);
  Buy("E2", kOther, 4, kNow + 30 * kDay);
  std::atomic<bool> done = false;
  std::thread reports([&] {
    for (uint32_t i = 0; !done; ++i) {
      Report(absl::StrCat("D", i % 6), i % 3, i % 2 == 0 ? kTag : kOther);
      ApplyAll();
    }
  });
  InThreads(6, [&](int i) {
    for (int round = 0; round < 8; ++round) {
      const std::string serial_number = absl::StrCat("D", i);
      const auto granted = Ask({.serial_number = serial_number, .lines = {{kTag, 1}, {kOther, 2}}});
      if (!granted.ok()) {
        EXPECT_EQ(Id(granted), "ledger.quantity_not_available") << granted.status();
        continue;
      }
      if (round % 2 == 0) EXPECT_TRUE(Confirm(*granted).ok());
      const auto returned = Return(*granted);
      EXPECT_TRUE(returned.ok()) << returned.status();
    }
  });
  done = true;
  reports.join();
  EXPECT_EQ(Rights(), "4|0|0\n");
  EXPECT_EQ(Rights(kOther), "4|0|0\n");
}

TEST_F(AuthorizationTest, TheSameRequestAtOnceOrAgainIsOneAuthorizationWithOneCode) {
  Buy("E1", kTag, 10);
  std::mutex mutex;
  std::set<std::string> codes;
  InThreads(6, [&](int) {
    const auto granted = Want("X", 2);
    ASSERT_TRUE(granted.ok()) << granted.status();
    const std::lock_guard lock(mutex);
    codes.insert(*flow_.CodeOf(database_.account(), *granted));
  });
  EXPECT_EQ(codes.size(), 1u);
  EXPECT_EQ(Rights(), "8|0|2\n");
  EXPECT_EQ(Id(Want("X", 3)), "ledger.authorization_open");
}

TEST_F(AuthorizationTest, WhileNobodySignsTheHoldTimesOutAndEverythingIsFreeAgain) {
  Buy("E1", kTag, 2);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  EXPECT_EQ(Rights(), "0|2|0\n");
  EXPECT_EQ(Id(Want("Y", 1)), "ledger.quantity_not_available");
  clock_.Advance(absl::Minutes(14));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 0);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 1);
  EXPECT_EQ(Rights(), "2|0|0\n");
  EXPECT_EQ(Pool(), "0|0\n");
  signer_.SetDown(false);
  EXPECT_TRUE(Want("Y", 1).ok());
}

TEST_F(AuthorizationTest, AHoldWhoseSignerComesBackInTimeIsGranted) {
  Buy("E1", kTag, 2);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  signer_.SetDown(false);
  const auto granted = Want("X", 2);
  ASSERT_TRUE(granted.ok()) << granted.status();
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 0) << "a code is out: no time-out frees it";
  EXPECT_EQ(Rights(), "0|0|2\n");
}

TEST_F(AuthorizationTest, ALotThatEndsBeforeTheCodeIsSignedIsNotGranted) {
  Buy("E1", kTag, 2, kNow + absl::Minutes(5));
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 2).ok());
  signer_.SetDown(false);
  clock_.Advance(absl::Minutes(6));
  const auto result = Want("X", 2);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->state, AuthorizationState::kExpired);
  EXPECT_EQ(*flow_.CodeOf(database_.account(), *result), "");
  EXPECT_EQ(Rights(), "2|0|0\n");
}

TEST_F(AuthorizationTest, AReturnFreesOnceHoweverOftenItIsSent) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 2);
  std::atomic<int> answered = 0;
  InThreads(4, [&](int) { answered += Return(installed).ok() ? 1 : 0; });
  EXPECT_EQ(answered, 4);
  EXPECT_EQ(Rights(), "5|0|0\n");
  const auto again = Return(installed);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, installed.id);
  // Not even when the product instance has a new code by now.
  Installed("X", 3);
  EXPECT_TRUE(Return(installed).ok());
  EXPECT_EQ(Rights(), "2|0|3\n");
}

TEST_F(AuthorizationTest, OnlyTheRightProofOfTheRightProductInstanceCounts) {
  Buy("E1", kTag, 5);
  const Authorization x = Installed("X", 2);
  const Authorization y = Installed("Y", 2);
  const auto proofs = signer_.Proofs(x.id);
  EXPECT_EQ(Id(Ask({.serial_number = "Y", .removal_code = proofs.removal_code})), "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .removal_code = proofs.confirmation_code})),
            "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .confirmation_code = proofs.removal_code})),
            "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .removal_code = "0000-0000-0000-0000"})), "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "X", .removal_code = "'; DROP TABLE authorizations"})),
            "ledger.proof_invalid");
  EXPECT_EQ(Id(Ask({.serial_number = "Z", .removal_code = proofs.removal_code})),
            "ledger.product_instance_unknown");
  EXPECT_EQ(Id(Ask({.serial_number = "X"})), "ledger.field_missing");
  EXPECT_EQ(Rights(), "1|0|4\n");
}

TEST_F(AuthorizationTest, MoreIsAskedForByNamingTheInstalledCodeAndOnlyTheDifferenceIsHeld) {
  Buy("E1", kTag, 3);
  const Authorization first = Installed("X", 2);
  EXPECT_EQ(Id(Want("X", 3)), "ledger.confirmation_code_required");
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 3}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->replaces, first.id);
  EXPECT_GT(second->sequence, first.sequence);
  EXPECT_EQ(Rights(), "0|0|3\n") << "never counted twice";
  EXPECT_EQ(Balance(), 0);
  int64_t in_code = 0;
  for (const CodeEntitlement& one : signer_.Request(second->id).entitlements) in_code += one.count;
  EXPECT_EQ(in_code, 3) << "the new code is for all of them";
  ASSERT_TRUE(Confirm(*second).ok());
  EXPECT_EQ(Rights(), "0|0|3\n");
  EXPECT_EQ(Id(Return(first)), "ledger.proof_invalid") << "a code that was replaced returns nothing";
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Rights(), "3|0|0\n");
}

TEST_F(AuthorizationTest, FewerAreFreeOnlyOnceTheNewCodeIsInstalled) {
  Buy("E1", kTag, 5);
  Buy("E2", kOther, 5);
  const auto first = Ask({.serial_number = "X", .lines = {{kTag, 4}, {kOther, 2}}});
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string code = signer_.Proofs(first->id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 1}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Rights(), "1|0|4\n");
  EXPECT_EQ(Rights(kOther), "3|0|2\n");
  ASSERT_TRUE(Confirm(*second).ok());
  EXPECT_EQ(Rights(), "4|0|1\n");
  EXPECT_EQ(Rights(kOther), "5|0|0\n");
}

TEST_F(AuthorizationTest, AReturnWhileASuccessorIsOnItsWayLeavesItWhatItLacks) {
  Buy("E1", kTag, 5);
  const Authorization first = Installed("X", 3);
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 4}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(Return(first).ok());
  EXPECT_EQ(Rights(), "1|0|4\n");
  ASSERT_TRUE(Confirm(*second).ok());
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, AReturnWhileASuccessorIsOnlyHeldLeavesItAHold) {
  Buy("E1", kTag, 5);
  const Authorization first = Installed("X", 3);
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  signer_.SetDown(true);
  EXPECT_FALSE(Ask({.serial_number = "X", .lines = {{kTag, 4}}, .confirmation_code = code}).ok());
  EXPECT_EQ(Rights(), "1|1|3\n");
  ASSERT_TRUE(Return(first).ok());
  EXPECT_EQ(Rights(), "1|4|0\n");
  EXPECT_EQ(Balance(), 1);
  signer_.SetDown(false);
  ASSERT_TRUE(Want("X", 4).ok());
  EXPECT_EQ(Rights(), "1|0|4\n");
}

TEST_F(AuthorizationTest, RemovingANewCodeThatNobodyConfirmedEndsBoth) {
  Buy("E1", kTag, 5);
  const Authorization first = Installed("X", 3);
  const std::string code = signer_.Proofs(first.id).confirmation_code;
  const auto second = Ask({.serial_number = "X", .lines = {{kTag, 4}}, .confirmation_code = code});
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(Return(*second).ok());
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, OneRequestReturnsTheOldCodeAndAsksForANewOne) {
  Buy("E1", kTag, 3);
  const Authorization first = Installed("X", 3);
  const Request request = {
      .serial_number = "X", .lines = {{kTag, 2}}, .removal_code = signer_.Proofs(first.id).removal_code};
  const auto second = Ask(request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Rights(), "1|0|2\n");
  const auto again = Ask(request);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, second->id);
}

TEST_F(AuthorizationTest, BadRequestsAreRefusedByField) {
  Buy("E1", kTag, 5);
  EXPECT_EQ(Id(Want("X", 1, kOpen)), "ledger.authorization_not_needed");
  EXPECT_EQ(Id(Want("X", 1, "no such tag")), "ledger.tag_unknown");
  EXPECT_EQ(Id(Want("X", 0)), "ledger.quantity_out_of_range");
  EXPECT_EQ(Id(Want("X", 1LL << 40)), "ledger.quantity_out_of_range");
  EXPECT_EQ(Id(Want("", 1)), "ledger.field_missing");
  EXPECT_EQ(Id(Want(std::string(65, 'S'), 1)), "ledger.field_invalid");
  EXPECT_EQ(Id(Ask({.lines = {{kTag, 1}, {kTag, 1}}})), "ledger.field_invalid");
  EXPECT_EQ(Id(Ask({.lines = Lines(51, {kTag, 1})})), "ledger.too_many_rows");
  const auto refused = Want("X", 6);
  EXPECT_EQ(refused.status().message(),
            absl::StrCat("lines[0].count: got 6, want at most 5, which is what may leave of ", kTag,
                         " in Default"));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM product_instances"), 0)
      << "a refused request leaves nothing";
}

TEST_F(AuthorizationTest, AProductInstanceOfAnotherAccountIsRefused) {
  Buy("E1", kTag, 5);
  const int64_t other = database_.AddAccount("other.example");
  database_.Run(absl::StrCat(
      "INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn, virtual_account_id, ha_lead_id, "
      "created_at)"
      " SELECT ",
      other,
      ", 'C8500', 'X', virtual_account_id, 1, now() FROM virtual_accounts WHERE smart_account_id = ", other));
  database_.Run("UPDATE product_instances SET ha_lead_id = product_instance_id");
  EXPECT_EQ(Id(Want("X", 1)), "ledger.product_instance_elsewhere");
}

class ExportTest : public AuthorizationTest {
 protected:
  void SetRule(bool allowed, const std::string& country, v1::ApprovalRule approval) {
    v1::SetAuthorizationRuleRequest request;
    request.set_export_allowed(allowed);
    request.set_country(country);
    request.set_approval(approval);
    v1::AuthorizationRule response;
    grpc::ServerContext context;
    const grpc::Status status = service_.SetAuthorizationRule(&context, &request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  void Restrict(const std::vector<std::string>& countries) {
    v1::SetRestrictedCountriesRequest request;
    for (const std::string& country : countries) request.add_countries(country);
    v1::SetRestrictedCountriesResponse response;
    grpc::ServerContext context;
    const grpc::Status status = service_.SetRestrictedCountries(&context, &request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
};

TEST_F(ExportTest, WithoutARuleNothingExportControlledIsGranted) {
  Buy("E1", kExport, 5);
  EXPECT_EQ(Id(Want("X", 1, kExport)), "ledger.export_not_allowed");
  SetRule(true, "DE", v1::APPROVAL_RULE_AUTOMATIC);
  EXPECT_EQ(Want("X", 1, kExport)->state, AuthorizationState::kGranted);
}

TEST_F(ExportTest, ARestrictedCountryGetsNothingAlsoWhenItIsListedBeforeTheApproval) {
  Buy("E1", kExport, 5);
  SetRule(true, "de", v1::APPROVAL_RULE_FOUR_EYES);
  const auto asked = Want("X", 1, kExport);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->state, AuthorizationState::kAwaitingApproval);
  Restrict({"KP", "de"});
  EXPECT_EQ(Id(Want("Y", 1, kExport)), "ledger.export_not_allowed");
  EXPECT_EQ(Id(Decide(true, asked->id, "bert")), "ledger.export_not_allowed");
  EXPECT_EQ(Rights(kExport), "4|1|0\n");
  Restrict({});
  EXPECT_TRUE(Decide(true, asked->id, "bert").ok());
}

TEST_F(ExportTest, WhatIsForbiddenBeforeItsCodeIsSignedIsNotGranted) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_AUTOMATIC);
  signer_.SetDown(true);
  EXPECT_FALSE(Want("X", 1, kExport).ok());
  signer_.SetDown(false);
  SetRule(false, "", v1::APPROVAL_RULE_AUTOMATIC);
  const auto result = Want("X", 1, kExport);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->state, AuthorizationState::kExpired);
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
}

TEST_F(ExportTest, UnderFourEyesAnotherOneApproves) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES);
  const auto asked = Want("X", 2, kExport);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(*flow_.CodeOf(database_.account(), *asked), "");
  EXPECT_EQ(Id(Decide(true, asked->id, "anna")), "ledger.decision_denied");
  EXPECT_EQ(Id(Decide(true, asked->id, "")), "ledger.decision_denied");
  EXPECT_EQ(Id(Decide(true, 999, "bert")), "ledger.authorization_unknown");
  EXPECT_EQ(Rights(kExport), "3|2|0\n");
  const auto approved = Decide(true, asked->id, "bert");
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->state, AuthorizationState::kGranted);
  EXPECT_EQ(approved->decided_by, "bert");
  EXPECT_TRUE(Decide(true, asked->id, "bert").ok()) << "the answer was lost";
  EXPECT_EQ(Id(Decide(false, asked->id, "bert")), "ledger.authorization_state_invalid");
  // The product instance polls by asking again.
  EXPECT_EQ(*flow_.CodeOf(database_.account(), *Want("X", 2, kExport)), absl::StrCat("code ", asked->id));
}

TEST_F(ExportTest, WhatIsDeniedOrNotDecidedInTimeIsFree) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES);
  const auto denied = Want("X", 2, kExport);
  ASSERT_TRUE(Decide(false, denied->id, "bert").ok());
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
  EXPECT_EQ(Id(Decide(true, denied->id, "bert")), "ledger.authorization_state_invalid");
  const auto waiting = Want("X", 2, kExport);
  EXPECT_NE(waiting->id, denied->id);
  clock_.Advance(absl::Hours(71));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 0);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*flow_.ExpireHolds(clock_.Now()), 1);
  EXPECT_EQ(Rights(kExport), "5|0|0\n");
}

TEST_F(ExportTest, RacingDecisionsAreOne) {
  Buy("E1", kExport, 5);
  SetRule(true, "DE", v1::APPROVAL_RULE_FOUR_EYES);
  const auto asked = Want("X", 2, kExport);
  std::atomic<int> approved = 0, denied = 0;
  InThreads(6, [&](int i) {
    const auto decided = Decide(i % 2 == 0, asked->id, absl::StrCat("bert", i));
    if (decided.ok()) ++(i % 2 == 0 ? approved : denied);
  });
  EXPECT_EQ(approved + denied, 1);
  EXPECT_EQ(Rights(kExport), approved == 1 ? "3|0|2\n" : "5|0|0\n");
}

TEST_F(AuthorizationTest, AnAdministratorAsksForAReturnAndNothingIsFreeBeforeTheProof) {
  Buy("E1", kTag, 5);
  const Authorization installed = Installed("X", 2);
  v1::ReturnAuthorizationRequest request;
  request.mutable_udi()->set_product_id(kPid);
  request.mutable_udi()->set_serial_number("X");
  v1::Authorization response;
  grpc::ServerContext context;
  ASSERT_TRUE(service_.ReturnAuthorization(&context, &request, &response).ok());
  EXPECT_EQ(response.state(), v1::AUTHORIZATION_STATE_RETURN_PENDING);
  EXPECT_EQ(Rights(), "3|0|2\n");
  ASSERT_TRUE(Return(installed).ok());
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, AKeptAnswerHoldsNoCodeAndARepeatedRequestGetsItAgain) {
  Buy("E1", kTag, 5);
  v1::RequestAuthorizationRequest request;
  request.mutable_udi()->set_product_id(kPid);
  request.mutable_udi()->set_serial_number("X");
  request.add_lines()->set_tag(kTag);
  request.mutable_lines(0)->set_count(2);
  request.set_request_id("request-1");
  v1::Authorization first, again;
  grpc::ServerContext one, two;
  ASSERT_TRUE(service_.RequestAuthorization(&one, &request, &first).ok());
  ASSERT_TRUE(service_.RequestAuthorization(&two, &request, &again).ok());
  EXPECT_EQ(first.smart_license(), absl::StrCat("code ", first.authorization_id()));
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(
      database_.Number("SELECT count(*) FROM ledger_requests WHERE position('code '::bytea IN answer) > 0"),
      0);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_requests WHERE request_id = 'request-1'"), 1);
}

TEST_F(AuthorizationTest, AFileAsksConfirmsAndReturns) {
  Buy("E1", kTag, 5);
  const auto import = [&](const std::string& data) {
    v1::ImportAuthorizationRequestRequest request;
    request.set_file(absl::StrCat("<smartLicense><smartLicenseAuthRequest><data>", data,
                                  "</data></smartLicenseAuthRequest></smartLicense>"));
    v1::ImportAuthorizationRequestResponse response;
    grpc::ServerContext context;
    const grpc::Status status = service_.ImportAuthorizationRequest(&context, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  };
  const std::string sudi = R"("sudi":{"udi_pid":"C8500","udi_serial_number":"X"})";
  const auto asked = import(absl::StrCat(R"([{"keys":[{"entitlement":")", kTag, R"(","count":"2"}],)", sudi,
                                         R"(,"confirm_code":null,"remove_code":null},)",
                                         R"({"keys":[{"entitlement":")", kTag, R"(","count":"9"}],)",
                                         R"("sudi":{"udi_pid":"C8500","udi_serial_number":"Y"},)",
                                         R"("confirm_code":null,"remove_code":null}])"));
  ASSERT_EQ(asked.results_size(), 2);
  const int64_t id = asked.results(0).authorization().authorization_id();
  EXPECT_EQ(asked.results(0).authorization().smart_license(), absl::StrCat("code ", id));
  EXPECT_EQ(asked.results(1).reason(), "ledger.quantity_not_available") << "each request stands alone";
  const auto proofs = signer_.Proofs(id);
  const auto confirmed = import(absl::StrCat(R"([{"keys":[],)", sudi, R"(,"confirm_code":")",
                                             proofs.confirmation_code, R"(","remove_code":null}])"));
  EXPECT_EQ(confirmed.results(0).authorization().state(), v1::AUTHORIZATION_STATE_CONFIRMED);
  const std::string back = absl::StrCat(R"([{"keys":[],)", sudi, R"(,"confirm_code":null,"remove_code":")",
                                        proofs.removal_code, R"("}])");
  EXPECT_EQ(import(back).results(0).authorization().state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(import(back).results(0).authorization().state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(Rights(), "5|0|0\n");
}

TEST_F(AuthorizationTest, TheListIsPagedAndFiltered) {
  Buy("E1", kTag, 5);
  for (const char* serial_number : {"A", "B", "C"}) ASSERT_TRUE(Want(serial_number, 1).ok());
  Installed("D", 1);
  v1::ListAuthorizationsRequest request;
  request.set_page_size(2);
  std::string seen;
  do {
    v1::ListAuthorizationsResponse page;
    grpc::ServerContext context;
    ASSERT_TRUE(service_.ListAuthorizations(&context, &request, &page).ok());
    for (const auto& one : page.authorizations()) absl::StrAppend(&seen, one.udi().serial_number());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, "ABCD");
  request.set_state(v1::AUTHORIZATION_STATE_CONFIRMED);
  v1::ListAuthorizationsResponse page;
  grpc::ServerContext context;
  ASSERT_TRUE(service_.ListAuthorizations(&context, &request, &page).ok());
  ASSERT_EQ(page.authorizations_size(), 1);
  EXPECT_EQ(page.authorizations(0).udi().serial_number(), "D");
  EXPECT_EQ(page.authorizations(0).smart_license(), "");
}

TEST_F(AuthorizationTest, MembersOfAnHaSetAreOneConsumer) {
  Buy("E1", kTag, 10);
  Use("A", 0);
  Use("B", 0);
  Installed("A", 2);
  Installed("B", 2);
  EXPECT_EQ(Balance(), 6);
  Report("A", 3, kTag, {"B"});
  Report("B", 3, kTag, {"A"});
  ApplyAll();
  EXPECT_EQ(database_.Number("SELECT count(DISTINCT ha_lead_id) FROM product_instances"), 1);
  EXPECT_EQ(Pool(), "3|1\n") << "the set reports 3 and is authorised for 4";
  const auto third = Want("B", 2);
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->state, AuthorizationState::kConfirmed) << "it has them";
  EXPECT_EQ(Balance(), 6);
}

TEST_F(AuthorizationTest, FsckNamesWhatWasChangedBehindTheBack) {
  expect_clean_ = false;
  Buy("E1", kTag, 10);
  Installed("X", 3);
  ASSERT_EQ(absl::StrJoin(Fsck(), "\n"), "");
  const auto rules_after = [&](const std::string& change) {
    database_.Run(change);
    std::set<std::string> rules;
    for (const std::string& finding : Fsck()) rules.insert(finding.substr(0, finding.find(':')));
    return absl::StrJoin(rules, " ");
  };
  EXPECT_EQ(rules_after("UPDATE license_pools SET reserved = 2"), "pool_reserved_differs");
  EXPECT_EQ(rules_after("UPDATE license_pools SET reserved = 3; UPDATE authorized_usage SET quantity = 4"),
            "authorized_usage_differs");
  EXPECT_EQ(
      rules_after("UPDATE authorized_usage SET quantity = 3; UPDATE authorization_lots SET quantity = 2"),
      "authorization_balance_differs authorization_lots_differ authorized_usage_differs "
      "pool_reserved_differs");
  EXPECT_EQ(rules_after("UPDATE authorization_lots SET quantity = 3;"
                        "UPDATE authorizations SET state = 7"),
            "authorization_lots_unexpected");
}

TEST_F(AuthorizationTest, AReservationSetsRightsOfAnyLicenseAsideBesideAuthorizations) {
  Buy("E1", kOpen, 5);
  Buy("E2", kTag, 5);
  Installed("X", 1);
  v1::ReserveLicensesRequest request;
  request.mutable_udi()->set_product_id(kPid);
  request.mutable_udi()->set_serial_number("X");
  for (const char* tag : {kOpen, kTag}) {
    auto& line = *request.add_lines();
    line.set_tag(tag);
    line.set_count(3);
  }
  v1::Authorization reserved, answer;
  grpc::ServerContext one, two, three, four;
  ASSERT_TRUE(reservations_.ReserveLicenses(&one, &request, &reserved).ok());
  EXPECT_TRUE(signer_.Request(reserved.authorization_id()).reservation);
  EXPECT_EQ(Rights(kOpen), "2|0|3\n");
  EXPECT_EQ(Pool(), "0|4\n") << "authorised + reserved";
  Use("X", 2);
  EXPECT_EQ(Pool(), "2|2\n");
  request.mutable_udi()->set_serial_number("Y");
  EXPECT_FALSE(reservations_.ReserveLicenses(&two, &request, &answer).ok()) << "short, also where unenforced";

  const auto proofs = signer_.Proofs(reserved.authorization_id());
  ASSERT_TRUE(Ask({.serial_number = "X", .confirmation_code = proofs.confirmation_code}).ok());
  v1::UpdateReservationRequest update;
  *update.mutable_udi() = reserved.udi();
  update.set_confirmation_code(proofs.confirmation_code);
  *update.add_lines() = reserved.lines(0);
  update.mutable_lines(0)->set_tag(kOpen);
  update.mutable_lines(0)->set_count(1);
  ASSERT_TRUE(reservations_.UpdateReservation(&three, &update, &answer).ok());
  EXPECT_EQ(Rights(kOpen), "2|0|3\n");
  const auto updated = signer_.Proofs(answer.authorization_id());
  ASSERT_TRUE(Ask({.serial_number = "X", .confirmation_code = updated.confirmation_code}).ok());
  EXPECT_EQ(Rights(kOpen), "4|0|1\n");
  EXPECT_EQ(Rights(), "4|0|1\n") << "the authorization stays";

  v1::ReturnReservationRequest back;
  *back.mutable_udi() = reserved.udi();
  back.set_return_code(updated.removal_code);
  ASSERT_TRUE(reservations_.ReturnReservation(&four, &back, &answer).ok());
  EXPECT_EQ(answer.state(), v1::AUTHORIZATION_STATE_RETURNED);
  EXPECT_EQ(Rights(kOpen), "5|0|0\n");
  v1::ListReservationsResponse list;
  grpc::ServerContext five;
  const v1::ListReservationsRequest all;
  ASSERT_TRUE(reservations_.ListReservations(&five, &all, &list).ok());
  ASSERT_EQ(list.reservations_size(), 2);
  EXPECT_EQ(list.reservations(0).state(), v1::AUTHORIZATION_STATE_REPLACED);
}

// Random steps of many product instances against a plain account of who has what.
TEST_F(AuthorizationTest, RandomProgramsAgreeWithAModel) {
  constexpr int64_t kOwned = 12;
  Buy("E1", kTag, 7);
  Buy("E2", kTag, 5, kNow + 300 * kDay);
  struct Device {
    int64_t installed = 0, open = 0, reported = 0;
    std::optional<Authorization> installed_code, open_code;
    int64_t consumed() const { return std::max(reported, std::max(installed, open)); }
  };
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](uint32_t bound) { return static_cast<int64_t>(random() % bound); };
    std::map<std::string, Device> devices;
    for (const char* name : {"P", "Q", "R", "S"}) devices[absl::StrCat(name, seed)];
    const auto free = [&] {
      int64_t left = kOwned;
      for (const auto& [name, device] : devices) left -= device.consumed();
      return left;
    };
    for (int step = 0; step < 60; ++step) {
      auto chosen = devices.begin();
      std::advance(chosen, below(4));
      const std::string& name = chosen->first;
      Device& device = chosen->second;
      switch (below(5)) {
        case 0: {  // asks, naming what is installed
          if (device.open_code.has_value()) break;
          const int64_t count = 1 + below(6);
          if (count == device.installed) break;
          Device after = device;
          after.open = count;
          // In words of the rule: never below zero, and not from a pool that is below it already.
          const int64_t more = after.consumed() - device.consumed();
          const bool expected = free() >= 0 && more <= free();
          const auto result =
              Ask({.serial_number = name,
                   .lines = {{kTag, count}},
                   .confirmation_code = device.installed_code.has_value()
                                            ? signer_.Proofs(device.installed_code->id).confirmation_code
                                            : ""});
          // Less than what is installed needs nothing more.
          const bool nothing_more = count < device.installed;
          ASSERT_EQ(result.ok(), expected || nothing_more)
              << "seed " << seed << " step " << step << " " << result.status() << " free " << free();
          if (!result.ok()) break;
          device.open = count;
          device.open_code = *result;
          break;
        }
        case 1:  // confirms
          if (!device.open_code.has_value()) break;
          ASSERT_TRUE(Confirm(*device.open_code).ok());
          device.installed = std::exchange(device.open, 0);
          device.installed_code = std::exchange(device.open_code, std::nullopt);
          break;
        case 2:  // returns what is installed
          if (!device.installed_code.has_value()) break;
          ASSERT_TRUE(Return(*device.installed_code).ok());
          device.installed = 0;
          device.installed_code.reset();
          break;
        case 3:  // removes the new one
          if (!device.open_code.has_value()) break;
          ASSERT_TRUE(Return(*device.open_code).ok());
          device = {.reported = device.reported};
          break;
        default:  // reports
          device.reported = below(4);
          Use(name, static_cast<uint32_t>(device.reported));
      }
      ASSERT_EQ(Balance(), free()) << "seed " << seed << " step " << step;
    }
    for (auto& [name, device] : devices) {
      if (device.open_code.has_value()) ASSERT_TRUE(Return(*device.open_code).ok());
      if (device.installed_code.has_value() && !device.open_code.has_value()) {
        ASSERT_TRUE(Return(*device.installed_code).ok());
      }
      Use(name, 0);
    }
    ASSERT_EQ(Balance(), kOwned) << "seed " << seed;
    ASSERT_EQ(absl::StrJoin(Fsck(), "\n"), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace quartermaster::ledger
