// The body dictionary that every node starts with; see dictionary/README.md.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_BUILT_IN_DICTIONARY_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_BUILT_IN_DICTIONARY_H_

#include <cstdint>
#include <string_view>

namespace quartermaster::ingest {

inline constexpr int32_t kBuiltInDictionaryId = 1;
// body_dictionary_1.zstd.
std::string_view BuiltInDictionary();

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_BUILT_IN_DICTIONARY_H_
