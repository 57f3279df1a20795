#include "services/ingest/storage/body_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "services/common/errors/error.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/storage/built_in_dictionary.h"
#include "services/ingest/storage/dictionary/sample_texts.h"

namespace quartermaster::ingest {
namespace {

// Of an estate that the dictionary was not trained on.
constexpr uint64_t kForeignEstate = 7;

std::shared_ptr<const BodyDictionary> BuiltIn() {
  return BodyDictionary::Make(kBuiltInDictionaryId, BuiltInDictionary());
}

std::string RandomBytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(BodyCodecTest, WhatGoesInComesOutByteForByte) {
  BodyCodec codec;
  const auto dictionary = BuiltIn();
  SampleTexts texts(3, kForeignEstate);
  for (SampleForm form : {SampleForm::kBuiltin, SampleForm::kRsa, SampleForm::kEcdsa, SampleForm::kRouter,
                          SampleForm::kSwitchFile}) {
    const std::string text = texts.Next(form);
    EXPECT_EQ(codec.Decompress(*dictionary, codec.Compress(*dictionary, text)).value(), text);
  }
  for (size_t size : {size_t{0}, size_t{1}, size_t{255}, size_t{70000}, kReportBytesMax}) {
    const std::string text = RandomBytes(size, size);
    EXPECT_EQ(codec.Decompress(*dictionary, codec.Compress(*dictionary, text)).value(), text);
  }
}

TEST(BodyCodecTest, WorksWithoutADictionary) {
  BodyCodec codec;
  const auto none = BodyDictionary::Make(0, "");
  const std::string text = SampleTexts(1).Next(SampleForm::kBuiltin);
  EXPECT_EQ(codec.Decompress(*none, codec.Compress(*none, text)).value(), text);
}

TEST(BodyCodecTest, AReportOfAnUnknownEstateIsASixthOfItsText) {
  BodyCodec codec;
  const auto dictionary = BuiltIn();
  SampleTexts texts(99, kForeignEstate);
  size_t text_bytes = 0, body_bytes = 0, rsa_bytes = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = texts.Next(SampleForm::kBuiltin, 3);
    text_bytes += text.size();
    body_bytes += codec.Compress(*dictionary, text).size();
    rsa_bytes += codec.Compress(*dictionary, texts.Next(SampleForm::kRsa, 3)).size();
  }
  EXPECT_LT(body_bytes, text_bytes / 5);
  EXPECT_LT(body_bytes / 1000, 330u);
  EXPECT_LT(rsa_bytes / 1000, 600u);
}

TEST(BodyCodecTest, DamageAndOtherDictionariesAreErrors) {
  BodyCodec codec;
  const auto dictionary = BuiltIn();
  const std::string body = codec.Compress(*dictionary, SampleTexts(5).Next(SampleForm::kBuiltin));
  EXPECT_EQ(errors::ErrorId(codec.Decompress(*dictionary, "").status()), "ingest.body_unreadable");
  EXPECT_EQ(errors::ErrorId(codec.Decompress(*dictionary, "no frame").status()), "ingest.body_unreadable");
  EXPECT_EQ(errors::ErrorId(codec.Decompress(*dictionary, body.substr(0, body.size() / 2)).status()),
            "ingest.body_unreadable");
  EXPECT_EQ(errors::ErrorId(codec.Decompress(*BodyDictionary::Make(0, ""), body).status()),
            "ingest.body_unreadable");
}

}  // namespace
}  // namespace quartermaster::ingest
