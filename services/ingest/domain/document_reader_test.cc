#include "services/ingest/domain/document_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/plain_report.h"
#include "services/ingest/domain/testing.h"
#include "services/ingest/domain/xml_cutter.h"

namespace quartermaster::ingest {
namespace {

using Kind = DocumentItem::Kind;

std::string Repeat(std::string_view text, size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::string Plain(std::string_view text) {
  return "<RUMReport><![CDATA[" + std::string(text) + "]]></RUMReport>";
}

std::string Document(std::string_view inside) {
  return "<smartLicense>" + std::string(inside) + "</smartLicense>";
}

// Kinds as letters, texts between bars: "R|a|U||S|b|".
std::string Shown(const CutDocument& document) {
  std::string shown;
  for (const CutItem& item : document.items) {
    shown += item.kind == Kind::kReport ? 'R' : item.kind == Kind::kSystemInfo ? 'S' : 'U';
    shown += "|" + item.text + "|";
  }
  return shown;
}

void ExpectCut(const std::string& document, const std::string& want) {
  const CutDocument cut = Cut(document);
  EXPECT_TRUE(cut.status.ok()) << document.substr(0, 200) << ": " << cut.status;
  EXPECT_EQ(Shown(cut), want) << document.substr(0, 200);
}

void ExpectRefused(const std::string& document, const char* id, int64_t offset,
                   const std::string& before = "") {
  const CutDocument cut = Cut(document);
  EXPECT_EQ(IdOf(cut.status), id) << document.substr(0, 200) << ": " << cut.status;
  EXPECT_EQ(cut.error_offset, offset) << document.substr(0, 200) << ": " << cut.status;
  EXPECT_EQ(Shown(cut), before) << document.substr(0, 200);
}

TEST(DocumentReaderTest, XmlFormsGiveTheTextOfTheirReports) {
  ExpectCut("<RUMReport>a</RUMReport>", "R|a|");
  ExpectCut("<RUMReport><![CDATA[a]]></RUMReport>", "R|a|");
  ExpectCut(Document(Plain("a") + Plain("b")), "R|a|R|b|");
  ExpectCut(Document("\n " + Plain("a") + "\r\n\t" + Plain("b") + "\n"), "R|a|R|b|");
  ExpectCut(Document("<RUMReport>&lt;a&amp;&#98;</RUMReport>"), "R|<a&b|");
  ExpectCut(Document("<RUMReport>a<![CDATA[<b>]]>c<!-- x --><?y z?>d</RUMReport>"), "R|a<b>cd|");
  ExpectCut(Document("<RUMReport kind=\"v2\" ><![CDATA[a]]></RUMReport >"), "R|a|");
  ExpectCut(Document("<RUMReport/>"), "R||");
  ExpectCut("<?xml version=\"1.0\"?><!-- x -->\n" + Document(Plain("a")) + "\n<!-- y -->", "R|a|");
  ExpectCut("<x:smartLicense xmlns:x=\"u\"><x:RUMReport>a</x:RUMReport></x:smartLicense>", "R|a|");
}

TEST(DocumentReaderTest, SystemInfoIsGivenAndOtherElementsAreSkipped) {
  ExpectCut(
      Document("<smartLicenseSystemInfo><x>1</x><data>i</data><y/></smartLicenseSystemInfo>" + Plain("a")),
      "S|i|R|a|");
  ExpectCut(Document("<other><RUMReport>no</RUMReport><other><data>no</data></other></other>" + Plain("a") +
                     "<data>no</data>text"),
            "R|a|");
  ExpectCut(Document("<smartLicense>" + Plain("no") + "</smartLicense>" + Plain("a")), "R|a|");
}

TEST(DocumentReaderTest, JsonFormsGiveTheTextOfTheirReports) {
  ExpectCut(R"({"payload":"a"})", R"(R|{"payload":"a"}|)");
  ExpectCut(" {\"a\":1}\n{\"b\":2}\r\n\r\n{\"c\":\"}\"}{}", R"(R|{"a":1}|R|{"b":2}|R|{"c":"}"}|R|{}|)");
  ExpectCut(R"({"usage":[{"a":1} , {"b":[{}]}]})", R"(R|{"a":1}|R|{"b":[{}]}|)");
  ExpectCut(R"({"h":{"usage":[1]},"usage" : [{"a":1}],"t":[1,{"x":"y"}]} {"z":1})",
            R"(R|{"a":1}|R|{"z":1}|)");
  ExpectCut(R"({"usage":[{"a":1}],"usage":[{"b":1}]})", R"(R|{"a":1}|R|{"b":1}|)");
  ExpectCut(R"({"payload":"usage","x":"\"{[\\"})", R"(R|{"payload":"usage","x":"\"{[\\"}|)");
}

TEST(DocumentReaderTest, OnlyAListBesideNoPayloadIsAUsageList) {
  ExpectCut(R"({"payload":"a","usage":[{"b":1}]})", R"(R|{"payload":"a","usage":[{"b":1}]}|)");
  ExpectCut(R"({"usage":null})", R"(R|{"usage":null}|)");
  ExpectCut(R"({"usage":"[","x":["]"]})", R"(R|{"usage":"[","x":["]"]}|)");
  ExpectCut(R"({"usage":{"usage":[]}})", R"(R|{"usage":{"usage":[]}}|)");
  ExpectCut(R"({"x":"usage","y":[1]})", R"(R|{"x":"usage","y":[1]}|)");
  ExpectCut(R"({"x":["usage",[1]]})", R"(R|{"x":["usage",[1]]}|)");
  ExpectRefused(R"({"usage":[{"a":1}],"payload":"b"})", "ingest.document_malformed", 27, R"(R|{"a":1}|)");
}

TEST(DocumentReaderTest, AnElementOfAUsageListThatIsNoObjectIsRefusedAlone) {
  const CutDocument cut = Cut(R"({"usage":[1,"a,]",[{"x":1}],null,-2.5e3 ,{"b":1}]})");
  EXPECT_TRUE(cut.status.ok()) << cut.status;
  EXPECT_EQ(Shown(cut), R"(U||U||U||U||U||R|{"b":1}|)");
  EXPECT_EQ(cut.items[0].error_id, "ingest.report_malformed");
  EXPECT_EQ(cut.items[1].offset, 12);
}

TEST(DocumentReaderTest, OffsetsAreOfTheReportsInTheDocument) {
  const std::string mark = "\xef\xbb\xbf \n";
  const CutDocument xml = Cut(mark + Document(Plain("a") + "  " + Plain("b") + "<RUMReport>c</RUMReport>"));
  ASSERT_EQ(xml.items.size(), 3u);
  EXPECT_EQ(xml.items[0].offset, 5 + 14);
  EXPECT_EQ(xml.items[1].offset, 5 + 14 + 36 + 2);
  EXPECT_EQ(xml.items[2].offset, 5 + 14 + 36 + 2 + 36);
  const CutDocument json = Cut(mark + R"({"usage":[ {"a":1},{"b":2}]})"
                                      "\n{}");
  ASSERT_EQ(json.items.size(), 3u);
  EXPECT_EQ(json.items[0].offset, 5 + 11);
  EXPECT_EQ(json.items[1].offset, 5 + 19);
  EXPECT_EQ(json.items[2].offset, 5 + 29);
}

TEST(DocumentReaderTest, WhatIsNoUsageDocumentIsRefused) {
  ExpectRefused("", "ingest.document_not_usage", 0);
  ExpectRefused(" \n", "ingest.document_not_usage", 2);
  ExpectRefused("hello", "ingest.document_not_usage", 0);
  ExpectRefused("  [1]", "ingest.document_not_usage", 2);
  ExpectRefused(std::string("\0\0", 2), "ingest.document_not_usage", 0);
  ExpectRefused("\xff\xfe<\0", "ingest.document_not_usage", 0);
  ExpectRefused("\xef\xbb", "ingest.document_not_usage", 2);
  ExpectRefused("\xef\xbbx", "ingest.document_not_usage", 0);
  ExpectRefused(" \xef\xbb\xbf{}", "ingest.document_not_usage", 1);
  ExpectRefused("<html/>", "ingest.document_not_usage", 0);
  ExpectRefused("<!-- x --><rumreport>a</rumreport>", "ingest.document_not_usage", 10);
  ExpectRefused("<smartLicense/>", "ingest.document_not_usage", 15);
  ExpectRefused(R"({"usage":[]})", "ingest.document_not_usage", 12);
}

TEST(DocumentReaderTest, MalformedXmlIsRefusedAndWhatCameBeforeStays) {
  ExpectRefused(Document(Plain("a") + "</x>"), "ingest.document_malformed", 14 + 36 + 2, "R|a|");
  ExpectRefused(Document(Plain("a")) + "<RUMReport/>", "ingest.document_malformed", 65, "R|a|");
  ExpectRefused(Document(Plain("a")) + "junk", "ingest.document_malformed", 65, "R|a|");
  ExpectRefused(Document(Plain("a") + "<RUMReport>\x01</RUMReport>"), "ingest.document_malformed",
                14 + 36 + 11, "R|a|");
  ExpectRefused(Document(Plain("a") + "<RUMReport>\xff</RUMReport>"), "ingest.document_malformed",
                14 + 36 + 11, "R|a|");
  ExpectRefused(Document(Plain("a") + "<RUMReport>&nbsp;</RUMReport>"), "ingest.document_malformed",
                14 + 36 + 11, "R|a|");
  ExpectRefused(Document(Plain("a") + "<RUMReport>]]></RUMReport>"), "ingest.document_malformed",
                14 + 36 + 13, "R|a|");
  ExpectRefused("<smartLicense>" + Plain("a"), "ingest.document_malformed", 14 + 36, "R|a|");
  ExpectRefused("<smartLicense>" + Plain("a") + "<RUMReport><![CDATA[", "ingest.document_malformed",
                14 + 36 + 20, "R|a|");
}

TEST(DocumentReaderTest, MalformedJsonIsRefusedAndWhatCameBeforeStays) {
  ExpectRefused("{\"a\":1}x", "ingest.document_malformed", 7, "R|{\"a\":1}|");
  ExpectRefused("{\"a\":1},{}", "ingest.document_malformed", 7, "R|{\"a\":1}|");
  ExpectRefused("{}}", "ingest.document_malformed", 2, "R|{}|");
  ExpectRefused("{]", "ingest.document_malformed", 1);
  ExpectRefused("{\"a\":[}", "ingest.document_malformed", 6);
  ExpectRefused("{\"a\":\"x\ny\"}", "ingest.document_malformed", 7);
  ExpectRefused("{}\n{\"a\":", "ingest.document_malformed", 8, "R|{}|");
  ExpectRefused("{\"a\":\"", "ingest.document_malformed", 6);
  ExpectRefused("{\"usage\":[{}", "ingest.document_malformed", 12, "R|{}|");
  ExpectRefused("{\"usage\":[{},]}", "ingest.document_malformed", 13, "R|{}|");
  ExpectRefused("{\"usage\":[,]}", "ingest.document_malformed", 10);
  ExpectRefused("{\"usage\":[{} {}]}", "ingest.document_malformed", 13, "R|{}|");
  ExpectRefused("{\"usage\":[{}}", "ingest.document_malformed", 12, "R|{}|");
}

TEST(DocumentReaderTest, ADoctypeIsRefusedWhereItStands) {
  ExpectRefused("<!DOCTYPE RUMReport><RUMReport/>", "ingest.doctype_refused", 0);
  ExpectRefused("\n<?xml version='1.0'?>\n<!DOCTYPE r [ <!ENTITY a 'b'> ]><RUMReport>&a;</RUMReport>",
                "ingest.doctype_refused", 23);
  // Inside of the root it is no document type at all.
  ExpectRefused(Document("<!DOCTYPE x>"), "ingest.document_malformed", 16);
}

TEST(DocumentReaderTest, AReportThatCannotBeReadDoesNotSinkTheOthers) {
  const std::string big(kReportBytesMax + 1, 'x');
  const std::string most(kReportBytesMax, 'x');
  ExpectCut(Document(Plain("a") + Plain(big) + Plain("b")), "R|a|U||R|b|");
  ExpectCut(Document(Plain(most)), "R|" + most + "|");
  ExpectCut(Document("<RUMReport>" + big + "</RUMReport>" + Plain("b")), "U||R|b|");
  ExpectCut("{\"usage\":[{\"a\":\"" + big + "\"},{}]}", "U||R|{}|");
  ExpectCut("{\"a\":\"" + big + "\"}\n{}", "U||R|{}|");
  ExpectCut(Document("<RUMReport>a<b>c</b></RUMReport>" + Plain("d")), "U||R|d|");
  EXPECT_EQ(Cut(Document(Plain(big))).items[0].error_id, "ingest.report_too_large");
  EXPECT_EQ(Cut(Document("<RUMReport><b/></RUMReport>")).items[0].error_id, "ingest.report_malformed");
}

TEST(DocumentReaderTest, AnythingBeforeAUsageListMayBeLong) {
  ExpectCut("{\"x\":\"" + std::string(2 * kReportBytesMax, 'x') + "\",\"usage\":[{}]}", "R|{}|");
}

TEST(DocumentReaderTest, AHundredMegabytesOfNestingStopAtTheThirtyThirdLevel) {
  ExpectRefused("<smartLicense>" + Repeat("<a>", 33'000'000), "ingest.nesting_too_deep", 14 + 31 * 3);
  ExpectRefused("{\"a\":" + std::string(100'000'000, '['), "ingest.nesting_too_deep", 5 + 31);
  ExpectRefused("{\"usage\":[" + std::string(1000, '['), "ingest.nesting_too_deep", 10 + 30);
}

TEST(DocumentReaderTest, WhatExpatWouldHaveToRememberIsLimited) {
  const std::string long_text(kMarkupBytesMax, 'x');
  const std::string comment = "<!--" + long_text + "-->";
  const std::string attribute = "<a b=\"" + long_text + "\"/>";
  for (const std::string& markup : {comment, attribute, "<?x " + long_text + "?>"}) {
    const std::string document = Document(Plain("a") + markup + Plain("b"));
    for (const std::vector<size_t>& sizes : {std::vector<size_t>{SIZE_MAX}, {1000}, {70'000}}) {
      const CutDocument cut = Cut(document, sizes);
      EXPECT_EQ(IdOf(cut.status), "ingest.document_malformed");
      EXPECT_EQ(cut.error_offset, 14 + 36);
      EXPECT_EQ(Shown(cut), "R|a|");
    }
  }
  // What is not held back may be long, however it comes.
  for (const std::string& much :
       {long_text + long_text + long_text, Repeat("<!-- x -->", 20'000), Repeat("<x y='1'/>", 20'000),
        Repeat("<?x y?>", 30'000), Repeat("&#65;", 40'000), "<![CDATA[" + Repeat("x]", 90'000) + "]]>",
        "<x>" + Repeat("\n", 200'000) + "</x>"}) {
    const bool outside = much[1] == '!' || much[1] == '?';
    const bool no_cdata = much[2] != '[';
    const std::string prolog = outside && no_cdata ? much : "";
    const std::string document = "<!-- -->" + prolog + Document(Plain("a") + much + Plain("b")) + prolog;
    for (size_t size : {SIZE_MAX, size_t{1}, size_t{999}, size_t{65'536}, size_t{100'000}}) {
      const CutDocument cut = Cut(document, {size});
      EXPECT_TRUE(cut.status.ok()) << much.substr(0, 20) << ", " << size << ": " << cut.status;
      EXPECT_EQ(Shown(cut), "R|a|R|b|") << much.substr(0, 20) << ", " << size;
    }
  }

  std::string names;
  for (int i = 0; i < 2000; ++i) names += "<n" + std::to_string(i) + "/>";
  EXPECT_EQ(IdOf(Cut(Document(names)).status), "ingest.document_malformed");
  ExpectCut(Document(Repeat("<n a=\"1\"/>", 5000) + Plain("a")), "R|a|");
}

TEST(DocumentReaderTest, AnErrorIsForGood) {
  DocumentReader reader;
  const auto ignore = [](const DocumentItem&) {};
  EXPECT_FALSE(reader.Feed("<html>", ignore).ok());
  EXPECT_EQ(IdOf(reader.Feed(Document(Plain("a")), ignore)), "ingest.document_not_usage");
  EXPECT_EQ(IdOf(reader.Finish(ignore)), "ingest.document_not_usage");
}

TEST(PlainReportTest, OnlyWhatExpatReadsTheSameIsPlain) {
  const auto end = [](const std::string& bytes) { return FindPlainReport(bytes).end; };
  EXPECT_EQ(FindPlainReport(" \n" + Plain("a]b]]c") + "<").text, "a]b]]c");
  EXPECT_EQ(end(" \n" + Plain("ab\t\n") + "<"), 2 + 20 + 4 + 15u);
  EXPECT_EQ(end(Plain("a\r\n")), 0u) << "XML reads a carriage return as a line end";
  EXPECT_EQ(end(Plain("\xc3\xa9")), 0u);
  EXPECT_EQ(end(Plain("\x01")), 0u);
  EXPECT_EQ(end("<RUMReport><![CDATA[a]]> </RUMReport>"), 0u);
  EXPECT_EQ(end("<RUMReport><![CDATA[a]]><![CDATA[b]]></RUMReport>"), 0u);
  EXPECT_EQ(end("<RUMReport a=''><![CDATA[a]]></RUMReport>"), 0u);
  EXPECT_EQ(end("x" + Plain("a")), 0u);
  const std::string whole = Plain("abc");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(end(whole.substr(0, size)), 0u);
}

// Documents of everything that matters, more often broken than not.
rc::Gen<std::string> AnyDocument() {
  const auto pieces = rc::gen::container<std::vector<std::string>>(
      rc::gen::elementOf(std::vector<std::string>{Plain("a"),
                                                  Plain("bb]]c"),
                                                  Plain("\xc3\xa9"),
                                                  Plain("x\r\ny"),
                                                  Plain(std::string(40, 'z')),
                                                  "<RUMReport>t</RUMReport>",
                                                  "<RUMReport><![CDATA[",
                                                  "]]>",
                                                  "</RUMReport>",
                                                  "<RUMReport/>",
                                                  "<RUMReport a='1'>",
                                                  " ",
                                                  "\n",
                                                  "text",
                                                  "<!-- c -->",
                                                  "<!-- ",
                                                  "<?p i?>",
                                                  "<x>",
                                                  "</x>",
                                                  "<![CDATA[",
                                                  "&amp;",
                                                  "&bad;",
                                                  "<smartLicenseSystemInfo><data>",
                                                  "d",
                                                  "</data></smartLicenseSystemInfo>",
                                                  "</smartLicense>",
                                                  "<smartLicense>",
                                                  "\x01",
                                                  "<",
                                                  ">"}));
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 4), pieces),
                      [](const std::pair<int, std::vector<std::string>>& parts) {
                        std::string text;
                        for (const std::string& piece : parts.second) text += piece;
                        if (parts.first == 0) return text;
                        if (parts.first == 1) return "<?xml version=\"1.0\"?>" + Document(text);
                        return Document(text);
                      });
}

rc::Gen<std::string> AnyJsonDocument() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::inRange(0, 3),
                    rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
                        "{",           "}",    "[",         "]",           "\"",      "\\",
                        ",",           ":",    "\"usage\"", "\"payload\"", "\"a\":1", "{\"a\":\"\\\"}\"}",
                        "\"usage\":[", "{}",   " ",         "\n",          "1",       "null",
                        "x",           "\x01", "\xc3\xa9"}))),
      [](const std::pair<int, std::vector<std::string>>& parts) {
        std::string text = parts.first == 0 ? "" : parts.first == 1 ? "{" : "{\"usage\":[";
        for (const std::string& piece : parts.second) text += piece;
        return text + (parts.first == 0 ? "" : parts.first == 1 ? "}" : "]}");
      });
}

// For a bare word after the root expat names, by how the bytes came, its start or its end; so where
// the word stands is not compared for arbitrary XML.
bool SameButOffset(const CutDocument& a, const CutDocument& b) {
  return a.items == b.items && IdOf(a.status) == IdOf(b.status);
}

bool Same(const CutDocument& a, const CutDocument& b) {
  return SameButOffset(a, b) && a.error_offset == b.error_offset;
}

rc::Gen<std::vector<size_t>> ChunkSizes() {
  return rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 60)));
}

TEST(DocumentReaderTest, HowAStreamIsCutIntoChunksDoesNotMatter) {
  EXPECT_TRUE(rc::check("XML in any chunks gives the same", [] {
    const std::string document = *AnyDocument();
    RC_ASSERT(SameButOffset(Cut(document), Cut(document, *ChunkSizes())));
  }));
  EXPECT_TRUE(rc::check("JSON in any chunks gives the same", [] {
    const std::string document = *AnyJsonDocument();
    RC_ASSERT(Same(Cut(document), Cut(document, *ChunkSizes())));
  }));
  for (const char* name : {"v2.xml", "many.xml", "escaped_text.xml", "usage.json", "lines.jsonl"}) {
    const std::string document = ReadFixture(name);
    const CutDocument whole = Cut(document);
    for (size_t size : {1, 2, 3, 7, 64, 1000}) {
      EXPECT_TRUE(Same(whole, Cut(document, {size}))) << name << " in chunks of " << size;
    }
  }
}

TEST(XmlCutterTest, TheFastWayAndExpatGiveTheSame) {
  EXPECT_TRUE(rc::check("items and error agree", [] {
    const std::string document = *AnyDocument();
    const std::vector<size_t> sizes = *ChunkSizes();
    XmlCutter fast(0, XmlCutter::Way::kFast);
    XmlCutter expat(0, XmlCutter::Way::kExpatOnly);
    RC_ASSERT(SameButOffset(CutWith(fast, document, {SIZE_MAX}), CutWith(expat, document, sizes)));
  }));
}

TEST(DocumentReaderTest, ChangedBytesNeverCrash) {
  const std::string xml = ReadFixture("many.xml");
  const std::string json = ReadFixture("usage.json");
  EXPECT_TRUE(rc::check("any mutation is answered", [&] {
    std::string document = *rc::gen::arbitrary<bool>() ? xml : json;
    for (int i = *rc::gen::inRange(1, 8); i > 0; --i) {
      document[*rc::gen::inRange<size_t>(0, document.size())] = *rc::gen::arbitrary<char>();
    }
    const CutDocument cut = Cut(document);
    RC_ASSERT(cut.status.ok() || IdOf(cut.status).rfind("ingest.", 0) == 0);
    RC_ASSERT(SameButOffset(cut, Cut(document, {*rc::gen::inRange<size_t>(1, 500)})));
  }));
}

}  // namespace
}  // namespace quartermaster::ingest
