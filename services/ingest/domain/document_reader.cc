#include "services/ingest/domain/document_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "services/ingest/domain/document_cutter.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/json_cutter.h"
#include "services/ingest/domain/xml_cutter.h"

namespace quartermaster::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// What people send by mistake is told by its first byte.
std::string DescribeFirst(char c) {
  const auto byte = static_cast<uint8_t>(c);
  const char* likely = byte == 0x1f                   ? ", as of a gzip file"
                       : byte == 0xfe || byte == 0xff ? ", as of UTF-16"
                                                      : "";
  return absl::StrFormat("byte 0x%02x%s", byte, likely);
}

}  // namespace

struct DocumentReader::State {
  absl::Status Feed(std::string_view bytes, ItemSink on_item);
  absl::Status Finish(ItemSink on_item);
  // Skips the byte order mark and white space, then chooses by the first byte; takes what it skips
  // from `bytes`.
  absl::Status Begin(std::string_view& bytes);
  absl::Status Refuse(absl::Status status, int64_t offset);
  // Passes items on, and remembers whether there was a report.
  auto Counting(ItemSink on_item) {
    return [this, on_item](const DocumentItem& item) {
      has_report |= item.kind != DocumentItem::Kind::kSystemInfo;
      on_item(item);
    };
  }

  int64_t begin_offset = 0;  // bytes before the first that matters
  std::string_view mark_left = kByteOrderMark;
  std::unique_ptr<DocumentCutter> cutter;
  bool has_report = false;
  int64_t size = 0;
  absl::Status error;
  int64_t error_offset = 0;
};

absl::Status DocumentReader::State::Refuse(absl::Status status, int64_t offset) {
  error = std::move(status);
  error_offset = offset;
  return error;
}

absl::Status DocumentReader::State::Begin(std::string_view& bytes) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    const bool in_mark = kByteOrderMark.size() - mark_left.size() == static_cast<size_t>(begin_offset) &&
                         !mark_left.empty() && c == mark_left.front();
    if (!in_mark && !IsSpace(c)) break;
    if (in_mark) mark_left.remove_prefix(1);
    bytes.remove_prefix(1);
    ++begin_offset;
  }
  const bool broken_mark = !mark_left.empty() && mark_left.size() < kByteOrderMark.size();
  if (bytes.empty()) return absl::OkStatus();
  if (broken_mark) return Refuse(DocumentNotUsage("binary data", 0), 0);
  if (bytes.front() == '<') {
    cutter = std::make_unique<XmlCutter>(begin_offset);
  } else if (bytes.front() == '{') {
    cutter = std::make_unique<JsonCutter>(begin_offset);
  } else {
    return Refuse(DocumentNotUsage(DescribeFirst(bytes.front()), begin_offset), begin_offset);
  }
  return absl::OkStatus();
}

absl::Status DocumentReader::State::Feed(std::string_view bytes, ItemSink on_item) {
  if (!error.ok()) return error;
  size += static_cast<int64_t>(bytes.size());
  if (cutter == nullptr) {
    if (absl::Status status = Begin(bytes); !status.ok()) return status;
    if (cutter == nullptr) return absl::OkStatus();
  }
  absl::Status status = cutter->Feed(bytes, Counting(on_item));
  if (status.ok()) return status;
  return Refuse(std::move(status), cutter->error_offset());
}

absl::Status DocumentReader::State::Finish(ItemSink on_item) {
  if (!error.ok()) return error;
  if (cutter == nullptr) return Refuse(DocumentNotUsage("an empty document", size), size);
  if (absl::Status status = cutter->Finish(Counting(on_item)); !status.ok()) {
    return Refuse(std::move(status), cutter->error_offset());
  }
  if (!has_report) return Refuse(DocumentNotUsage("no report up to the end", size), size);
  return absl::OkStatus();
}

DocumentReader::DocumentReader() : state_(std::make_unique<State>()) {}
DocumentReader::~DocumentReader() = default;

absl::Status DocumentReader::Feed(std::string_view bytes, ItemSink on_item) {
  return state_->Feed(bytes, on_item);
}

absl::Status DocumentReader::Finish(ItemSink on_item) { return state_->Finish(on_item); }

size_t DocumentReader::BytesOf(size_t items) const {
  // Before the first byte that matters it may turn out to be the form with the shortest reports.
  constexpr size_t kShortestBytes = 2;
  return items * (state_->cutter == nullptr ? kShortestBytes : state_->cutter->shortest_report_bytes());
}

int64_t DocumentReader::error_offset() const { return state_->error_offset; }

}  // namespace quartermaster::ingest
