// What the tests of this folder share.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_TESTING_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_TESTING_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/common/errors/error.h"
#include "services/ingest/domain/document_reader.h"

namespace quartermaster::ingest {

// A time after every measurement of the fixtures.
inline constexpr int64_t kReceivedS = 1'750'000'000;

inline std::string ReadFixture(const std::string& name) {
  std::ifstream file("tests/fixtures/rum/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a document gave, copied.
struct CutItem {
  DocumentItem::Kind kind;
  std::string text;
  int64_t offset;
  std::string error_id;
  bool operator==(const CutItem&) const = default;
};

struct CutDocument {
  std::vector<CutItem> items;
  absl::Status status;
  int64_t error_offset = 0;
};

inline CutItem CopyOf(const DocumentItem& item) {
  return {item.kind, std::string(item.text), item.offset,
          item.status.ok() ? "" : errors::ErrorId(item.status)};
}

// Feeds `document` in pieces of these sizes, over and over.
template <typename Reader>
CutDocument CutWith(Reader& reader, std::string_view document, std::vector<size_t> sizes) {
  CutDocument result;
  const auto keep = [&](const DocumentItem& item) { result.items.push_back(CopyOf(item)); };
  size_t next = 0;
  while (!document.empty() && result.status.ok()) {
    const size_t size = std::min(sizes[next++ % sizes.size()], document.size());
    result.status = reader.Feed(document.substr(0, size), keep);
    document.remove_prefix(size);
  }
  if (result.status.ok()) result.status = reader.Finish(keep);
  if (!result.status.ok()) result.error_offset = reader.error_offset();
  return result;
}

inline CutDocument Cut(std::string_view document, std::vector<size_t> sizes = {SIZE_MAX}) {
  DocumentReader reader;
  return CutWith(reader, document, std::move(sizes));
}

inline std::string IdOf(const absl::Status& status) { return status.ok() ? "" : errors::ErrorId(status); }

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_TESTING_H_
