#include "services/common/text/xml_texts.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace quartermaster::text {
namespace {

std::string Shown(std::string_view file, const XmlLimits& limits = {}) {
  const auto texts = ReadXmlTexts(file, limits);
  if (!texts.ok()) return std::string(texts.status().message());
  std::string shown;
  for (const XmlText& one : *texts) absl::StrAppend(&shown, one.path, "=", one.text, ";");
  return shown;
}

TEST(XmlTextsTest, InnermostElementsComeInTheirOrder) {
  EXPECT_EQ(Shown("<a><b>1</b>\n<c><d/><d>x &amp; y</d></c></a>"), "/a/b=1;/a/c/d=;/a/c/d=x & y;");
  EXPECT_EQ(Shown("<?xml version=\"1.0\"?><a><![CDATA[<b>]]></a>"), "/a=<b>;");
}

TEST(XmlTextsTest, WhatIsHostileIsRefusedWithItsPlace) {
  EXPECT_EQ(Shown("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"),
            "line 1, column 12: got a DOCTYPE, want none");
  EXPECT_EQ(Shown("<a><b>"), "line 1, column 6: no element found");
  EXPECT_EQ(Shown("<a><b><c/></b></a>", {.depth_max = 2}), "line 1, column 10: want at most 2 levels");
  EXPECT_EQ(Shown("<a><b/><b/></a>", {.elements_max = 2}), "line 1, column 11: want at most 2 elements");
  EXPECT_EQ(Shown("<a></a>", {.bytes_max = 6}), "got 7 bytes, want at most 6");
}

TEST(XmlTextsTest, EscapedTextReadsBackWithoutApostrophes) {
  EXPECT_EQ(Shown(absl::StrCat("<a>", XmlEscape("<x> & \"y\""), "</a>")), "/a=<x> & \"y\";");
  EXPECT_EQ(XmlEscape("it's\x01"), "it\xe2\x80\x99s?");
}

}  // namespace
}  // namespace quartermaster::text
