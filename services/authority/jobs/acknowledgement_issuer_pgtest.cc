#include "services/authority/jobs/acknowledgement_issuer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "services/authority/testing/authority_database.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

class IssuerTest : public testing::Test {
 protected:
  IssuerTest()
      : sender_(database_.AddSender(database_.account(), "P", "1")),
        source_(database_.AddSource(database_.account(), sender_, "a")) {}

  std::unique_ptr<AcknowledgementIssuer> NewIssuer(const IssuerOptions& options = {}) {
    return std::make_unique<AcknowledgementIssuer>(database_.options(), options, &clock_, &registry_);
  }
  void Report(int64_t report_id) {
    database_.AddChange(database_.account(), {{source_, report_id}});
    database_.ApplyAll();
    database_.Run("SELECT pg_notify('ledger_changes', '')");
  }
  int64_t AcknowledgedReports() {
    return database_.Number("SELECT coalesce(sum(report_count), 0) FROM acknowledgements");
  }
  // Until that many reports are acknowledged; how long it took.
  absl::Duration WaitFor(int64_t reports) {
    const absl::Time begin = absl::Now();
    while (AcknowledgedReports() < reports && absl::Now() < begin + absl::Seconds(20)) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    EXPECT_EQ(AcknowledgedReports(), reports);
    return absl::Now() - begin;
  }

  AuthorityDatabase database_;
  const int64_t sender_;
  const int64_t source_;
  ManualClock clock_{absl::FromUnixSeconds(1'900'000'005)};
  metrics::Registry registry_;
};

TEST_F(IssuerTest, AcknowledgesSoonAfterTheNotice) {
  const auto issuer = NewIssuer({.idle_wait = absl::Seconds(30)});
  issuer->Start();
  Report(1);
  WaitFor(1);
  absl::SleepFor(absl::Milliseconds(300));
  Report(2);
  // Without the notice it would sleep for half a minute.
  EXPECT_LT(WaitFor(2), absl::Seconds(5));
  EXPECT_TRUE(issuer->Health().ok());
  EXPECT_NE(registry_.Exposition().find("quartermaster_authority_acknowledged_reports_total 2"),
            std::string::npos);
}

TEST_F(IssuerTest, AcknowledgesWithoutAnyNotice) {
  const auto issuer = NewIssuer({.idle_wait = absl::Milliseconds(50)});
  issuer->Start();
  database_.AddChange(database_.account(), {{source_, 1}});
  database_.ApplyAll();
  EXPECT_LT(WaitFor(1), absl::Seconds(5));
}

TEST_F(IssuerTest, PausesBetweenTheRoundsOfABulkImport) {
  for (int64_t report = 1; report <= 3; ++report) {
    database_.AddChange(database_.account(), {{source_, report}});
  }
  database_.ApplyAll();
  IssuerOptions options;
  options.round.reports_per_round_max = 1;
  options.bulk_pause = absl::Milliseconds(400);
  const auto issuer = NewIssuer(options);
  issuer->Start();
  EXPECT_GE(WaitFor(3), absl::Milliseconds(750));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM acknowledgements"), 3);
}

TEST_F(IssuerTest, AnotherReplicaTakesOverWhenTheLeaderStops) {
  auto first = NewIssuer();
  auto second = NewIssuer();
  first->Start();
  Report(1);
  WaitFor(1);
  second->Start();
  first->Stop();
  Report(2);
  WaitFor(2);
}

TEST_F(IssuerTest, GoesOnAfterItsSessionWasEnded) {
  const auto issuer = NewIssuer({.idle_wait = absl::Milliseconds(50)});
  issuer->Start();
  Report(1);
  WaitFor(1);
  testing::SharedPostgres().TerminateSessions(database_.Text("SELECT current_database()"));
  Report(2);
  WaitFor(2);
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (!issuer->Health().ok() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  EXPECT_TRUE(issuer->Health().ok());
  EXPECT_EQ(database_.Number("SELECT max(sequence) FROM acknowledgements"), 2);
}

TEST_F(IssuerTest, StopsAtOnceThoughItIsIdle) {
  const auto issuer = NewIssuer({.idle_wait = absl::Seconds(60)});
  issuer->Start();
  Report(1);
  WaitFor(1);
  const absl::Time begin = absl::Now();
  issuer->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

}  // namespace
}  // namespace quartermaster::authority
