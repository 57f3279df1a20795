#include "services/gateway/access/authenticator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/gateway/domain/secret_hash.h"

namespace quartermaster::gateway {
namespace {

class FakeClients final : public ApiClients {
 public:
  absl::StatusOr<std::vector<ApiClient>> Find(const std::vector<std::string>& ids) override {
    ++lookups;
    if (away_) {
      absl::SleepFor(absl::Milliseconds(patience_ms.load()));
      return absl::UnavailableError("away");
    }
    absl::MutexLock lock(&mutex_);
    std::vector<ApiClient> found;
    for (const std::string& id : ids) {
      if (clients_.contains(id)) found.push_back(clients_[id]);
    }
    return found;
  }
  void Put(ApiClient client) {
    absl::MutexLock lock(&mutex_);
    clients_[client.client_id] = client;
  }
  void SetAway(bool away) { away_ = away; }
  std::atomic<int> lookups{0};
  // How long it waits for a database that is away.
  std::atomic<int> patience_ms{0};

 private:
  absl::Mutex mutex_;
  std::map<std::string, ApiClient> clients_;
  std::atomic<bool> away_{false};
};

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    clients_.Put({"admin", "administrator", "corp.example.com", HashSecret("good"), false});
    authenticator_ =
        std::make_unique<Authenticator>(clients_, registry_,
                                        AuthenticatorOptions{.calls_per_second_per_client = 100,
                                                             .recheck_interval = absl::Milliseconds(50),
                                                             .away_for = absl::Milliseconds(300)});
  }

  Authenticator::Answer Ask(const std::string& header, const std::string& address = "10.0.0.1") {
    if (auto known = authenticator_->FromMemory(header); known.has_value()) return *known;
    auto promise = std::make_shared<std::promise<Authenticator::Answer>>();
    authenticator_->Verify(
        header, address, [promise](Authenticator::Answer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future().get();
  }

  static std::string ErrorOf(const Authenticator::Answer& answer) {
    return answer.ok() ? "ok" : errors::ErrorId(answer.status());
  }

  // Whether `header` is refused within two seconds.
  bool BecomesRefused(const std::string& header) {
    for (int i = 0; i < 200; ++i) {
      if (ErrorOf(Ask(header)) == "gateway.unauthenticated") return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }

  FakeClients clients_;
  metrics::Registry registry_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, AGoodCredentialIsLookedUpOnceAndThenKnown) {
  const auto answer = Ask("Bearer admin.good");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ((*answer)->caller, (Caller{"admin", Role::kAdministrator, "corp.example.com"}));
  const auto again = authenticator_->FromMemory("Bearer admin.good");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(**again, *answer);
}

TEST_F(AuthenticatorTest, WrongUnknownMissingAndRevokedAreToldApartByNobody) {
  clients_.Put({"old", "administrator", "", HashSecret("good"), true});
  clients_.Put({"odd", "emperor", "", HashSecret("good"), false});
  std::string message;
  for (const char* header : {"Bearer admin.bad", "Bearer nobody.good", "Bearer old.good", "Bearer odd.good",
                             "Bearer admin.good2"}) {
    const auto answer = Ask(header);
    EXPECT_EQ(ErrorOf(answer), "gateway.unauthenticated") << header;
    if (!message.empty()) EXPECT_EQ(answer.status().message(), message) << header;
    message = std::string(answer.status().message());
  }
  EXPECT_EQ(ErrorOf(Ask("")), "gateway.unauthenticated");
  EXPECT_EQ(ErrorOf(Ask("Basic admin.good")), "gateway.unauthenticated");
}

TEST_F(AuthenticatorTest, AWrongCredentialIsNotLookedUpAgainAtOnce) {
  Ask("Bearer admin.bad");
  const auto again = authenticator_->FromMemory("Bearer admin.bad");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(ErrorOf(*again), "gateway.unauthenticated");
}

TEST_F(AuthenticatorTest, ARevocationIsNoticedWithoutARestart) {
  ASSERT_TRUE(Ask("Bearer admin.good").ok());
  clients_.Put({"admin", "administrator", "corp.example.com", HashSecret("good"), true});
  EXPECT_TRUE(BecomesRefused("Bearer admin.good"));
}

TEST_F(AuthenticatorTest, ANewSecretOrRoleEndsTheOldOne) {
  ASSERT_TRUE(Ask("Bearer admin.good").ok());
  clients_.Put({"admin", "device", "", HashSecret("better"), false});
  EXPECT_TRUE(BecomesRefused("Bearer admin.good"));
  const auto answer = Ask("Bearer admin.better");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ((*answer)->caller.role, Role::kDevice);
}

TEST_F(AuthenticatorTest, ManyCallersOfOneCredentialCauseOneLookup) {
  std::atomic<int> good{0};
  std::atomic<int> answered{0};
  const int before = clients_.lookups;
  for (int i = 0; i < 1000; ++i) {
    authenticator_->Verify("Bearer admin.good", "10.0.0.1", [&](Authenticator::Answer answer) {
      good += answer.ok();
      ++answered;
    });
  }
  while (answered < 1000) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(good, 1000);
  // One for each time that the callers found no task under way, plus rechecks.
  EXPECT_LE(clients_.lookups - before, 20);
}

TEST_F(AuthenticatorTest, GuessesFromOneAddressAreStoppedAndOtherAddressesAreServed) {
  int stopped = 0;
  for (int i = 0; i < 30; ++i) {
    const auto answer = Ask("Bearer admin.guess" + std::to_string(i), "10.6.6.6");
    if (ErrorOf(answer) == "gateway.too_many_failed_attempts") {
      EXPECT_GT(errors::RetryDelay(answer.status()), absl::ZeroDuration());
      ++stopped;
    }
  }
  EXPECT_GE(stopped, 5);
  EXPECT_TRUE(Ask("Bearer admin.good", "10.0.0.1").ok());
  // And who is known already is served from the guesser's address too.
  EXPECT_TRUE(Ask("Bearer admin.good", "10.6.6.6").ok());
}

TEST_F(AuthenticatorTest, WithoutADatabaseUnknownCredentialsAreUnavailableNotRefused) {
  clients_.SetAway(true);
  const auto answer = Ask("Bearer admin.good");
  EXPECT_EQ(ErrorOf(answer), "gateway.credentials_unavailable");
  EXPECT_TRUE(errors::IsRetryable(answer.status()));
  clients_.SetAway(false);
  absl::SleepFor(absl::Milliseconds(400));
  EXPECT_TRUE(Ask("Bearer admin.good").ok());
}

TEST_F(AuthenticatorTest, KnownClientsOutliveAShortAbsenceOfTheDatabase) {
  ASSERT_TRUE(Ask("Bearer admin.good").ok());
  clients_.SetAway(true);
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_TRUE(Ask("Bearer admin.good").ok());
}

TEST_F(AuthenticatorTest, StoppingAnswersThoseWhoWait) {
  std::atomic<int> answered{0};
  for (int i = 0; i < 15; ++i) {
    authenticator_->Verify("Bearer admin.x" + std::to_string(i), "10.0.0.1",
                           [&](Authenticator::Answer) { ++answered; });
  }
  authenticator_->Stop();
  EXPECT_EQ(answered, 15);
  EXPECT_EQ(ErrorOf(Ask("Bearer admin.y")), "gateway.overloaded");
}

TEST_F(AuthenticatorTest, ThoseWhoQueueWhileTheDatabaseIsAwayDoNotWaitForEachOther) {
  clients_.SetAway(true);
  clients_.patience_ms = 200;
  std::vector<std::future<Authenticator::Answer>> answers;
  const absl::Time start = absl::Now();
  for (int i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<Authenticator::Answer>>();
    answers.push_back(promise->get_future());
    authenticator_->Verify(
        "Bearer client-" + std::to_string(i) + ".x", "10.0.1." + std::to_string(i),
        [promise](Authenticator::Answer answer) { promise->set_value(std::move(answer)); });
  }
  for (auto& answer : answers) EXPECT_EQ(ErrorOf(answer.get()), "gateway.credentials_unavailable");
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
  // It is asked again soon.
  clients_.SetAway(false);
  absl::SleepFor(absl::Milliseconds(700));
  EXPECT_EQ(ErrorOf(Ask("Bearer admin.good")), "ok");
}

TEST(CredentialCacheTest, WhatWasNotCheckedLatelyIsStale) {
  CredentialCache cache;
  const Fingerprint fingerprint{1};
  auto client = std::make_shared<KnownClient>(Caller{"a", Role::kDevice, ""}, "hash", 100, 100);
  cache.Remember(fingerprint, client, 0);
  EXPECT_TRUE(std::holds_alternative<KnownClientPtr>(cache.Find(fingerprint, CredentialCache::kFreshForNs)));
  EXPECT_TRUE(std::holds_alternative<CredentialCache::Stale>(
      cache.Find(fingerprint, CredentialCache::kFreshForNs + 1)));
  cache.Update({"a"}, {{"a", "device", "", "hash", false}}, CredentialCache::kFreshForNs + 1);
  EXPECT_TRUE(
      std::holds_alternative<KnownClientPtr>(cache.Find(fingerprint, CredentialCache::kFreshForNs + 2)));
  cache.Update({"a"}, {}, CredentialCache::kFreshForNs + 2);
  EXPECT_TRUE(std::holds_alternative<CredentialCache::Unknown>(
      cache.Find(fingerprint, CredentialCache::kFreshForNs + 2)));
}

TEST(CredentialCacheTest, RefusalsAreForgottenAndTakeBoundedMemory) {
  CredentialCache cache;
  for (uint32_t i = 0; i < 30'000; ++i) {
    Fingerprint fingerprint{};
    std::memcpy(fingerprint.data(), &i, sizeof(i));
    cache.RememberRefusal(fingerprint, 0);
  }
  Fingerprint last{};
  const uint32_t i = 29'999;
  std::memcpy(last.data(), &i, sizeof(i));
  EXPECT_TRUE(std::holds_alternative<CredentialCache::Refused>(cache.Find(last, 1)));
  EXPECT_TRUE(
      std::holds_alternative<CredentialCache::Unknown>(cache.Find(last, CredentialCache::kRefusedForNs + 1)));
}

}  // namespace
}  // namespace quartermaster::gateway
