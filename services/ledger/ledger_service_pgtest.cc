// The service as its callers see it: over gRPC, on a real database, with its jobs running.
#include "services/ledger/ledger_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/authority/v1/signing.grpc.pb.h"
#include "quartermaster/ledger/v1/accounts.grpc.pb.h"
#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"
#include "services/common/clock/clock.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kStart = 1'690'000'000;
constexpr int64_t kDay = 86'400;
const absl::Time kNow = absl::FromUnixSeconds(kStart + 50 * kDay);

class FakeAuthority final : public authority::v1::SigningService::Service {
 public:
  grpc::Status SignBlock(grpc::ServerContext*, const authority::v1::SignBlockRequest* request,
                         authority::v1::SignBlockResponse* response) override {
    response->set_alg("ECDSA-P256-SHA256");
    response->set_key_id("test-key");
    response->set_signature("over " + request->block_hash());
    return grpc::Status::OK;
  }
};

// One running ledger, with an authority beside it.
class Node {
 public:
  Node(const pg::Options& database, const Clock* clock) : config_(config::DefaultNodeConfig()) {
    config_.data_directory = ::testing::TempDir() + "/ledger_node";
    std::filesystem::create_directories(config_.data_directory + "/secrets");
    grpc::ServerBuilder authority_builder;
    authority_builder.RegisterService(&authority_);
    authority_server_ = authority_builder.BuildAndStart();
    const ServiceContext context = {
        &config_,
        clock,
        &registry_,
        [database](std::string_view) { return database; },
        [this](std::string_view) { return rpc::InProcessChannel(*authority_server_, 4 << 20); },
        &local_methods_};
    auto service = MakeLedgerService(context);
    status_ = service.status();
    if (!service.ok()) return;
    service_ = *std::move(service);
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder, {.metrics = &registry_});
    service_->RegisterWith(builder);
    server_ = builder.BuildAndStart();
    status_ = service_->Start();
    channel_ = rpc::InProcessChannel(*server_, 64 << 20);
  }
  ~Node() {
    if (service_ != nullptr) service_->Stop(absl::Now() + absl::Seconds(10));
    if (server_ != nullptr) server_->Shutdown();
    authority_server_->Shutdown();
  }

  const absl::Status& status() const { return status_; }
  Service& service() { return *service_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  config::NodeConfig config_;
  metrics::Registry registry_;
  rpc::LocalMethods local_methods_{&registry_, false};
  FakeAuthority authority_;
  std::unique_ptr<grpc::Server> authority_server_;
  absl::Status status_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST(LedgerServiceStart, MakesOneDefaultAccountHoweverManyReplicasStart) {
  const pg::Options database = testing::OptionsFor("qm_ledger", testing::NewDatabase());
  const ManualClock clock(kNow);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Node node(database, &clock);
      EXPECT_TRUE(node.status().ok()) << node.status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  pg::Pool pool(database);
  const auto count =
      pool.Read("count", [](pqxx::transaction_base& transaction) -> absl::StatusOr<std::string> {
        return std::string(
            transaction
                .exec1(
                    "SELECT (SELECT string_agg(domain, ',') FROM smart_accounts WHERE is_default) || ' ' ||"
                    " (SELECT string_agg(name, ',') FROM virtual_accounts WHERE is_default) || ' ' ||"
                    " to_regclass('ledger_entries_2023_09')")[0]
                .c_str());
      });
  EXPECT_EQ(*count, "default Default ledger_entries_2023_09");
}

class LedgerServiceTest : public ::testing::Test {
 protected:
  LedgerServiceTest() : node_(std::make_unique<Node>(database_.options(), &clock_)) {
    EXPECT_TRUE(node_->status().ok()) << node_->status();
    accounts_ = v1::AccountService::NewStub(node_->channel());
    compliance_ = v1::ComplianceService::NewStub(node_->channel());
    instances_ = v1::ProductInstanceService::NewStub(node_->channel());
  }

  void Report(const std::string& tag, int64_t id, int64_t day, uint32_t count, bool verified = true) {
    FeedReport report;
    report.tag = tag;
    report.report_id = id;
    report.verified = verified;
    report.measurements = {{kStart + day * kDay, kStart + (day + 1) * kDay, count, 0}};
    database_.Submit(std::vector{report}, kNow);
  }

  // Jobs run by themselves: soon it holds.
  void Eventually(const std::function<bool()>& holds) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!holds()) {
      ASSERT_LT(absl::Now(), deadline);
      absl::SleepFor(absl::Milliseconds(20));
    }
  }

  int64_t InUse(std::optional<absl::Time> as_of = {}, std::optional<absl::Time> known_at = {}) {
    v1::GetComplianceRequest request;
    if (as_of) request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(*as_of));
    if (known_at) request.mutable_known_at()->set_seconds(absl::ToUnixSeconds(*known_at));
    v1::GetComplianceResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(compliance_->GetCompliance(&context, request, &response).ok());
    int64_t in_use = 0;
    for (const v1::PoolCompliance& pool : response.pools()) in_use += pool.in_use();
    return in_use;
  }

  absl::StatusOr<int64_t> Release(const std::string& tag, const std::string& request_id) {
    v1::ReleaseUsageRequest request;
    request.mutable_udi()->set_product_id("C9300");
    request.mutable_udi()->set_serial_number("SN1");
    request.set_tag(tag);
    request.set_request_id(request_id);
    v1::ReleaseUsageResponse response;
    grpc::ClientContext context;
    const grpc::Status status = instances_->ReleaseUsage(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response.released_positions();
  }

  LedgerDatabase database_;
  ManualClock clock_{kNow};
  std::unique_ptr<Node> node_;
  std::unique_ptr<v1::AccountService::Stub> accounts_;
  std::unique_ptr<v1::ComplianceService::Stub> compliance_;
  std::unique_ptr<v1::ProductInstanceService::Stub> instances_;
};

TEST_F(LedgerServiceTest, AnswersFromAReportToCompliance) {
  Report("regid.network", 1, 0, 4);
  Eventually([&] { return InUse() == 4; });
  EXPECT_TRUE(node_->service().Health().ok());
}

TEST_F(LedgerServiceTest, AnswersAsOfAndAsKnownAt) {
  Report("regid.network", 1, 0, 4);
  Report("regid.network", 3, 20, 6);
  Eventually([&] { return InUse() == 6; });
  clock_.Advance(absl::Hours(1));
  Report("regid.network", 2, 10, 9);  // arrives late
  const absl::Time day_15 = absl::FromUnixSeconds(kStart + 15 * kDay);
  Eventually([&] { return InUse(day_15) == 9; });
  EXPECT_EQ(InUse(), 6);
  EXPECT_EQ(InUse(day_15, kNow + absl::Minutes(1)), 4);
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart)), 0);
  EXPECT_EQ(InUse(absl::FromUnixSeconds(kStart + 5 * kDay)), 4);
}

TEST_F(LedgerServiceTest, SealsMovementsSoonAfterTheirCommit) {
  Report("regid.network", 1, 0, 4);
  Eventually([&] { return InUse() == 4; });
  const absl::Time applied = absl::Now();
  Eventually([&] { return database_.Number("SELECT count(*) FROM ledger_blocks") > 0; });
  EXPECT_LT(absl::Now() - applied, absl::Seconds(5));
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_blocks WHERE key_id = 'test-key'"
                             " AND signature = 'over '::bytea || block_hash AND entry_count = 1"),
            1);
}

TEST_F(LedgerServiceTest, PostsASwitchOfThePolicy) {
  Report("regid.network", 1, 0, 4, /*verified=*/false);
  Eventually([&] { return InUse() == 4; });
  v1::SetUnverifiablePolicyRequest request;
  request.set_count_unverifiable(false);
  v1::SmartAccount account;
  grpc::ClientContext context;
  ASSERT_TRUE(accounts_->SetUnverifiablePolicy(&context, request, &account).ok());
  EXPECT_FALSE(account.count_unverifiable());
  Eventually([&] { return InUse() == 0; });
  EXPECT_EQ(InUse(kNow - absl::Seconds(1)), 4);
}

TEST_F(LedgerServiceTest, ReleasesOnceUnderOneRequestId) {
  Report("regid.network", 1, 0, 4);
  Report("regid.other", 2, 0, 1);
  Eventually([&] { return InUse() == 5; });
  EXPECT_EQ(*Release("regid.network", "r-1"), 1);
  EXPECT_EQ(*Release("regid.network", "r-1"), 1);
  EXPECT_EQ(errors::ErrorId(Release("regid.other", "r-1").status()), "ledger.request_id_reused");
  EXPECT_EQ(InUse(), 1);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM ledger_audit WHERE request_id = 'r-1'"), 1);
}

TEST_F(LedgerServiceTest, ShowsWhatItBookedOfAnInstance) {
  Report("regid.network", 1, 0, 4);
  Report("regid.network", 2, 9, 4);
  Report("regid.other", 3, 45, 1);
  Eventually([&] { return InUse() == 5; });
  v1::GetProductInstanceRequest request;
  request.set_product_id("C9300");
  request.set_serial_number("SN1");
  v1::ProductInstance instance;
  grpc::ClientContext context;
  ASSERT_TRUE(instances_->GetProductInstance(&context, request, &instance).ok());
  ASSERT_EQ(instance.usage_size(), 2);
  const v1::UsagePosition& network = instance.usage(0);
  EXPECT_EQ(network.tag(), "regid.network");
  EXPECT_EQ(network.in_use(), 4);
  EXPECT_EQ(network.report_id(), 2);
  EXPECT_TRUE(network.stale());
  ASSERT_EQ(network.gaps_size(), 1);
  EXPECT_EQ(network.gaps(0).start_time().seconds(), kStart + kDay);
  EXPECT_EQ(network.gaps(0).end_time().seconds(), kStart + 9 * kDay);
  EXPECT_EQ(network.gaps(0).reason(), "");
  EXPECT_FALSE(instance.usage(1).stale());
  EXPECT_EQ(instance.virtual_account(), "Default");
  EXPECT_EQ(instance.reporting_status(), v1::REPORTING_STATUS_GAP);
  // Unknown tags take the deadlines of a subscription: 90 days from the first use.
  EXPECT_EQ(instance.next_report_due().seconds(), kStart + 90 * kDay);
}

TEST_F(LedgerServiceTest, ComesBackAfterTheDatabaseWasKilled) {
  Report("regid.network", 1, 0, 4);
  Eventually([&] { return InUse() == 4; });
  testing::SharedPostgres().Kill();
  Eventually([&] { return !node_->service().Health().ok(); });
  testing::SharedPostgres().Start();
  Eventually([&] { return node_->service().Health().ok(); });
  database_.Reconnect();
  Report("regid.network", 2, 1, 6);
  Eventually([&] { return InUse() == 6; });
}

TEST_F(LedgerServiceTest, StopsWhileTheDatabaseIsAway) {
  testing::SharedPostgres().Kill();
  const absl::Time began = absl::Now();
  node_.reset();
  EXPECT_LT(absl::Now() - began, absl::Seconds(10));
  testing::SharedPostgres().Start();
}

}  // namespace
}  // namespace quartermaster::ledger
