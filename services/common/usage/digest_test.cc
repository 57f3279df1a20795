#include "services/common/usage/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

#include "quartermaster/ingest/v1/digest.pb.h"
#include "services/common/errors/error.h"

namespace quartermaster::usage {
namespace {

constexpr int64_t kTimeMaxS = 253'402'300'799;

bool Same(const Digest& a, const Digest& b) {
  const auto same = [](const Measurement& x, const Measurement& y) {
    return x.start_s == y.start_s && x.end_s == y.end_s && x.count == y.count && x.flags == y.flags;
  };
  return std::equal(a.measurements.begin(), a.measurements.end(), b.measurements.begin(),
                    b.measurements.end(), same) &&
         a.software_version == b.software_version && a.ha_members == b.ha_members &&
         a.previous_report_id == b.previous_report_id;
}

rc::Gen<std::string> AsciiText() { return rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~')); }

rc::Gen<Measurement> AnyMeasurement() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange<int64_t>(0, kTimeMaxS + 1), rc::gen::inRange<int64_t>(0, kTimeMaxS + 1),
                     rc::gen::inRange<uint32_t>(0, 2'147'483'648u), rc::gen::inRange<uint32_t>(0, 16)),
      [](const auto& t) {
        return Measurement{std::get<0>(t), std::get<1>(t), std::get<2>(t), std::get<3>(t)};
      });
}

TEST(DigestTest, WhatWasEncodedComesBack) {
  Digest read;  // kept, so that memory of an earlier digest would show
  EXPECT_TRUE(rc::check("decode(encode(x)) == x", [&] {
    Digest digest;
    digest.measurements = *rc::gen::container<std::vector<Measurement>>(AnyMeasurement());
    digest.software_version = *AsciiText();
    digest.previous_report_id = *rc::gen::inRange<int64_t>(0, INT64_MAX);
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      digest.ha_members.push_back({*AsciiText(), *AsciiText(), *AsciiText()});
    }
    const absl::Status status = DecodeDigest(EncodeDigest(digest), read);
    RC_ASSERT(status.ok());
    RC_ASSERT(Same(digest, read));
  }));
}

TEST(DigestTest, AThreeDayReportTakesAboutTenBytesAMeasurement) {
  Digest digest;
  for (int64_t day = 0; day < 3; ++day) {
    const int64_t start_s = 1'700'000'000 + day * 86'400;
    digest.measurements.push_back({start_s, start_s + 86'399, 12, 0});
  }
  digest.software_version = "17.12.04";
  EXPECT_LE(EncodeDigest(digest).size(), 45u);
}

TEST(DigestTest, NothingEncodesToNothing) {
  EXPECT_EQ(EncodeDigest({}), "");
  Digest read;
  read.measurements.resize(3);
  ASSERT_TRUE(DecodeDigest("", read).ok());
  EXPECT_TRUE(read.measurements.empty());
}

TEST(DigestTest, FlagsThatAreAllZeroAreLeftOut) {
  ingest::v1::ReportDigest message;
  ASSERT_TRUE(message.ParseFromString(EncodeDigest({{{0, 60, 1, 0}, {60, 90, 1, 0}}, "", {}, 0})));
  EXPECT_EQ(message.flags_size(), 0);
  ASSERT_TRUE(message.ParseFromString(EncodeDigest({{{0, 60, 1, 0}, {60, 90, 1, kNotCounted}}, "", {}, 0})));
  EXPECT_EQ(message.flags_size(), 2);
}

absl::Status DecodeMessage(const ingest::v1::ReportDigest& message) {
  Digest digest;
  return DecodeDigest(message.SerializeAsString(), digest);
}

TEST(DigestTest, DamageIsNamedAsDataLoss) {
  Digest digest;
  const absl::Status not_a_message = DecodeDigest("\xff\xff\xff", digest);
  EXPECT_EQ(errors::ErrorId(not_a_message), "usage.digest_malformed");
  EXPECT_EQ(not_a_message.code(), absl::StatusCode::kDataLoss);

  ingest::v1::ReportDigest uneven;
  uneven.add_end_s_delta(5);
  EXPECT_FALSE(DecodeMessage(uneven).ok());
  uneven.add_interval_s(5);
  uneven.add_count(1);
  EXPECT_TRUE(DecodeMessage(uneven).ok());
  uneven.set_count(0, 2'147'483'648u);
  EXPECT_FALSE(DecodeMessage(uneven).ok());

  ingest::v1::ReportDigest overflowing;
  for (int i = 0; i < 2; ++i) {
    overflowing.add_end_s_delta(INT64_MAX);
    overflowing.add_interval_s(0);
    overflowing.add_count(0);
  }
  EXPECT_FALSE(DecodeMessage(overflowing).ok());
}

TEST(DigestTest, ATimeThatNobodyStoresIsDamage) {
  for (const auto& [end_s, interval_s] :
       {std::pair<int64_t, int64_t>{-1, 0}, {kTimeMaxS + 1, 1}, {5, 6}, {5, INT64_MIN}}) {
    ingest::v1::ReportDigest message;
    message.add_end_s_delta(end_s);
    message.add_interval_s(interval_s);
    message.add_count(0);
    EXPECT_FALSE(DecodeMessage(message).ok()) << end_s << " - " << interval_s;
  }
}

TEST(DigestTest, RandomBytesNeverCrash) {
  EXPECT_TRUE(rc::check("decode answers for any bytes", [](const std::string& bytes) {
    Digest digest;
    (void)DecodeDigest(bytes, digest).ok();
  }));
}

}  // namespace
}  // namespace quartermaster::usage
