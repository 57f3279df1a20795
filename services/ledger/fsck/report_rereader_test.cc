// What ingest takes must be read here, and what it refuses must not: the cases are those of
// services/ingest/domain/report_parser_test.cc.
#include "services/ledger/fsck/report_rereader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr char kMeasurement[] = R"({"metric_name":"ENTITLEMENT","start_time":1000,"end_time":2000,"meta":{},)"
                                R"("value":{"type":"COUNT","value":"3"}})";

std::string Payload() {
  return absl::StrCat(R"({"asset_identification":{"report_id":7,"instance":{"sudi":{"udi_pid":"PID-1",)"
                      R"("udi_serial_number":"SN-1"}}},"meta":{"entitlement_tag":"tag-1","ha_udi":[],)"
                      R"("software_version":"1.2"},"measurements":[)",
                      kMeasurement, "]}");
}

std::string Outer(const std::string& payload) {
  return absl::StrCat(R"({"payload":")", absl::StrReplaceAll(payload, {{"\\", "\\\\"}, {"\"", "\\\""}}),
                      R"(","signature":{"signing_type":"builtin","key":"k","value":"AAAA"}})");
}

// The payload with one part replaced, which must be there.
std::string With(std::string_view part, std::string_view by) {
  std::string payload = Payload();
  const size_t at = payload.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return payload.replace(at, part.size(), by);
}

absl::StatusOr<RereadReport> Reread(const std::string& payload) { return RereadReportBody(Outer(payload)); }

std::string WithMeasurements(std::string_view list) {
  return With(absl::StrCat("[", kMeasurement, "]"), list);
}

std::string Repeat(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(ReportRereaderTest, TheSmallestReportIsRead) {
  const auto report = Reread(Payload());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->payload, Payload());
  EXPECT_EQ(report->udi, (UdiPair{"PID-1", "SN-1"}));
  EXPECT_EQ(report->tag, "tag-1");
  EXPECT_EQ(report->report_id, 7);
  EXPECT_EQ(report->previous_report_id, 0);
  EXPECT_EQ(report->software_version, "1.2");
  ASSERT_EQ(report->measurements.size(), 1u);
  EXPECT_EQ(report->measurements[0].start_s, 1000);
  EXPECT_EQ(report->measurements[0].end_s, 2000);
  EXPECT_EQ(report->measurements[0].count, 3);
  EXPECT_TRUE(report->measurements[0].counts);
  EXPECT_FALSE(report->measurements[0].end_explained);
}

TEST(ReportRereaderTest, TelemetryNeedsNeitherTimesNorACount) {
  const struct {
    const char* telemetry;
    int64_t start_s, end_s;
  } cases[] = {
      {R"({"metric_name":"TELEMETRY"})", 0, 0},
      {R"({"metric_name":"TELEMETRY","log_time":500})", 500, 500},
      {R"({"metric_name":"TELEMETRY","log_time":"500","start_time":null,"end_time":null})", 500, 500},
      {R"({"metric_name":"TELEMETRY","log_time":500,"start_time":400})", 400, 400},
      {R"({"metric_name":"TELEMETRY","log_time":500,"end_time":600})", 500, 600},
      {R"({"metric_name":"TELEMETRY","value":"anything"})", 0, 0},
  };
  for (const auto& c : cases) {
    const auto report = Reread(WithMeasurements(absl::StrCat("[", c.telemetry, ",", kMeasurement, "]")));
    ASSERT_TRUE(report.ok()) << c.telemetry << ": " << report.status();
    EXPECT_FALSE(report->measurements[0].counts);
    EXPECT_EQ(report->measurements[0].start_s, c.start_s) << c.telemetry;
    EXPECT_EQ(report->measurements[0].end_s, c.end_s) << c.telemetry;
    EXPECT_EQ(report->measurements[0].count, 0);
    EXPECT_EQ(report->measurements[1].count, 3);
  }
}

TEST(ReportRereaderTest, AReportIdMayStandBesideTheUdiOrInMetaAndNullIsAbsent) {
  const std::string meta_id = R"("tag-1","report_id":7)";
  for (const std::string& payload :
       {With("\"report_id\":7", "\"report_id\":\"007\""), With("\"tag-1\"", meta_id),
        absl::StrReplaceAll(Payload(), {{"\"report_id\":7", "\"report_id\":null"}, {"\"tag-1\"", meta_id}}),
        absl::StrReplaceAll(Payload(), {{"\"report_id\":7,", ""}, {"\"tag-1\"", meta_id}}),
        With("\"tag-1\"", "\"tag-1\",\"report_id\":null")}) {
    const auto report = Reread(payload);
    ASSERT_TRUE(report.ok()) << payload << ": " << report.status();
    EXPECT_EQ(report->report_id, 7);
  }
}

TEST(ReportRereaderTest, WhatIsOptionalMayBeAbsentOrNull) {
  for (const std::string& payload :
       {With("\"1.2\"", "null"), With(",\"software_version\":\"1.2\"", ""), With("\"1.2\"", "\"\""),
        With("[]", "null"), With("\"ha_udi\":[],", ""), With("\"meta\":{},", ""),
        With("\"meta\":{},", "\"meta\":null,"),
        With("\"meta\":{},", R"("meta":{"close_reason":null,"termination_reason":""},)"),
        With("\"1.2\"", R"("1.2","previous_report_id":null)"),
        With("\"start_time\"", "\"log_time\":null,\"start_time\""),
        With("\"meta\":{\"ent", R"("x":[1,{"y":null}],"x":2,"meta":{"z":"z","ent)")}) {
    EXPECT_TRUE(Reread(payload).ok()) << payload << ": " << Reread(payload).status();
  }
}

TEST(ReportRereaderTest, OptionalFieldsAreRead) {
  const auto report = Reread(absl::StrReplaceAll(
      Payload(), {{"\"1.2\"", R"("1.2","previous_report_id":"6")"},
                  {"[]", R"([{"role":"Active","sudi":{"udi_pid":"P","udi_serial_number":"S"}},)"
                         R"({"role":null,"sudi":{"udi_pid":"P","udi_serial_number":"T"}}])"}}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->previous_report_id, 6);
  ASSERT_EQ(report->ha_members.size(), 2u);
  EXPECT_EQ(report->ha_members[0].udi, (UdiPair{"P", "S"}));
  EXPECT_EQ(report->ha_members[0].role, "Active");
  EXPECT_EQ(report->ha_members[1].role, "");
}

TEST(ReportRereaderTest, ReasonsExplainTheEndAndFillersDoNot) {
  const struct {
    const char* meta;
    bool explained, reload;
  } cases[] = {
      {R"({"close_reason":"ReportClosed"})", true, false},
      {R"({"termination_reason":"ProductReload"})", true, true},
      {R"({"termination_reason":"x","close_reason":"ProductReload"})", true, true},
      {R"({"termination_reason":"","close_reason":"NA"})", false, false},
  };
  for (const auto& c : cases) {
    const auto report = Reread(With("\"meta\":{},", absl::StrCat("\"meta\":", c.meta, ",")));
    ASSERT_TRUE(report.ok()) << c.meta << ": " << report.status();
    EXPECT_EQ(report->measurements[0].end_explained, c.explained) << c.meta;
    EXPECT_EQ(report->measurements[0].ended_by_reload, c.reload) << c.meta;
  }
}

struct Change {
  const char* part;
  std::string by;
};

TEST(ReportRereaderTest, WhatIsMissingIsRefused) {
  for (const Change& c : {Change{"\"report_id\":7,", ""},
                          {"\"report_id\":7", "\"report_id\":null"},
                          {"\"asset_identification\"", "\"other\""},
                          {"\"instance\"", "\"other\""},
                          {"\"sudi\"", "\"other\""},
                          {"\"udi_pid\"", "\"other\""},
                          {"\"udi_serial_number\"", "\"other\""},
                          {"\"meta\":{\"ent", "\"other\":{\"ent"},
                          {"\"entitlement_tag\"", "\"other\""},
                          {"\"measurements\"", "\"other\""},
                          {"\"metric_name\"", "\"other\""},
                          {"\"start_time\"", "\"other\""},
                          {"\"end_time\"", "\"other\""},
                          {"\"start_time\":1000", "\"log_time\":1000,\"start_time\":null"},
                          {"\"value\":{", "\"other\":{"},
                          {"\"type\":\"COUNT\",", ""},
                          {",\"value\":\"3\"", ""}}) {
    EXPECT_FALSE(Reread(With(c.part, c.by)).ok()) << c.part << " -> " << c.by;
  }
}

TEST(ReportRereaderTest, WhatHasTheWrongTypeOrRangeIsRefused) {
  for (const Change& c : {Change{"\"report_id\":7", "\"report_id\":-1"},
                          {"\"report_id\":7", "\"report_id\":1.5"},
                          {"\"report_id\":7", "\"report_id\":7.0"},
                          {"\"report_id\":7", "\"report_id\":9223372036854775808"},
                          {"\"report_id\":7", "\"report_id\":\"9223372036854775808\""},
                          {"\"report_id\":7", "\"report_id\":\"x\""},
                          {"\"report_id\":7", "\"report_id\":\"\""},
                          {"\"report_id\":7", "\"report_id\":true"},
                          {"\"tag-1\"", "\"tag-1\",\"report_id\":8"},
                          {"\"PID-1\"", "\"\""},
                          {"\"PID-1\"", absl::StrCat("\"", std::string(65, 'x'), "\"")},
                          {"\"SN-1\"", "17"},
                          {"\"SN-1\"", R"("a\u0000b")"},
                          {"\"SN-1\"", R"("a\u007fb")"},
                          {"\"SN-1\"", R"("a\u0085b")"},
                          {"\"tag-1\"", absl::StrCat("\"", std::string(256, 't'), "\"")},
                          {"\"1.2\"", "[]"},
                          {"[]", "{}"},
                          {"[]", "[1]"},
                          {"[]", R"([{"role":3,"sudi":{"udi_pid":"P","udi_serial_number":"S"}}])"},
                          {"[]", R"([{"role":"Active"}])"},
                          {"\"1.2\"", R"("1.2","previous_report_id":"x")"},
                          {"\"ENTITLEMENT\"", "1"},
                          {"1000", "-1"},
                          {"2000", "253402300800"},
                          {"2000", "999"},
                          {"\"meta\":{},", "\"meta\":[],"},
                          {"\"meta\":{},", R"("meta":{"close_reason":1},)"},
                          {"\"COUNT\"", "\"GAUGE\""},
                          {"{\"type\":\"COUNT\",\"value\":\"3\"}", "\"3\""},
                          {"\"1.2\"", "\"1.2\",\"x\":99999999999999999999"}}) {
    EXPECT_FALSE(Reread(With(c.part, c.by)).ok()) << c.part << " -> " << c.by;
  }
  EXPECT_FALSE(Reread(WithMeasurements("[]")).ok());
  EXPECT_FALSE(Reread(WithMeasurements("{}")).ok());
  EXPECT_FALSE(Reread(WithMeasurements(R"([{"metric_name":"TELEMETRY","log_time":5,"end_time":4}])")).ok());
}

TEST(ReportRereaderTest, ACountIsADecimalStringFrom0To2147483647) {
  for (const auto& [text, count] : {std::pair("\"0\"", 0), {"\"2147483647\"", 2147483647}, {"\"007\"", 7}}) {
    const auto report = Reread(With("\"3\"", text));
    ASSERT_TRUE(report.ok()) << text << ": " << report.status();
    EXPECT_EQ(report->measurements[0].count, count);
  }
  for (const char* text :
       {"\"-1\"", "\"2147483648\"", "\"99999999999999999999999999999999\"", "3", "3.0", "true", "[]", "null",
        "\"\"", "\"-\"", "\"-0\"", "\"+3\"", "\" 3\"", "\"3.0\"", "\"3\\u0000\""}) {
    EXPECT_FALSE(Reread(With("\"3\"", text)).ok()) << text;
  }
}

TEST(ReportRereaderTest, AFieldThatIsReadMayStandOnlyOnce) {
  for (const Change& c : {Change{"\"report_id\":7", R"("report_id":7,"report_id":7)"},
                          {"\"tag-1\"", R"("tag-1","\u0065ntitlement_tag":"tag-2")"},
                          {"\"PID-1\"", R"("PID-1","udi_pid":null)"},
                          {"\"measurements\":", R"("measurements":null,"measurements":)"},
                          {"\"start_time\":1000", R"("start_time":1000,"start_time":1000)"},
                          {"\"type\":\"COUNT\"", R"("type":"COUNT","type":"COUNT")"}}) {
    EXPECT_FALSE(Reread(With(c.part, c.by)).ok()) << c.part << " -> " << c.by;
  }
  EXPECT_FALSE(Reread(WithMeasurements(R"([{"metric_name":"TELEMETRY","value":1,"value":1}])")).ok());
}

TEST(ReportRereaderTest, TheOuterObjectIsReadToo) {
  const std::string outer = Outer(Payload());
  const auto with = [&](std::string_view part, std::string_view by) {
    return RereadReportBody(absl::StrReplaceAll(
        outer, {{absl::string_view(part.data(), part.size()), absl::string_view(by.data(), by.size())}}));
  };
  EXPECT_TRUE(RereadReportBody(absl::StrCat(" \n\t", outer, "\r\n ")).ok());
  EXPECT_TRUE(with("\"key\":\"k\"", "\"key\":null,\"sudi\":{\"udi_pid\":null}").ok());
  EXPECT_EQ(with("PID-1", "\\u0050ID-1")->payload, Payload());
  for (const auto& [part, by] : {std::pair("\"AAAA\"", "\"AAA\""),
                                 {"\"AAAA\"", "\"\""},
                                 {"\"AAAA\"", "7"},
                                 {"\"builtin\"", "\"\""},
                                 {"\"builtin\"", "null"},
                                 {"\"key\":\"k\"", "\"sudi\":[]"},
                                 {"\"signature\"", "\"other\""},
                                 {"\"payload\"", "\"other\""}}) {
    EXPECT_FALSE(with(part, by).ok()) << part << " -> " << by;
  }
  for (const std::string& raw : {std::string(), std::string("[]"), std::string("{}"), outer + "x",
                                 outer.substr(0, 50), std::string(R"({"payload":{}})")}) {
    EXPECT_FALSE(RereadReportBody(raw).ok()) << raw;
  }
}

TEST(ReportRereaderTest, TheLimitsAreThoseOfIngest) {
  const auto nested = [](int levels) {
    return With("\"1.2\"", absl::StrCat("\"1.2\",\"x\":", Repeat("[", levels), "1", Repeat("]", levels)));
  };
  EXPECT_TRUE(Reread(nested(30)).ok()) << Reread(nested(30)).status();
  EXPECT_FALSE(Reread(nested(31)).ok());
  std::string padded = Outer(Payload());
  padded.resize(size_t{1} << 20, ' ');
  EXPECT_TRUE(RereadReportBody(padded).ok());
  EXPECT_FALSE(RereadReportBody(padded + " ").ok());
  const std::string member = R"({"sudi":{"udi_pid":"P","udi_serial_number":"S"}})";
  EXPECT_TRUE(Reread(With("[]", absl::StrCat("[", member, Repeat("," + member, 63), "]"))).ok());
  EXPECT_FALSE(Reread(With("[]", absl::StrCat("[", member, Repeat("," + member, 64), "]"))).ok());
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
