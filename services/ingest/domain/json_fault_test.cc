#include "services/ingest/domain/json_fault.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include <string>

namespace quartermaster::ingest {
namespace {

bool FastParserReads(std::string text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.allocate(text.size() + 1, 33) != simdjson::SUCCESS) return false;
  return parser.parse(text).get(root) == simdjson::SUCCESS;
}

TEST(JsonFaultTest, AWellFormedTextHasNone) {
  for (const char* text :
       {"{}", "[]", " [ ] ", "null", "-0", "1.5e-3", "\"\"", R"({"a":[1,{"b":"\u00e9\ud83d\ude00"}],"c":{}})",
        "18446744073709551615", "-9223372036854775808", "\"\xc3\xa9\xf0\x9f\x98\x80\""}) {
    EXPECT_FALSE(FindJsonFault(text).has_value()) << text;
    EXPECT_TRUE(FastParserReads(text)) << text;
  }
}

TEST(JsonFaultTest, TheFirstBadByteIsNamed) {
  const struct {
    const char* text;
    size_t offset;
    const char* got;
  } cases[] = {
      {"", 0, "the end of the text"},
      {"{\"a\":", 5, "the end of the text"},
      {"{\"a\":\"b", 7, "the end of the text"},
      {"{\"a\" 1}", 5, "a name without a value"},
      {"{a:1}", 1, "a byte that starts no name"},
      {"{\"a\":1,}", 7, "a byte that starts no name"},
      {"[1,]", 3, "a byte that starts no value"},
      {"[1 2]", 3, "another byte"},
      {"[1}", 2, "another byte"},
      {"{} {}", 3, "bytes after the value"},
      {"tru", 3, "the end of the text"},
      {"trux", 3, "an unknown word"},
      {"01", 1, "a number with a leading zero"},
      {"-", 1, "the end of the text"},
      {"1.", 2, "the end of the text"},
      {"[1.x]", 3, "a broken number"},
      {"1ex", 2, "a broken number"},
      {"[18446744073709551616]", 1, "a number that does not fit in 64 bits"},
      {"[1,-2e999]", 3, "a number that does not fit in a double"},
      {"-9223372036854775809", 0, "a number that does not fit in 64 bits"},
      {"\"a\nb\"", 2, "a control character in a string"},
      {"\"\\x\"", 2, "an unknown escape"},
      {"\"\\u12g4\"", 5, "a broken \\u escape"},
      {"\"\\ud83d\"", 7, "half of a surrogate pair"},
      {"\"\\ude00\"", 7, "half of a surrogate pair"},
      {"\"\\ud83d\\u0041\"", 13, "half of a surrogate pair"},
      {"\"\xc3\"", 1, "a byte that is no UTF-8"},
      {"\"\xc0\x80\"", 1, "a byte that is no UTF-8"},
      {"\"\xed\xa0\x80\"", 1, "a byte that is no UTF-8"},
      {"\"\xf4\x90\x80\x80\"", 1, "a byte that is no UTF-8"},
      {"\xff", 0, "a byte that starts no value"},
  };
  for (const auto& c : cases) {
    const auto fault = FindJsonFault(c.text);
    ASSERT_TRUE(fault.has_value()) << c.text;
    EXPECT_EQ(fault->offset, c.offset) << c.text;
    EXPECT_STREQ(fault->got, c.got) << c.text;
    EXPECT_FALSE(FastParserReads(c.text)) << c.text;
  }
}

TEST(JsonFaultTest, AHundredMegabytesOfNestingStopAtTheThirtyThirdLevel) {
  const std::string deep(100'000'000, '[');
  const auto fault = FindJsonFault(deep);
  ASSERT_TRUE(fault.has_value());
  EXPECT_TRUE(fault->too_deep);
  EXPECT_EQ(fault->offset, 32u);
}

TEST(JsonFaultTest, ItAgreesWithTheFastParser) {
  const std::string alphabet = "{}[]:,\"\\ua0e1.-+tfnrlsxd8 \n\x01\xc3\xa9";
  EXPECT_TRUE(rc::check("a fault is found exactly where the fast parser refuses", [&] {
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
    RC_ASSERT(FindJsonFault(text).has_value() == !FastParserReads(text));
  }));
  const std::string good =
      R"({"a":[1,-2.5e3,true,null,{"b":"x\u00e9\n"}],"c":{"d":""},"e":18446744073709551615})";
  EXPECT_TRUE(rc::check("also after small changes of a good text", [&] {
    std::string text = good;
    for (int i = *rc::gen::inRange(1, 3); i > 0; --i) {
      const size_t at = *rc::gen::inRange<size_t>(0, text.size());
      if (*rc::gen::arbitrary<bool>()) {
        text[at] = *rc::gen::elementOf(alphabet);
      } else {
        text.erase(at, 1);
      }
    }
    RC_ASSERT(FindJsonFault(text).has_value() == !FastParserReads(text));
  }));
}

}  // namespace
}  // namespace quartermaster::ingest
