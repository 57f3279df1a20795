// Any bytes as a document: answered, never a crash; however the bytes come in pieces, and by either
// way through XML, the same items come out. What a device says about itself is read like a node reads it.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "services/common/errors/error.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/system_info.h"
#include "services/ingest/domain/xml_cutter.h"

namespace quartermaster::ingest {
namespace {

struct Item {
  DocumentItem::Kind kind;
  std::string text;
  int64_t offset;
  std::string reason;
  bool operator==(const Item&) const = default;
};

struct Result {
  std::vector<Item> items;
  std::string reason;
  bool operator==(const Result&) const = default;
};

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void CheckSystemInfo(std::string_view data) {
  const auto info = ReadSystemInfo(data);
  if (!info.ok()) {
    Check(errors::ErrorId(info.status()).rfind("ingest.", 0) == 0, "a refusal has a reason of its own");
    return;
  }
  Check(!info->udi.product_id.empty() && !info->udi.serial_number.empty(), "it has a UDI");
  Check(info->hostname.size() <= kHostnameBytesMax, "a host name has its limit");
}

template <typename Reader>
Result Read(Reader& reader, std::string_view document, size_t piece) {
  Result result;
  const int64_t size = static_cast<int64_t>(document.size());
  const auto keep = [&](const DocumentItem& item) {
    Check(item.offset >= 0 && item.offset < size, "an item starts in the document");
    Check(item.status.ok() == (item.kind != DocumentItem::Kind::kUnreadableReport),
          "only what is unreadable has a reason");
    if (item.kind == DocumentItem::Kind::kSystemInfo) CheckSystemInfo(item.text);
    result.items.push_back({item.kind, std::string(item.text), item.offset,
                            item.status.ok() ? "" : errors::ErrorId(item.status)});
  };
  absl::Status status;
  while (!document.empty() && status.ok()) {
    const std::string_view bytes = document.substr(0, piece);
    // A copy of its own size, so that a read beyond the piece is seen.
    const std::vector<char> copy(bytes.begin(), bytes.end());
    status = reader.Feed({copy.data(), copy.size()}, keep);
    document.remove_prefix(bytes.size());
  }
  if (status.ok()) status = reader.Finish(keep);
  if (!status.ok()) {
    result.reason = errors::ErrorId(status);
    Check(result.reason.rfind("ingest.", 0) == 0, "a refusal has a reason of its own");
    Check(reader.error_offset() >= 0 && reader.error_offset() <= size, "it says where");
  }
  return result;
}

}  // namespace
}  // namespace quartermaster::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace quartermaster::ingest;
  const std::string_view document(reinterpret_cast<const char*>(data), size);
  // The last byte says how the document comes in pieces; it belongs to the document all the same.
  const size_t piece = size == 0 ? 1 : std::max<size_t>(1, data[size - 1] * size / 512);

  DocumentReader whole;
  DocumentReader pieces;
  Check(Read(whole, document, SIZE_MAX) == Read(pieces, document, piece), "pieces make no difference");
  XmlCutter fast(0, XmlCutter::Way::kFast);
  XmlCutter expat(0, XmlCutter::Way::kExpatOnly);
  Check(Read(fast, document, SIZE_MAX) == Read(expat, document, piece), "the fast way makes no difference");
  return 0;
}
