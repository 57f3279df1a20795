// Trains a body dictionary on generated reports and writes it to the file that is named.
//   bazel run //services/ingest/storage/dictionary:train_dictionary -- OUTPUT [BYTES]
// Deterministic for one version of libzstd. A dictionary that was ever stored is kept for ever: a
// new one gets a new id, beside the old.
// Of libzstd-dev: the parts whose interface may still change.
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "services/ingest/storage/dictionary/sample_texts.h"

namespace quartermaster::ingest {
namespace {

constexpr int kSamples = 20000;

SampleForm FormOf(int sample) {
  // What an estate sends most of weighs most.
  switch (sample % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
      return SampleForm::kBuiltin;
    case 4:
    case 5:
    case 6:
      return SampleForm::kRsa;
    case 7:
      return SampleForm::kEcdsa;
    case 8:
      return SampleForm::kRouter;
    default:
      return SampleForm::kSwitchFile;
  }
}

struct Samples {
  std::string bytes;
  std::vector<size_t> sizes;
};

// Each few reports come from another estate, so that what the dictionary learns is the form.
Samples Generate(bool signatures) {
  Samples samples;
  for (int i = 0; i < kSamples; ++i) {
    SampleTexts texts(/*seed=*/i, /*estate=*/1000 + i / 20);
    texts.set_signatures(signatures);
    const std::string text = texts.Next(FormOf(i));
    samples.bytes += text;
    samples.sizes.push_back(text.size());
  }
  return samples;
}

// Content is chosen from texts without signatures, which would only fill it with noise; statistics
// are taken from texts with them.
size_t TrainInto(std::string& dictionary) {
  const Samples plain = Generate(/*signatures=*/false);
  std::string content(dictionary.size(), '\0');
  const size_t content_size =
      ZDICT_trainFromBuffer(content.data(), content.size(), plain.bytes.data(), plain.sizes.data(),
                            static_cast<unsigned>(plain.sizes.size()));
  if (ZDICT_isError(content_size)) return content_size;
  const Samples full = Generate(/*signatures=*/true);
  ZDICT_params_t params = {};
  params.compressionLevel = 3;
  return ZDICT_finalizeDictionary(dictionary.data(), dictionary.size(), content.data(), content_size,
                                  full.bytes.data(), full.sizes.data(),
                                  static_cast<unsigned>(full.sizes.size()), params);
}

int Train(const std::string& output, size_t bytes) {
  std::string dictionary(bytes, '\0');
  const size_t size = TrainInto(dictionary);
  if (ZDICT_isError(size)) {
    std::fprintf(stderr, "train_dictionary: %s\n", ZDICT_getErrorName(size));
    return 1;
  }
  dictionary.resize(size);
  std::ofstream file(output, std::ios::binary);
  file << dictionary;
  std::printf("%zu bytes from %d samples\n", size, kSamples);
  return file.good() ? 0 : 1;
}

}  // namespace
}  // namespace quartermaster::ingest

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: train_dictionary OUTPUT [BYTES]\n");
    return 2;
  }
  return quartermaster::ingest::Train(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 16384);
}
