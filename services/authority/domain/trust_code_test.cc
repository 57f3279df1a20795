#include "services/authority/domain/trust_code.h"

#include <gtest/gtest.h>

#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);
const crypto::SubjectUdi kUdi = {"PID", "SN1"};

KnownTrustKey Row() {
  KnownTrustKey row;
  row.key_id = "current";
  row.udi = kUdi;
  row.origin = TrustOrigin::kIdToken;
  row.not_after = kNow + absl::Hours(24 * 365);
  return row;
}

std::string IdOf(const absl::Status& status) { return status.ok() ? "ok" : errors::ErrorId(status); }

std::string Answered(const KnownTrustKey& row, const crypto::SubjectUdi& udi = kUdi, absl::Time now = kNow) {
  const std::vector<KnownTrustKey> rows = {row};
  const auto found = FindAnswered(rows, udi, now);
  if (!found.ok()) return errors::ErrorId(found.status());
  return *found == nullptr ? "new" : "answered";
}

TEST(TrustCodeTest, AKeyThatIsNewIsNewAndAKnownOneIsAnsweredAgain) {
  EXPECT_EQ(*FindAnswered({}, kUdi, kNow), nullptr);
  EXPECT_EQ(Answered(Row()), "answered");
  EXPECT_EQ(Answered(Row(), {"PID", "SN2"}), "new");
}

TEST(TrustCodeTest, WhatIsOverIsNotAnsweredAgain) {
  KnownTrustKey row = Row();
  row.revoked = true;
  EXPECT_EQ(Answered(row), "authority.trust_key_revoked");
  EXPECT_EQ(Answered(row, {"PID", "SN2"}), "authority.trust_key_revoked") << "not under another UDI either";
  row = Row();
  row.retired_at = kNow;
  row.replaced_by = "next";
  EXPECT_EQ(Answered(row), "answered");
  EXPECT_EQ(Answered(row, kUdi, kNow + absl::Seconds(1)), "authority.trust_key_retired");
  row = Row();
  EXPECT_EQ(Answered(row, kUdi, row.not_after + absl::Hours(1)), "answered") << "clock skew";
  EXPECT_EQ(Answered(row, kUdi, row.not_after + absl::Hours(1) + absl::Seconds(1)),
            "authority.trust_code_expired");
  row.origin = TrustOrigin::kImported;
  EXPECT_EQ(Answered(row), "authority.trust_key_not_fresh");
}

TEST(TrustCodeTest, OnlyATrustCodeInForceIsRenewed) {
  EXPECT_EQ(IdOf(CheckRenewable(Row(), "next", kNow)), "ok");
  EXPECT_EQ(IdOf(CheckRenewable(Row(), "current", kNow)), "authority.trust_key_not_fresh");
  KnownTrustKey row = Row();
  row.origin = TrustOrigin::kImported;
  EXPECT_EQ(IdOf(CheckRenewable(row, "next", kNow)), "authority.trust_code_unknown");
  row = Row();
  row.revoked = true;
  EXPECT_EQ(IdOf(CheckRenewable(row, "next", kNow)), "authority.trust_key_revoked");
  row = Row();
  EXPECT_EQ(IdOf(CheckRenewable(row, "next", row.not_after + absl::Hours(2))),
            "authority.trust_code_expired");
}

TEST(TrustCodeTest, ARenewedKeyIsAnsweredAgainForItsHeirOnly) {
  KnownTrustKey row = Row();
  row.replaced_by = "next";
  row.retired_at = kNow + absl::Hours(24);
  EXPECT_EQ(IdOf(CheckRenewable(row, "next", kNow)), "ok");
  EXPECT_EQ(IdOf(CheckRenewable(row, "third", kNow)), "authority.trust_key_replaced");
  EXPECT_EQ(IdOf(CheckRenewable(row, "next", kNow + absl::Hours(25))), "authority.trust_key_retired");
}

TEST(TrustCodeTest, ClocksMayDifferByLessThanAnHour) {
  EXPECT_EQ(IdOf(CheckDeviceClock(std::nullopt, kNow)), "ok");
  for (const absl::Duration skew : {absl::Minutes(59), -absl::Minutes(59)}) {
    EXPECT_EQ(IdOf(CheckDeviceClock(kNow + skew, kNow)), "ok");
  }
  for (const absl::Duration skew : {absl::Hours(1), -absl::Hours(1), absl::Hours(9000)}) {
    EXPECT_EQ(IdOf(CheckDeviceClock(kNow + skew, kNow)), "authority.clock_skew_exceeded");
  }
}

TEST(TrustCodeTest, ItIsRenewedWhenHalfIsOver) {
  EXPECT_EQ(RenewAfter(kNow, kNow + absl::Hours(10)), kNow + absl::Hours(5));
}

}  // namespace
}  // namespace quartermaster::authority
