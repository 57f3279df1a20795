#include "services/ingest/storage/estate_dictionary.h"

#include <gtest/gtest.h>

#include "services/ingest/storage/built_in_dictionary.h"
#include "services/ingest/storage/dictionary/sample_texts.h"

namespace quartermaster::ingest {
namespace {

std::vector<std::string> TextsOf(uint64_t estate, int count) {
  SampleTexts generator(/*seed=*/count, estate);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back(generator.Next(SampleForm::kBuiltin));
  return texts;
}

std::shared_ptr<const BodyDictionary> BuiltIn() {
  return BodyDictionary::Make(kBuiltInDictionaryId, BuiltInDictionary());
}

TEST(EstateDictionaryTest, AnEstatesOwnDictionaryIsBetterThanTheBuiltInOne) {
  const std::vector<std::string> texts = TextsOf(77, 2000);
  const std::optional<std::string> trained = TrainEstateDictionary(texts, *BuiltIn());
  ASSERT_TRUE(trained.has_value());
  EXPECT_LE(trained->size(), kEstateDictionaryBytesMax);
  // And there is nothing to gain from a second one.
  EXPECT_FALSE(TrainEstateDictionary(TextsOf(77, 1500), *BodyDictionary::Make(2, *trained)).has_value());
}

TEST(EstateDictionaryTest, LearnsNothingFromAFewReports) {
  EXPECT_FALSE(TrainEstateDictionary(TextsOf(77, 100), *BuiltIn()).has_value());
  EXPECT_FALSE(TrainEstateDictionary({}, *BuiltIn()).has_value());
}

TEST(EstateDictionaryTest, TextsWithoutAnythingInCommonGiveNone) {
  std::vector<std::string> texts;
  uint64_t state = 1;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int j = 0; j < 40; ++j) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text.append(reinterpret_cast<const char*>(&state), sizeof(state));
    }
    texts.push_back(text);
  }
  EXPECT_FALSE(TrainEstateDictionary(texts, *BuiltIn()).has_value());
}

}  // namespace
}  // namespace quartermaster::ingest
