// Disk per stored report, as PostgreSQL counts it: row, key, identity row and its key.
#include <gtest/gtest.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/ingest/storage/dictionary/sample_texts.h"
#include "services/ingest/testing/ingest_server.h"
#include "services/ingest/testing/test_reports.h"

namespace quartermaster::ingest {
namespace {

constexpr int kFirstReports = 4000;
constexpr int kReports = 30000;

constexpr char kBytes[] =
    "SELECT pg_total_relation_size('report_identities')"
    " + (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
    "    WHERE inhparent = 'rum_reports'::regclass)";

class StoredSizeTest : public testing::Test {
 protected:
  // Reports of an estate that the built-in dictionary never saw.
  std::string NextFile(int reports, SampleForm form) {
    std::vector<std::string> texts;
    text_bytes_ = 0;
    for (int i = 0; i < reports; ++i) {
      texts.push_back(texts_.Next(form, /*measurements=*/3));
      text_bytes_ += texts.back().size();
    }
    return FileOf(texts);
  }

  void Import(int reports, SampleForm form) {
    const IngestServer::Imported imported = server_.Import({}, NextFile(reports, form), 256 << 10);
    ASSERT_TRUE(imported.status.ok()) << imported.status;
    ASSERT_EQ(imported.summary.totals().accepted(), reports);
  }

  // Imports reports until the estate has a dictionary of its own.
  void AwaitDictionary(SampleForm form) {
    Import(kFirstReports, form);
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (server_.database().Number("SELECT count(*) FROM body_dictionaries") < 2) {
      ASSERT_LT(absl::Now(), deadline) << "no dictionary of its own";
      absl::SleepFor(absl::Milliseconds(200));
    }
    absl::SleepFor(absl::Milliseconds(500));
  }

  int64_t BytesPerReport(SampleForm form) {
    const int64_t before = server_.database().Number(kBytes);
    Import(kReports, form);
    const int64_t bytes = (server_.database().Number(kBytes) - before) / kReports;
    std::printf(
        "%d reports of %zu bytes: %ld bytes each on disk, bodies %ld, digests %ld\n", kReports,
        text_bytes_ / kReports, static_cast<long>(bytes),
        static_cast<long>(
            server_.database().Number("SELECT avg(length(body))::int FROM rum_reports WHERE dictionary_id ="
                                      " (SELECT max(dictionary_id) FROM rum_reports)")),
        static_cast<long>(server_.database().Number("SELECT avg(length(digest))::int FROM rum_reports")));
    return bytes;
  }

  IngestServer server_;
  SampleTexts texts_{11, /*estate=*/7};
  size_t text_bytes_ = 0;
};

TEST_F(StoredSizeTest, ABuiltinSignedReportTakesAtMost600Bytes) {
  AwaitDictionary(SampleForm::kBuiltin);
  EXPECT_LE(BytesPerReport(SampleForm::kBuiltin), 600);
}

TEST_F(StoredSizeTest, AnRsaSignedReportTakesAtMost1100Bytes) {
  // Three hundred random bytes of signature and key: here a dictionary of its own gains too little.
  EXPECT_LE(BytesPerReport(SampleForm::kRsa), 1100);
}

}  // namespace
}  // namespace quartermaster::ingest
