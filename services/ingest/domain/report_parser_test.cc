#include "services/ingest/domain/report_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/testing.h"

namespace quartermaster::ingest {
namespace {

constexpr char kPayload[] =
    R"({"asset_identification":{"report_id":7,"instance":{"sudi":{"udi_pid":"PID-1",)"
    R"("udi_serial_number":"SN-1"}}},"meta":{"entitlement_tag":"tag-1","ha_udi":[],)"
    R"("software_version":"1.2"},"measurements":[{"metric_name":"ENTITLEMENT",)"
    R"("start_time":1000,"end_time":2000,"meta":{},"value":{"type":"COUNT","value":"3"}}]})";

std::string QuotedJson(std::string_view text) {
  return "\"" +
         absl::StrReplaceAll(absl::string_view(text.data(), text.size()),
                             {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}) +
         "\"";
}

std::string Outer(std::string_view payload) {
  return R"({"payload":)" + QuotedJson(payload) +
         R"(,"signature":{"signing_type":"builtin","key":"k","value":"AAAA"}})";
}

absl::Status ParseOuter(std::string_view raw, ParsedReport& report, int64_t received_s = 3000) {
  static ReportParser parser;  // shared, so that what an earlier report left behind would show
  return parser.Parse(raw, received_s, report);
}

absl::Status ParsePayload(std::string_view payload, ParsedReport& report, int64_t received_s = 3000) {
  return ParseOuter(Outer(payload), report, received_s);
}

// kPayload with one part replaced, which must be there.
std::string With(std::string_view part, std::string_view by) {
  std::string payload = kPayload;
  const size_t at = payload.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return payload.replace(at, part.size(), by);
}

std::string Repeat(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

constexpr char kMeasurement[] =
    R"({"metric_name":"ENTITLEMENT","start_time":1000,"end_time":2000,"value":{"type":"COUNT","value":"3"}})";

struct Case {
  const char* part;
  std::string by;
  const char* id;
  const char* message;  // a part of it; only for those that are refused
};

void ExpectRefused(const Case& c) {
  ParsedReport report;
  const absl::Status status = ParsePayload(With(c.part, c.by), report);
  EXPECT_EQ(IdOf(status), c.id) << c.part << " -> " << c.by << ": " << status;
  EXPECT_NE(std::string(status.message()).find(c.message), std::string::npos)
      << c.part << " -> " << c.by << ": " << status;
}

TEST(ReportParserTest, TheSmallestReportIsRead) {
  ParsedReport report;
  const absl::Status status = ParsePayload(kPayload, report);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(report.payload, kPayload);
  EXPECT_EQ(report.raw, Outer(kPayload));
  EXPECT_EQ(report.udi, (Udi{"PID-1", "SN-1"}));
  EXPECT_EQ(report.report_id, 7);
  EXPECT_EQ(report.previous_report_id, 0);
  EXPECT_EQ(report.InUse(), 3);
}

TEST(ReportParserTest, APayloadIsUnescapedExactlyOnce) {
  // A payload with its own escapes: what was signed still holds them.
  const std::string payload = With("\"1.2\"", R"("a\"b\\c\/\u00e9\n")");
  ParsedReport report;
  // The outer object may write the same payload with other escapes.
  const std::string outer = absl::StrReplaceAll(Outer(payload), {{"PID-1", "\\u0050ID-1"}});
  const absl::Status status = ParseOuter(outer, report);
  // The software version holds a line end, which no name may.
  EXPECT_EQ(IdOf(status), "ingest.payload_field_invalid");
  EXPECT_EQ(report.payload, payload);
  EXPECT_EQ(report.raw, outer);
}

TEST(ReportParserTest, WhiteSpaceAroundTheReportAndUnknownFieldsAreNoMatter) {
  ParsedReport report;
  EXPECT_TRUE(ParseOuter(" \n\t" + Outer(kPayload) + "\r\n ", report).ok());
  EXPECT_TRUE(
      ParsePayload(With("\"meta\":{\"ent", R"("x":[1,{"y":null}],"x":2,"meta":{"z":"z","ent)"), report).ok());
}

TEST(ReportParserTest, WhatIsMissingOrNullIsNamed) {
  for (const Case& c : {
           Case{"\"report_id\":7,", "", "ingest.payload_field_missing",
                "asset_identification.report_id: got nothing, want a whole number"},
           {"\"report_id\":7", "\"report_id\":null", "ingest.payload_field_missing", "report_id"},
           {"\"asset_identification\"", "\"other\"", "ingest.payload_field_missing",
            "asset_identification: got nothing"},
           {"\"instance\"", "\"other\"", "ingest.payload_field_missing",
            "asset_identification.instance: got nothing"},
           {"\"sudi\"", "\"other\"", "ingest.payload_field_missing",
            "asset_identification.instance.sudi: got nothing"},
           {"\"udi_pid\"", "\"other\"", "ingest.payload_field_missing",
            "asset_identification.instance.sudi.udi_pid: got nothing"},
           {"\"udi_serial_number\"", "\"other\"", "ingest.payload_field_missing",
            "sudi.udi_serial_number: got nothing"},
           {"\"meta\":{\"ent", "\"other\":{\"ent", "ingest.payload_field_missing", "meta: got"},
           {"\"entitlement_tag\"", "\"other\"", "ingest.payload_field_missing",
            "meta.entitlement_tag: got nothing"},
           {"\"measurements\"", "\"other\"", "ingest.payload_field_missing", "measurements: got"},
           {"\"metric_name\"", "\"other\"", "ingest.payload_field_missing",
            "measurements[0].metric_name: got nothing"},
           {"\"start_time\"", "\"other\"", "ingest.payload_field_missing",
            "measurements[0].start_time: got nothing"},
           {"\"end_time\"", "\"other\"", "ingest.payload_field_missing",
            "measurements[0].end_time: got nothing"},
           {"\"value\":{", "\"other\":{", "ingest.payload_field_missing",
            "measurements[0].value: got nothing"},
           {"\"type\":\"COUNT\",", "", "ingest.payload_field_missing",
            "measurements[0].value.type: got nothing"},
           {",\"value\":\"3\"", "", "ingest.payload_field_missing",
            "measurements[0].value.value: got nothing, want a decimal string"},
       }) {
    ExpectRefused(c);
  }
}

TEST(ReportParserTest, WhatHasTheWrongTypeOrRangeIsNamed) {
  const std::string long_name(65, 'x');
  for (const Case& c : {
           Case{"\"report_id\":7", "\"report_id\":-1", "ingest.payload_field_invalid",
                "asset_identification.report_id: got number -1, want a whole number from 0 to"},
           {"\"report_id\":7", "\"report_id\":1.5", "ingest.payload_field_invalid", "number 1.5"},
           {"\"report_id\":7", "\"report_id\":9223372036854775808", "ingest.payload_field_invalid",
            "number 9223372036854775808"},
           {"\"report_id\":7", "\"report_id\":\"9223372036854775808\"", "ingest.payload_field_invalid",
            "string \"9223372036854775808\""},
           {"\"report_id\":7", "\"report_id\":\"x\"", "ingest.payload_field_invalid", "report_id"},
           {"\"report_id\":7", "\"report_id\":\"\"", "ingest.payload_field_invalid", "report_id"},
           {"\"report_id\":7", "\"report_id\":true", "ingest.payload_field_invalid", "got true"},
           {"\"tag-1\"", "\"tag-1\",\"report_id\":8", "ingest.payload_field_invalid",
            "meta.report_id: got 8, want 7"},
           {"\"PID-1\"", "\"\"", "ingest.payload_field_invalid", "udi_pid: got 0 bytes, want 1 to 64 bytes"},
           {"\"PID-1\"", "\"" + long_name + "\"", "ingest.payload_field_invalid", "65 bytes"},
           {"\"SN-1\"", "\"" + long_name + "\"", "ingest.payload_field_invalid", "65 bytes"},
           {"\"SN-1\"", "17", "ingest.payload_field_invalid", "got number 17, want a string"},
           {"\"SN-1\"", R"("a\u0000b")", "ingest.payload_field_invalid", "control characters"},
           {"\"SN-1\"", R"("a\u007fb")", "ingest.payload_field_invalid", "control characters"},
           {"\"SN-1\"", R"("a\u0085b")", "ingest.payload_field_invalid", "control characters"},
           {"\"tag-1\"", "\"" + std::string(256, 't') + "\"", "ingest.payload_field_invalid",
            "meta.entitlement_tag: got 256 bytes, want 1 to 255 bytes"},
           {"\"1.2\"", "[]", "ingest.payload_field_invalid",
            "meta.software_version: got a list, want a string"},
           {"[]", "{}", "ingest.payload_field_invalid", "meta.ha_udi: got an object, want a list"},
           {"[]", "[1]", "ingest.payload_field_invalid", "meta.ha_udi[0]: got number 1"},
           {"[]", R"([{"role":3,"sudi":{}}])", "ingest.payload_field_invalid",
            "meta.ha_udi[0].role: got number 3, want a string"},
           {"[]", R"([{"role":"Active"}])", "ingest.payload_field_missing",
            "meta.ha_udi[0].sudi: got nothing"},
           {"\"1.2\"", R"("1.2","previous_report_id":"x")", "ingest.payload_field_invalid",
            "meta.previous_report_id"},
           {"[{\"metric", "{\"a\":{\"metric", "ingest.payload_malformed", "payload: got"},
           {"\"ENTITLEMENT\"", "1", "ingest.payload_field_invalid", "metric_name: got number 1"},
           {"1000", "-1", "ingest.payload_field_invalid", "measurements[0].start_time: got number"},
           {"2000", "253402300800", "ingest.payload_field_invalid",
            "measurements[0].end_time: got number 253402300800, want a whole number from 0 to "
            "253402300799"},
           {"2000", "999", "ingest.payload_field_invalid",
            "measurements[0].end_time: got 999, want start_time 1000 or later"},
           {"\"meta\":{},", "\"meta\":[],", "ingest.payload_field_invalid",
            "measurements[0].meta: got a list, want an object"},
           {"\"meta\":{},", R"("meta":{"close_reason":1},)", "ingest.payload_field_invalid",
            "measurements[0].meta.close_reason: got number 1"},
           {"\"COUNT\"", "\"GAUGE\"", "ingest.payload_field_invalid",
            "measurements[0].value.type: got string \"GAUGE\", want \"COUNT\""},
           {"{\"type\":\"COUNT\",\"value\":\"3\"}", "\"3\"", "ingest.payload_field_invalid",
            "measurements[0].value: got string \"3\", want an object"},
       }) {
    ExpectRefused(c);
  }
}

TEST(ReportParserTest, ACountIsADecimalStringFrom0To2147483647) {
  const struct {
    const char* text;
    uint32_t count;
  } good[] = {{"\"0\"", 0}, {"\"2147483647\"", 2147483647}, {"\"007\"", 7}};
  for (const auto& g : good) {
    ParsedReport report;
    const absl::Status status = ParsePayload(With("\"3\"", g.text), report);
    ASSERT_TRUE(status.ok()) << g.text << ": " << status;
    EXPECT_EQ(report.measurements[0].count, g.count);
  }
  for (const char* text :
       {"\"-1\"", "\"-2147483648\"", "\"2147483648\"", "\"99999999999999999999999999999999\""}) {
    ExpectRefused({"\"3\"", text, "ingest.count_out_of_range", "measurements[0].value.value: got string"});
  }
  for (const char* text : {"3", "-3", "3.0", "1e3", "true", "[]", "\"\"", "\"-\"", "\"-0\"", "\"+3\"",
                           "\" 3\"", "\"3 \"", "\"3.0\"", "\"0x3\"", "\"three\"", "\"3\\u0000\""}) {
    ExpectRefused({"\"3\"", text, "ingest.payload_field_invalid", "want a decimal string"});
  }
  ExpectRefused({"\"3\"", "null", "ingest.payload_field_missing", "want a decimal string"});
  // Beyond 64 bits no JSON number is read at all.
  ExpectRefused({"\"3\"", "99999999999999999999", "ingest.payload_malformed", "64 bits"});
}

TEST(ReportParserTest, AFieldThatIsReadMayStandOnlyOnce) {
  for (const Case& c : {
           Case{"\"report_id\":7", R"("report_id":7,"report_id":7)", "", "report_id"},
           {"\"tag-1\"", R"("tag-1","entitlement_tag":"tag-2")", "", "meta.entitlement_tag"},
           {"\"tag-1\"", R"("tag-1","\u0065ntitlement_tag":"tag-2")", "", "meta.entitlement_tag"},
           {"\"PID-1\"", R"("PID-1","udi_pid":null)", "", "udi_pid"},
           {"\"measurements\":", R"("measurements":null,"measurements":)", "", "measurements"},
           {"\"start_time\":1000", R"("start_time":1000,"start_time":1000)", "", "start_time"},
           {"\"type\":\"COUNT\"", R"("type":"COUNT","type":"COUNT")", "", "value.type"},
       }) {
    ExpectRefused({c.part, c.by, "ingest.payload_field_invalid", c.message});
    ExpectRefused({c.part, c.by, "ingest.payload_field_invalid", "got this field twice"});
  }
}

// docs/reference/formats.md says so.
TEST(ReportParserTest, WhatTheBooksDoNotNeedIsNotJudged) {
  for (const auto& [part, by] :
       {std::pair<const char*, const char*>{"{\"asset", R"({"version":"9.0","asset)"},
        {"{\"asset", R"({"version":7,"version":null,"asset)"},
        {"\"report_id\":7", R"("report_id":7,"asset":1,"asset":{})"}}) {
    ParsedReport report;
    const absl::Status status = ParsePayload(With(part, by), report);
    EXPECT_TRUE(status.ok()) << by << ": " << status;
    EXPECT_EQ(report.report_id, 7);
  }
}

TEST(ReportParserTest, TheUdiBesideThePayloadDecidesNothing) {
  ParsedReport report;
  const absl::Status status = ParseOuter(
      R"({"payload":)" + QuotedJson(kPayload) +
          R"(,"signature":{"sudi":{"udi_pid":"OTHER","udi_serial_number":"X"},"signing_type":"builtin","value":"AAAA"}})",
      report);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(report.udi, (Udi{"PID-1", "SN-1"}));
  EXPECT_EQ(report.signature.udi.product_id, "OTHER");
}

TEST(ReportParserTest, ARefusedReportIsNamedAsFarAsItCouldBeRead) {
  ParsedReport report;
  EXPECT_FALSE(ParsePayload(With("\"report_id\":7", "\"report_id\":\"x\""), report).ok());
  EXPECT_EQ(report.udi, (Udi{"PID-1", "SN-1"}));
  EXPECT_EQ(report.entitlement_tag, "tag-1");
  EXPECT_FALSE(ParsePayload(With("\"tag-1\"", "5"), report).ok());
  EXPECT_EQ(report.report_id, 7);
  EXPECT_EQ(report.entitlement_tag, "");
}

TEST(ReportParserTest, TheOuterObjectIsCheckedToo) {
  const std::string payload = QuotedJson(kPayload);
  const struct {
    std::string raw;
    const char* id;
    const char* message;
  } cases[] = {
      {"", "ingest.report_malformed", "report: got the end of the text at byte 0"},
      {"[]", "ingest.report_malformed", "report: got a list, want an object"},
      {"{}", "ingest.report_malformed", "payload: got nothing, want a string that holds JSON"},
      {"{\"payload\":{}}", "ingest.report_malformed", "payload: got an object"},
      {"{\"payload\":\"\"}", "ingest.payload_malformed", "the end of the text at byte 0"},
      {"{\"payload\":\"[]\"}", "ingest.payload_field_invalid", "payload: got a list"},
      {"{\"payload\":" + payload + "}", "ingest.report_malformed", "signature: got nothing"},
      {"{\"payload\":" + payload + ",\"signature\":\"x\"}", "ingest.report_malformed",
       "signature: got string \"x\", want an object"},
      {"{\"payload\":" + payload + ",\"signature\":{}}", "ingest.report_malformed",
       "signature.signing_type: got nothing"},
      {"{\"payload\":" + payload + ",\"signature\":{\"signing_type\":\"x\"}}", "ingest.report_malformed",
       "signature.value: got nothing"},
      {Outer(kPayload) + "x", "ingest.report_malformed", "bytes after the value at byte"},
      {Outer(kPayload).substr(0, 50), "ingest.report_malformed", "the end of the text at byte 50"},
  };
  for (const auto& c : cases) {
    ParsedReport report;
    const absl::Status status = ParseOuter(c.raw, report);
    EXPECT_EQ(IdOf(status), c.id) << c.raw << ": " << status;
    EXPECT_NE(std::string(status.message()).find(c.message), std::string::npos) << status;
  }
}

TEST(ReportParserTest, ASignatureValueIsStrictBase64) {
  for (const char* value :
       {"\"\"", "\"AAA\"", "\"AA A\"", "\"AAAA\\n\"", "\"A===\"", "\"AAA_\"", "\"AB==\"", "7"}) {
    ParsedReport report;
    const std::string raw = absl::StrReplaceAll(Outer(kPayload), {{"\"AAAA\"", value}});
    EXPECT_EQ(IdOf(ParseOuter(raw, report)), "ingest.signature_malformed") << value;
  }
}

TEST(ReportParserTest, WhoAReportIsAboutIsKnownEvenWhenItsMeasurementsAreRefused) {
  ParsedReport report;
  EXPECT_FALSE(ParsePayload(With("\"3\"", "3"), report).ok());
  EXPECT_EQ(report.udi, (Udi{"PID-1", "SN-1"}));
  EXPECT_EQ(report.entitlement_tag, "tag-1");
  EXPECT_EQ(report.report_id, 7);
}

TEST(ReportParserTest, NothingOfAnEarlierReportIsLeft) {
  ParsedReport report;
  ASSERT_TRUE(ParsePayload(With("\"1.2\"", R"("1.2","previous_report_id":6)"), report).ok());
  EXPECT_EQ(report.previous_report_id, 6);
  EXPECT_FALSE(ParseOuter("x", report).ok());
  EXPECT_EQ(report.previous_report_id, 0);
  EXPECT_EQ(report.payload, "");
  EXPECT_EQ(report.udi, Udi{});
  EXPECT_TRUE(report.measurements.empty());
  EXPECT_EQ(report.InUse(), 0);
}

TEST(ReportParserTest, AMeasurementThatEndsMoreThanAnHourAfterReceiptIsSuspectForGood) {
  ParsedReport report;
  ASSERT_TRUE(ParsePayload(kPayload, report, 2000 - 3600).ok());
  EXPECT_EQ(report.measurements[0].flags, 0u);
  ASSERT_TRUE(ParsePayload(kPayload, report, 2000 - 3601).ok());
  EXPECT_EQ(report.measurements[0].flags, kClockSuspect);
}

TEST(ReportParserTest, LogTimeMayPrecedeTheStartAfterAClockChange) {
  ParsedReport report;
  EXPECT_TRUE(ParsePayload(With("\"start_time\"", "\"log_time\":1,\"start_time\""), report).ok());
  EXPECT_EQ(report.measurements[0].start_s, 1000);
}

TEST(ReportParserTest, ReasonsExplainTheEndAndFillersDoNot) {
  const struct {
    const char* meta;
    uint32_t flags;
  } cases[] = {
      {R"({"close_reason":"ReportClosed"})", kEndExplained},
      {R"({"termination_reason":"ProductReload"})", kEndExplained | kEndedByReload},
      {R"({"termination_reason":"x","close_reason":"ProductReload"})", kEndExplained | kEndedByReload},
      {R"({"termination_reason":"","close_reason":"NA"})", 0},
      {R"({"termination_reason":null})", 0},
  };
  for (const auto& c : cases) {
    ParsedReport report;
    const std::string meta = std::string("\"meta\":") + c.meta + ",\"value\"";
    const absl::Status status = ParsePayload(With("\"meta\":{},\"value\"", meta), report);
    ASSERT_TRUE(status.ok()) << c.meta << ": " << status;
    EXPECT_EQ(report.measurements[0].flags, c.flags) << c.meta;
  }
}

TEST(ReportParserTest, TelemetryNeedsNeitherTimesNorACount) {
  ParsedReport report;
  const std::string list =
      std::string(R"([{"metric_name":"TELEMETRY","log_time":500},)") + kMeasurement + "]";
  std::string payload = kPayload;
  payload = payload.substr(0, payload.find("[{")) + list + "}";
  ASSERT_TRUE(ParsePayload(payload, report).ok());
  EXPECT_EQ(report.measurements[0].flags, kNotCounted);
  EXPECT_EQ(report.measurements[0].end_s, 500);
  EXPECT_EQ(report.InUse(), 3);
}

TEST(ReportParserTest, InUseIsTheLatestCountThatIsNotSuspect) {
  const auto in_use = [](std::vector<Measurement> measurements) {
    ParsedReport report;
    report.measurements = std::move(measurements);
    return report.InUse();
  };
  EXPECT_EQ(in_use({}), 0);
  EXPECT_EQ(in_use({{0, 20, 5, 0}, {0, 10, 7, 0}}), 5);
  EXPECT_EQ(in_use({{0, 20, 5, 0}, {10, 20, 7, 0}}), 7) << "the later place decides";
  EXPECT_EQ(in_use({{0, 20, 5, 0}, {20, 30, 9, kNotCounted}}), 5);
  EXPECT_EQ(in_use({{0, 20, 5, 0}, {20, 900, 9, kClockSuspect}}), 5);
  EXPECT_EQ(in_use({{20, 900, 9, kClockSuspect}, {0, 20, 5, 0}}), 5);
  EXPECT_EQ(in_use({{20, 900, 9, kClockSuspect}, {20, 800, 8, kClockSuspect}}), 9);
}

std::string WithMeasurements(int count) {
  std::string payload = kPayload;
  payload = payload.substr(0, payload.find("[{\"metric")) + "[" + kMeasurement;
  return payload + Repeat(std::string(",") + kMeasurement, count - 1) + "]}";
}

TEST(ReportParserTest, TheLimitsAreTheLimits) {
  ParsedReport report;
  EXPECT_EQ(IdOf(ParseOuter(std::string(kReportBytesMax + 1, ' '), report)), "ingest.report_too_large");
  std::string padded = Outer(kPayload);
  padded.resize(kReportBytesMax, ' ');
  EXPECT_TRUE(ParseOuter(padded, report).ok());

  const std::string member = R"({"sudi":{"udi_pid":"P","udi_serial_number":"S"}})";
  EXPECT_TRUE(ParsePayload(With("[]", "[" + member + Repeat("," + member, 63) + "]"), report).ok());
  EXPECT_EQ(report.ha_members.size(), 64u);
  ExpectRefused({"[]", "[" + member + Repeat("," + member, 64) + "]", "ingest.payload_field_invalid",
                 "meta.ha_udi: got more than 64 members"});

  ASSERT_TRUE(ParsePayload(WithMeasurements(5000), report).ok());
  EXPECT_EQ(report.measurements.size(), 5000u);
}

TEST(ReportParserTest, ThirtyTwoLevelsAreReadAndOneMoreIsRefused) {
  ParsedReport report;
  const auto nested = [](int levels) {
    return With("\"1.2\"", "\"1.2\",\"x\":" + Repeat("[", levels) + "1" + Repeat("]", levels));
  };
  EXPECT_TRUE(ParsePayload(nested(30), report).ok());
  const absl::Status status = ParsePayload(nested(31), report);
  EXPECT_EQ(IdOf(status), "ingest.nesting_too_deep") << status;
  // The object of the report is a level too.
  const std::string outer = Outer(kPayload);
  const auto outer_nested = [&](int levels) {
    return "{\"x\":" + Repeat("[", levels) + "1" + Repeat("]", levels) + "," + outer.substr(1);
  };
  EXPECT_TRUE(ParseOuter(outer_nested(31), report).ok());
  EXPECT_EQ(IdOf(ParseOuter(outer_nested(32), report)), "ingest.nesting_too_deep");
}

TEST(ReportParserTest, ChangedBytesNeverCrashAndAReportThatIsStillReadKeepsItsPayload) {
  const std::string good = Outer(kPayload);
  EXPECT_TRUE(rc::check("any mutation is answered", [&] {
    std::string raw = good;
    const int changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes && !raw.empty(); ++i) {
      const size_t at = *rc::gen::inRange<size_t>(0, raw.size());
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          raw[at] = *rc::gen::arbitrary<char>();
          break;
        case 1:
          raw.erase(at, *rc::gen::inRange<size_t>(1, 20));
          break;
        default:
          raw.insert(at, raw.substr(*rc::gen::inRange<size_t>(0, raw.size()), 12));
      }
    }
    ParsedReport report;
    const absl::Status status = ParseOuter(raw, report);
    if (status.ok()) {
      RC_ASSERT(report.raw == raw);
      RC_ASSERT(!report.measurements.empty());
    } else {
      RC_ASSERT(IdOf(status).rfind("ingest.", 0) == 0);
    }
  }));
}

}  // namespace
}  // namespace quartermaster::ingest
