#include "services/ingest/storage/estate_dictionary.h"

#include <zdict.h>

#include <memory>

namespace quartermaster::ingest {
namespace {

// Below this there is nothing to learn from.
constexpr size_t kTextsMin = 200;

size_t BytesWith(const std::vector<std::string>& texts, const BodyDictionary& dictionary) {
  BodyCodec codec;
  size_t bytes = 0;
  for (size_t i = 1; i < texts.size(); i += 2) bytes += codec.Compress(dictionary, texts[i]).size();
  return bytes;
}

}  // namespace

std::optional<std::string> TrainEstateDictionary(const std::vector<std::string>& texts,
                                                 const BodyDictionary& current) {
  if (texts.size() < kTextsMin) return std::nullopt;
  std::string samples;
  std::vector<size_t> sizes;
  for (size_t i = 0; i < texts.size(); i += 2) {
    samples += texts[i];
    sizes.push_back(texts[i].size());
  }
  std::string trained(kEstateDictionaryBytesMax, '\0');
  const size_t size = ZDICT_trainFromBuffer(trained.data(), trained.size(), samples.data(), sizes.data(),
                                            static_cast<unsigned>(sizes.size()));
  // Texts that have nothing in common give no dictionary.
  if (ZDICT_isError(size)) return std::nullopt;
  trained.resize(size);
  const std::shared_ptr<const BodyDictionary> candidate = BodyDictionary::Make(0, trained);
  if (BytesWith(texts, *candidate) * 10 > BytesWith(texts, current) * 9) return std::nullopt;
  return trained;
}

}  // namespace quartermaster::ingest
