#include "services/ingest/jobs/train_dictionary.h"

#include <gtest/gtest.h>

#include <future>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/ingest/storage/dictionary/sample_texts.h"
#include "services/ingest/storage/report_writer.h"
#include "services/ingest/testing/ingest_database.h"

namespace quartermaster::ingest {
namespace {

class TrainDictionaryTest : public testing::Test {
 protected:
  TrainDictionaryTest() : pool_(database_.options()), dictionaries_(pool_), job_(dictionaries_) {
    EXPECT_TRUE(dictionaries_.Load().ok());
  }

  void Store(int reports) {
    ReportWriter writer({.database = database_.options()}, clock_, metrics_);
    auto submission = std::make_unique<Submission>();
    submission->smart_account_id = database_.default_account();
    for (int i = 0; i < reports; ++i) {
      PendingReport report;
      report.udi = {"PID", "SN"};
      report.entitlement_tag = "tag";
      report.report_id = ++last_report_id_;
      report.dictionary_id = dictionaries_.Newest()->id();
      report.body = codec_.Compress(*dictionaries_.Newest(),
                                    random_texts_ ? RandomText() : texts_.Next(SampleForm::kBuiltin));
      submission->reports.push_back(std::move(report));
      if (submission->reports.size() % 60 == 0 || i + 1 == reports) {
        std::promise<absl::Status> done;
        submission->done = [&](std::unique_ptr<Submission> s) { done.set_value(s->status); };
        ASSERT_TRUE(writer.Submit(submission).ok());
        ASSERT_TRUE(done.get_future().get().ok());
        submission = std::make_unique<Submission>();
        submission->smart_account_id = database_.default_account();
      }
    }
  }

  // Nothing in it is like another.
  std::string RandomText() {
    std::string text(1000, '\0');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }

  IngestDatabase database_;
  bool random_texts_ = false;
  std::mt19937 random_{7};
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  metrics::Registry metrics_;
  pg::Pool pool_;
  BodyDictionaries dictionaries_;
  TrainDictionary job_;
  BodyCodec codec_;
  SampleTexts texts_{5, /*estate=*/77};
  int64_t last_report_id_ = 0;
};

TEST_F(TrainDictionaryTest, TheBuiltInDictionaryIsStoredOnce) {
  EXPECT_EQ(dictionaries_.Newest()->id(), 1);
  EXPECT_TRUE(dictionaries_.Load().ok());
  EXPECT_EQ(database_.Number("SELECT count(*) FROM body_dictionaries"), 1);
  database_.Run("UPDATE body_dictionaries SET dictionary = 'other'");
  BodyDictionaries another(pool_);
  EXPECT_EQ(another.Load().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TrainDictionaryTest, TheEstateGetsItsOwnWhenEnoughReportsAreStored) {
  Store(400);
  EXPECT_FALSE(job_.RunOnce().value());
  EXPECT_LT(job_.Pause(), absl::Minutes(1));
  Store(1700);
  EXPECT_TRUE(job_.RunOnce().value());
  EXPECT_EQ(dictionaries_.Newest()->id(), 2);
  EXPECT_GT(job_.Pause(), absl::Minutes(1));
  // Nothing more to gain; and what was stored before is still read.
  Store(300);
  EXPECT_FALSE(job_.RunOnce().value());
  EXPECT_EQ(dictionaries_.RecentTexts(2000).value().size(), 2000u);
  EXPECT_LT(database_.Number("SELECT avg(length(body))::int FROM rum_reports WHERE dictionary_id = 2"),
            database_.Number("SELECT avg(length(body))::int FROM rum_reports WHERE dictionary_id = 1"));
}

TEST_F(TrainDictionaryTest, ATrainingThatDidNotPayIsNotRepeatedSoon) {
  random_texts_ = true;
  Store(1000);
  EXPECT_LT(job_.Pause(), absl::Minutes(1));
  EXPECT_FALSE(job_.RunOnce().value());
  EXPECT_GT(job_.Pause(), absl::Minutes(1));
  EXPECT_EQ(dictionaries_.Newest()->id(), 1);
  // Without new reports not even then; with them it is tried again.
  random_texts_ = false;
  database_.Run("UPDATE rum_reports SET body = 'unreadable'");
  EXPECT_FALSE(job_.RunOnce().value());
  database_.Run("DELETE FROM rum_reports");
  Store(2100);
  EXPECT_TRUE(job_.RunOnce().value());
}

TEST_F(TrainDictionaryTest, AReplicaTakesOverWhatAnotherHasTrained) {
  Store(2100);
  BodyDictionaries of_replica(pool_);
  ASSERT_TRUE(of_replica.Load().ok());
  TrainDictionary replica(of_replica);
  EXPECT_TRUE(job_.RunOnce().value());
  EXPECT_TRUE(replica.RunOnce().value());
  EXPECT_EQ(of_replica.Newest()->id(), 2);
  EXPECT_EQ(database_.Number("SELECT count(*) FROM body_dictionaries"), 2);
}

TEST_F(TrainDictionaryTest, OfTwoReplicasThatTrainAtOnceOneStores) {
  BodyDictionaries of_replica(pool_);
  ASSERT_TRUE(of_replica.Load().ok());
  ASSERT_TRUE(dictionaries_.Add("first").ok());
  ASSERT_TRUE(of_replica.Add("second").ok());
  EXPECT_EQ(of_replica.Newest()->id(), 2);
  EXPECT_EQ(database_.Text("SELECT convert_from(dictionary, 'UTF8') FROM body_dictionaries"
                           " WHERE dictionary_id = 2"),
            "first");
}

TEST_F(TrainDictionaryTest, ThereAreNeverTooMany) {
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(dictionaries_.Add(absl::StrCat("number ", i)).ok());
  EXPECT_EQ(database_.Number("SELECT count(*) FROM body_dictionaries"), 32);
}

}  // namespace
}  // namespace quartermaster::ingest
