// Texts of usage reports as devices write them (docs/reference/formats.md), with values that vary as
// they do in an estate: what body dictionaries are trained on and sizes are measured with. Ids of
// software and entitlement tags are made up, and are the same throughout one estate. Signatures are
// random bytes of the right length.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_DICTIONARY_SAMPLE_TEXTS_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_DICTIONARY_SAMPLE_TEXTS_H_

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace quartermaster::ingest {

enum class SampleForm {
  kBuiltin,     // v2, signing_type "builtin", 32 bytes
  kRsa,         // v2, our own agent's RSA-2048-SHA256, 256 bytes, no inner signature
  kEcdsa,       // v2, our own agent's ECDSA-P256-SHA256
  kRouter,      // v1: signature inside asset_identification, report_id inside meta
  kSwitchFile,  // CISC123, key of zeros, 256 bytes
};

// Not thread-safe. The same seed gives the same texts, everywhere.
class SampleTexts {
 public:
  // Estates differ in the ids of their products.
  explicit SampleTexts(uint64_t seed, uint64_t estate = 1) : random_(seed), estate_(estate) {}

  // A text as it stands in <RUMReport>, with this many measurements; 0 = one to six.
  std::string Next(SampleForm form, int measurements = 0);
  // Whether signatures are written. Training leaves them out where they would fill the dictionary.
  void set_signatures(bool signatures) { signatures_ = signatures; }

 private:
  struct Instance;
  struct Facts;
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  std::string Digits(int count);
  std::string Hex(int count);
  std::string Serial();
  std::string Base64(int bytes);
  Instance NextInstance();
  Facts NextFacts(SampleForm form, const Instance& instance);
  // A name with the id that this estate has for it.
  std::string RegId(std::string_view name, uint64_t which);
  std::string MeasurementMeta(const Instance& instance, bool last);
  std::string Measurements(const Instance& instance, uint64_t count);
  std::string Payload(SampleForm form, const Instance& instance, const Facts& facts, uint64_t measurements);

  std::mt19937_64 random_;
  const uint64_t estate_;
  bool signatures_ = true;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_DICTIONARY_SAMPLE_TEXTS_H_
