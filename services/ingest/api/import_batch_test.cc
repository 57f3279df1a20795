#include "services/ingest/api/import_batch.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/ingest/storage/dictionary/sample_texts.h"

namespace quartermaster::ingest {
namespace {

std::string FileOf(int reports, const std::string& tail = "</smartLicense>\n") {
  SampleTexts texts(5);
  std::string file = "<?xml version=\"1.0\"?>\n<smartLicense>\n";
  for (int i = 0; i < reports; ++i) {
    absl::StrAppend(&file, "<RUMReport><![CDATA[", texts.Next(SampleForm::kBuiltin), "]]></RUMReport>\n");
  }
  return file + tail;
}

struct Cut {
  BatchCutter::Batches batches;
  absl::Status error;
  int64_t error_offset = 0;
};

Cut CutInPieces(const std::string& file, size_t piece) {
  BatchCutter cutter;
  Cut cut;
  const auto take = [&](BatchCutter::Batches batches) {
    cut.batches.insert(cut.batches.end(), batches.begin(), batches.end());
  };
  for (size_t at = 0; at < file.size() && cutter.error().ok(); at += piece) {
    std::string_view bytes = std::string_view(file).substr(at, piece);
    while (!bytes.empty() && cutter.error().ok()) take(cutter.Feed(bytes));
  }
  if (cutter.error().ok()) take(cutter.Finish());
  cut.error = cutter.error();
  if (!cut.error.ok()) cut.error_offset = cutter.error_offset();
  return cut;
}

size_t CountOf(const Cut& cut) {
  size_t reports = 0;
  for (const auto& batch : cut.batches) reports += batch->found.count();
  return reports;
}

TEST(BatchCutterTest, FindsEachReportHoweverTheFileIsCutUp) {
  const std::string file = FileOf(300);
  for (size_t piece : {size_t{777}, size_t{64} << 10, file.size()}) {
    const Cut cut = CutInPieces(file, piece);
    EXPECT_TRUE(cut.error.ok()) << cut.error;
    EXPECT_EQ(CountOf(cut), 300u);
    int64_t previous = -1;
    for (const auto& batch : cut.batches) {
      for (const FoundReport& report : batch->found.Reports()) {
        EXPECT_GT(report.offset, previous);
        previous = report.offset;
        EXPECT_TRUE(report.status.ok());
        EXPECT_EQ(report.text.front(), '{');
      }
      EXPECT_GT(batch->end_offset, previous);
    }
  }
}

TEST(BatchCutterTest, BatchesAreBounded) {
  for (const auto& batch : CutInPieces(FileOf(1000), 1 << 20).batches) {
    EXPECT_LE(batch->reports, 128u);
    EXPECT_LE(batch->bytes, size_t{300} << 10);
  }
}

TEST(BatchCutterTest, AStepHasABoundedNumberOfReportsHoweverSmallTheyAre) {
  std::string objects, words = "{\"usage\":[", elements = "<smartLicense>";
  for (int i = 0; i < 100'000; ++i) {
    objects += "{}";
    words += "1,";
    elements += "<RUMReport/>";
  }
  words += "1]}";
  elements += "</smartLicense>";
  for (const std::string& file : {objects, words, elements}) {
    BatchCutter cutter;
    std::string_view bytes = file;
    size_t found = 0;
    while (!bytes.empty()) {
      size_t of_step = 0;
      for (const auto& batch : cutter.Feed(bytes)) of_step += batch->reports;
      ASSERT_LE(of_step, 4096u);
      ASSERT_TRUE(cutter.error().ok()) << cutter.error();
      found += of_step;
    }
    EXPECT_GE(found, 100'000u);
  }
}

TEST(BatchCutterTest, ManyOrLargeSystemInfosEndAStep) {
  const auto info = [](size_t bytes) {
    return "<smartLicenseSystemInfo><data>{\"sudi\":{\"udi_pid\":\"P\",\"udi_serial_number\":\"S\"},"
           "\"filler\":\"" +
           std::string(bytes, 'x') + "\"}</data></smartLicenseSystemInfo>";
  };
  for (const size_t size : {size_t{10}, size_t{900'000}}) {
    BatchCutter cutter;
    std::string file = "<smartLicense>";
    while (file.size() < 20'000'000 && file.size() < 2000 * (size + 100)) file += info(size);
    std::string_view bytes = file;
    int flushes = 0;
    while (!bytes.empty()) {
      cutter.Feed(bytes);
      EXPECT_LE(cutter.system_info_bytes(), size_t{5} << 20);
      EXPECT_LE(cutter.system_info_count(), 500u);
      EXPECT_EQ(cutter.system_infos_due(), !bytes.empty());
      if (cutter.system_infos_due()) cutter.TakeSystemInfos(/*all=*/false), ++flushes;
    }
    EXPECT_GE(flushes, 3);
  }
}

TEST(BatchCutterTest, WhatWasCutBeforeTheFileBrokeOffStays) {
  const std::string file = FileOf(10, "<broken </smartLicense>");
  const Cut cut = CutInPieces(file, 1000);
  EXPECT_EQ(errors::ErrorId(cut.error), "ingest.document_malformed");
  EXPECT_EQ(CountOf(cut), 10u);
  EXPECT_GE(cut.error_offset, static_cast<int64_t>(file.find("<broken")));
}

TEST(BatchCutterTest, SystemInfosWaitForTheReportsBehindThem) {
  const std::string info =
      "<smartLicenseSystemInfo><data>{\"sudi\":{\"udi_pid\":\"P\",\"udi_serial_number\":\"S\"},"
      "\"hostname\":\"h\"}</data></smartLicenseSystemInfo>";
  BatchCutter cutter;
  const std::string file = FileOf(1, info + info + "</smartLicense>");
  std::string_view bytes = file;
  cutter.Feed(bytes);
  EXPECT_EQ(cutter.system_info_count(), 2u);
  EXPECT_EQ(cutter.TakeSystemInfos(/*all=*/false).size(), 1u);
  EXPECT_EQ(cutter.TakeSystemInfos(/*all=*/true).size(), 1u);
  EXPECT_EQ(cutter.system_info_count(), 0u);
}

}  // namespace
}  // namespace quartermaster::ingest
