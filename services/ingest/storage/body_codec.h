// Report bodies as they are stored: zstd with a dictionary. Lossless; what comes back is compared by
// nobody, so damage shows as an error here (frame checks) or as another payload hash.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_BODY_CODEC_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_BODY_CODEC_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct ZSTD_CCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DCtx_s;
struct ZSTD_DDict_s;

namespace quartermaster::ingest {

// Digested for both directions once. Immutable, thread-safe.
class BodyDictionary {
 public:
  // 0 is the id of "no dictionary": its bytes are empty.
  static std::shared_ptr<const BodyDictionary> Make(int32_t id, std::string_view bytes);
  ~BodyDictionary();

  int32_t id() const { return id_; }
  const ZSTD_CDict_s* compressing() const { return compressing_; }
  const ZSTD_DDict_s* decompressing() const { return decompressing_; }

 private:
  BodyDictionary() = default;

  int32_t id_ = 0;
  ZSTD_CDict_s* compressing_ = nullptr;
  ZSTD_DDict_s* decompressing_ = nullptr;
};

// Keeps its working memory between bodies: one for each thread. Not thread-safe.
class BodyCodec {
 public:
  BodyCodec();
  ~BodyCodec();
  BodyCodec(const BodyCodec&) = delete;
  BodyCodec& operator=(const BodyCodec&) = delete;

  // About 5 us for 2 kB.
  std::string Compress(const BodyDictionary& dictionary, std::string_view text);
  // ingest.body_unreadable when `body` was not made with this dictionary, or is damaged, or says that
  // it would be larger than a report can be.
  absl::StatusOr<std::string> Decompress(const BodyDictionary& dictionary, std::string_view body);

 private:
  ZSTD_CCtx_s* compressor_ = nullptr;
  ZSTD_DCtx_s* decompressor_ = nullptr;
  std::string buffer_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_BODY_CODEC_H_
