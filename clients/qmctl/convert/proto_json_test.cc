#include "clients/qmctl/convert/proto_json.h"

#include <gtest/gtest.h>

#include "quartermaster/ingest/v1/ingest.pb.h"

namespace quartermaster::qmctl {
namespace {

TEST(ProtoJsonTest, EnumsAreTheirWordsWithoutTheTypesPrefix) {
  EXPECT_EQ(EnumWord(common::v1::VERIFICATION_STATE_UNVERIFIABLE), "unverifiable");
  EXPECT_EQ(EnumWord(ingest::v1::ReportResult::OUTCOME_ACCEPTED), "accepted");
  EXPECT_TRUE(EnumWord(ingest::v1::ReportResult::OUTCOME_UNSPECIFIED).is_null());
  EXPECT_EQ(EnumWord(static_cast<ingest::v1::ReportResult::Outcome>(77)), "77");
}

TEST(ProtoJsonTest, TimesAreRfc3339InUtc) {
  google::protobuf::Timestamp time;
  time.set_seconds(1671880245);
  EXPECT_EQ(TimeJson(true, time), "2022-12-24T11:10:45Z");
  time.set_nanos(250'000'000);
  EXPECT_EQ(TimeJson(true, time), "2022-12-24T11:10:45.25Z");
  EXPECT_TRUE(TimeJson(false, time).is_null());
}

TEST(ProtoJsonTest, TimesSurviveTheWayThereAndBack) {
  for (const absl::Time time :
       {absl::FromUnixNanos(1671880245123456789), absl::FromUnixSeconds(-5), absl::FromUnixNanos(-1)}) {
    const auto proto = ToProto(time);
    EXPECT_GE(proto.nanos(), 0);
    EXPECT_EQ(absl::FromUnixSeconds(proto.seconds()) + absl::Nanoseconds(proto.nanos()), time);
  }
}

}  // namespace
}  // namespace quartermaster::qmctl
