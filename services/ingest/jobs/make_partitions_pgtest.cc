#include "services/ingest/jobs/make_partitions.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/ingest/testing/ingest_database.h"

namespace quartermaster::ingest {
namespace {

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

constexpr char kPartitions[] =
    "SELECT inhrelid::regclass::text FROM pg_inherits"
    " WHERE inhparent = 'quartermaster.rum_reports'::regclass ORDER BY 1";

TEST(MakePartitionsTest, CoversTheMonthBeforeAndThreeAfter) {
  IngestDatabase database;
  pg::Pool pool(database.options());
  MakePartitions job(pool);
  EXPECT_EQ(job.RunOnce(At("2024-12-31T23:30:00Z")).value(), 6);
  EXPECT_EQ(database.Column(kPartitions),
            (std::vector<std::string>{"rum_reports_2024_11", "rum_reports_2024_12", "rum_reports_2025_01",
                                      "rum_reports_2025_02", "rum_reports_2025_03", "rum_reports_2025_04",
                                      "rum_reports_default"}));
}

TEST(MakePartitionsTest, RunsAgainWithoutHarm) {
  IngestDatabase database;
  pg::Pool pool(database.options());
  MakePartitions job(pool);
  EXPECT_GT(job.RunOnce(At("2024-06-15T00:00:00Z")).value(), 0);
  EXPECT_EQ(job.RunOnce(At("2024-06-15T01:00:00Z")).value(), 0);
  EXPECT_EQ(job.RunOnce(At("2024-07-15T00:00:00Z")).value(), 1);
}

}  // namespace
}  // namespace quartermaster::ingest
