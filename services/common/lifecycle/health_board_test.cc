#include "services/common/lifecycle/health_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "absl/time/clock.h"

namespace quartermaster {
namespace {

class Patient final : public Service {
 public:
  explicit Patient(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  void RegisterWith(grpc::ServerBuilder&) override {}
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop(absl::Time) override {}
  absl::Status Health() override {
    return healthy ? absl::OkStatus() : absl::UnavailableError("database away");
  }
  std::atomic<bool> healthy = true;

 private:
  const std::string name_;
};

class HealthBoardTest : public testing::Test {
 protected:
  HealthBoardTest() : board_({"ledger", "ingest"}, registry_) {}

  void Watch() {
    board_.Watch({&ledger_, &ingest_}, [this](std::string_view service, bool serving) {
      std::lock_guard lock(mutex_);
      serving_[std::string(service)] = serving;
    });
  }

  bool ServingSoon(const std::string& service, bool want) {
    for (int i = 0; i < 500; ++i) {
      {
        std::lock_guard lock(mutex_);
        if (const auto found = serving_.find(service); found != serving_.end() && found->second == want) {
          return true;
        }
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }

  std::string Said(const std::string& service) {
    for (const auto& entry : board_.Readiness()) {
      if (entry.service == service) return std::string(entry.status.message());
    }
    return "absent";
  }

  metrics::Registry registry_;
  Patient ledger_{"ledger"};
  Patient ingest_{"ingest"};
  std::mutex mutex_;
  std::map<std::string, bool> serving_;
  HealthBoard board_;
};

TEST_F(HealthBoardTest, EverythingIsStartingBeforeItIsWatched) {
  board_.Starting("migrations");
  EXPECT_EQ(Said("ledger"), "starting: migrations");
  EXPECT_EQ(Said("ingest"), "starting: migrations");
}

TEST_F(HealthBoardTest, ChangesReachTheHealthServiceTheProbeAndTheMetric) {
  Watch();
  EXPECT_TRUE(ServingSoon("ledger", true));
  EXPECT_TRUE(ServingSoon("", true));
  EXPECT_EQ(Said("ledger"), "");
  ledger_.healthy = false;
  EXPECT_TRUE(ServingSoon("ledger", false));
  EXPECT_TRUE(ServingSoon("", false));
  EXPECT_TRUE(ServingSoon("ingest", true));
  // Not why: everybody may ask.
  EXPECT_EQ(Said("ledger"), "not serving");
  EXPECT_THAT(registry_.Exposition(),
              testing::HasSubstr("quartermaster_service_healthy{service=\"ledger\"} 0\n"));
  ledger_.healthy = true;
  EXPECT_TRUE(ServingSoon("", true));
}

TEST_F(HealthBoardTest, NothingIsServedAfterStopWatching) {
  Watch();
  EXPECT_TRUE(ServingSoon("", true));
  board_.StopWatching();
  EXPECT_EQ(Said("ledger"), "stopping");
  EXPECT_FALSE(serving_[""]);
  EXPECT_FALSE(serving_["ledger"]);
  board_.StopWatching();
}

TEST_F(HealthBoardTest, CanStopBeforeItWatched) {
  board_.StopWatching();
  EXPECT_EQ(Said("ledger"), "stopping");
}

}  // namespace
}  // namespace quartermaster
