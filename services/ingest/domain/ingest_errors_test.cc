#include "services/ingest/domain/ingest_errors.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "services/common/errors/error.h"

namespace quartermaster::ingest {
namespace {

TEST(IngestErrorsTest, EveryKindHasAnIdOfItsOwnInTheArea) {
  std::set<std::string> ids;
  for (const errors::ErrorKind& kind : errors::AllErrorKinds()) {
    EXPECT_EQ(std::string(kind.id).rfind("ingest.", 0), 0u) << kind.id;
    EXPECT_TRUE(ids.insert(kind.id).second) << kind.id;
  }
  EXPECT_EQ(ids.size(), 27u);
}

TEST(IngestErrorsTest, OnlyOverloadIsCuredByARetry) {
  for (const errors::ErrorKind& kind : errors::AllErrorKinds()) {
    EXPECT_EQ(kind.retryable, std::string(kind.id) == "ingest.queue_full") << kind.id;
  }
  EXPECT_EQ(QueueFull().code(), absl::StatusCode::kResourceExhausted);
}

TEST(IngestErrorsTest, AMessageSaysFieldGotAndWant) {
  const absl::Status status = PayloadFieldInvalid("meta.x", "number 2", "a string");
  EXPECT_EQ(status.message(), "meta.x: got number 2, want a string");
  EXPECT_EQ(errors::ErrorId(status), "ingest.payload_field_invalid");
  EXPECT_EQ(ReportMalformed("x", "a", "b", 7).message(), "x: got a at byte 7, want b");
  EXPECT_EQ(ReportMalformed("x", "a", "b").message(), "x: got a, want b");
}

TEST(IngestErrorsTest, ValuesFromOutsideAreShownEscapedAndCut) {
  EXPECT_EQ(Quoted("a\"b\n\x1b\xc3\xa9"), "\"a\\\"b\\n\\x1b\\xc3\\xa9\"");
  EXPECT_EQ(Quoted(std::string(65, 'x')), "\"" + std::string(64, 'x') + "…\"");
}

}  // namespace
}  // namespace quartermaster::ingest
