#include "services/ingest/api/report_results.h"

#include <gtest/gtest.h>

#include "services/ingest/domain/ingest_errors.h"

namespace quartermaster::ingest {
namespace {

PreparedReport Prepared(const char* sn, absl::Status status = absl::OkStatus()) {
  PreparedReport report;
  report.offset = 40;
  report.status = std::move(status);
  report.udi = {"PID", sn};
  report.entitlement_tag = "tag";
  report.report_id = 7;
  report.measurement_count = 3;
  report.in_use = 2;
  return report;
}

ReportAnswer Accepted() {
  ReportAnswer answer;
  answer.outcome = ReportAnswer::Outcome::kAccepted;
  answer.received_at = absl::FromUnixMicros(1'700'000'000'123'456);
  answer.name = {12, 3};
  answer.verification = Verification::kVerified;
  return answer;
}

TEST(ReportResultsTest, ANameIsTheChangeAndThePlace) {
  EXPECT_EQ(NameOf({12, 3}), "12-3");
  EXPECT_EQ(ParseName("12-3"), (StoredName{12, 3}));
  for (const char* text : {"", "12", "12-", "-3", "a-3", "12-3x", " 12-3", "012-3", "12-03", "+1-2",
                           "99999999999999999999-1", "1-99999999999", "-1-2", "1--2"}) {
    EXPECT_FALSE(ParseName(text).has_value()) << text;
  }
}

TEST(ReportResultsTest, AnAcceptedReportSaysWhatWasReadAndWhereItStands) {
  const v1::ReportResult result = AnsweredResult(Prepared("A"), Accepted());
  EXPECT_EQ(result.outcome(), v1::ReportResult::OUTCOME_ACCEPTED);
  EXPECT_EQ(result.udi().serial_number(), "A");
  EXPECT_EQ(result.report_id(), 7);
  EXPECT_EQ(result.measurement_count(), 3);
  EXPECT_EQ(result.in_use(), 2);
  EXPECT_EQ(result.offset(), 40);
  EXPECT_EQ(result.name(), "12-3");
  EXPECT_EQ(result.verification(), quartermaster::common::v1::VERIFICATION_STATE_VERIFIED);
  EXPECT_EQ(result.received_at().seconds(), 1'700'000'000);
  EXPECT_EQ(result.received_at().nanos(), 123'456'000);
  EXPECT_EQ(result.reason(), "");
}

TEST(ReportResultsTest, ARejectedReportSaysWhy) {
  const v1::ReportResult unreadable =
      RejectedResult(PreparedReport(), CountOutOfRange("measurements[0].value.value", "-1"));
  EXPECT_EQ(unreadable.outcome(), v1::ReportResult::OUTCOME_REJECTED);
  EXPECT_EQ(unreadable.reason(), "ingest.count_out_of_range");
  EXPECT_NE(unreadable.message().find("got -1"), std::string::npos);
  EXPECT_FALSE(unreadable.has_udi());
  EXPECT_EQ(unreadable.verification(), quartermaster::common::v1::VERIFICATION_STATE_UNSPECIFIED);
  const v1::ReportResult forged = RejectedResult(Prepared("A"), ReportSignatureMissing("\"builtin\""));
  EXPECT_EQ(forged.verification(), quartermaster::common::v1::VERIFICATION_STATE_REJECTED);
  EXPECT_EQ(forged.udi().serial_number(), "A");
}

TEST(ReportResultsTest, EachReportGetsItsOwnAnswerInOrder) {
  PreparedReports prepared;
  prepared.reports = {Prepared("bad", CountOutOfRange("x", "y")), Prepared("one"),
                      Prepared("bad", CountOutOfRange("x", "y")), Prepared("two")};
  prepared.pending_index = {1, 3};
  std::vector<ReportAnswer> answers = {Accepted(), Accepted()};
  answers[1].outcome = ReportAnswer::Outcome::kDuplicate;
  std::string order;
  ForEachAnswer(prepared, answers, [&](const PreparedReport& report, const ReportAnswer& answer) {
    order += report.udi.serial_number + std::to_string(static_cast<int>(answer.outcome)) + " ";
  });
  EXPECT_EQ(order, "bad3 one0 bad3 two1 ");
}

TEST(ReportResultsTest, CountersSayWhatBecameOfReports) {
  metrics::Registry registry;
  ResultCounters counters(registry);
  counters.Count(Accepted());
  ReportAnswer rejected;
  rejected.status = CountOutOfRange("x", "y");
  counters.Count(rejected);
  counters.Count(rejected);
  const std::string text = registry.Exposition();
  EXPECT_NE(text.find("quartermaster_ingest_reports_total{outcome=\"accepted\","
                      "verification=\"verified\"} 1"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("quartermaster_ingest_rejected_reports_total{"
                      "reason=\"ingest.count_out_of_range\"} 2"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace quartermaster::ingest
