#include "services/ingest/storage/body_codec.h"

// For ZSTD_createCDict_advanced, which the shared library exports.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <new>

#include "absl/strings/str_cat.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/storage/storage_errors.h"

namespace quartermaster::ingest {
namespace {

// Levels above 3 cost four times as much for 4 % less (dictionary/README.md).
constexpr int kLevel = 3;
// The tables of a dictionary, 4 bytes an entry, are looked up at random places: by default they take
// 384 kB and miss the cache at nearly every byte; these take 48 kB and cost 1 % of the size.
constexpr unsigned kHashLog = 13;
constexpr unsigned kChainLog = 12;
// Of a report, for the parameters of its compression.
constexpr size_t kTextBytesTypical = 2000;

ZSTD_CDict* MakeCompressing(std::string_view bytes) {
  ZSTD_compressionParameters parameters = ZSTD_getCParams(kLevel, kTextBytesTypical, bytes.size());
  parameters.hashLog = kHashLog;
  parameters.chainLog = kChainLog;
  return ZSTD_createCDict_advanced(bytes.data(), bytes.size(), ZSTD_dlm_byCopy, ZSTD_dct_auto, parameters,
                                   ZSTD_defaultCMem);
}

}  // namespace

std::shared_ptr<const BodyDictionary> BodyDictionary::Make(int32_t id, std::string_view bytes) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<BodyDictionary> dictionary(new BodyDictionary());
  dictionary->id_ = id;
  dictionary->compressing_ = MakeCompressing(bytes);
  dictionary->decompressing_ = ZSTD_createDDict(bytes.data(), bytes.size());
  return dictionary;
}

BodyDictionary::~BodyDictionary() {
  ZSTD_freeCDict(compressing_);
  ZSTD_freeDDict(decompressing_);
}

BodyCodec::BodyCodec() : compressor_(ZSTD_createCCtx()), decompressor_(ZSTD_createDCtx()) {
  // The row says which dictionary it is, so the frame need not.
  ZSTD_CCtx_setParameter(compressor_, ZSTD_c_dictIDFlag, 0);
}

BodyCodec::~BodyCodec() {
  ZSTD_freeCCtx(compressor_);
  ZSTD_freeDCtx(decompressor_);
}

std::string BodyCodec::Compress(const BodyDictionary& dictionary, std::string_view text) {
  buffer_.resize(ZSTD_compressBound(text.size()));
  ZSTD_CCtx_refCDict(compressor_, dictionary.compressing());
  const size_t size = ZSTD_compress2(compressor_, buffer_.data(), buffer_.size(), text.data(), text.size());
  // With a buffer of compressBound it cannot fail but for want of memory.
  if (ZSTD_isError(size)) throw std::bad_alloc();
  return std::string(buffer_, 0, size);
}

absl::StatusOr<std::string> BodyCodec::Decompress(const BodyDictionary& dictionary, std::string_view body) {
  const unsigned long long size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
    return BodyUnreadable("no zstd frame with its size");
  }
  if (size > kReportBytesMax) return BodyUnreadable(absl::StrCat("a frame of ", size, " bytes"));
  std::string text(size, '\0');
  const size_t got = ZSTD_decompress_usingDDict(decompressor_, text.data(), text.size(), body.data(),
                                                body.size(), dictionary.decompressing());
  if (ZSTD_isError(got)) return BodyUnreadable(ZSTD_getErrorName(got));
  if (got != size) return BodyUnreadable(absl::StrCat(got, " of ", size, " bytes"));
  return text;
}

}  // namespace quartermaster::ingest
