#include "services/ingest/domain/plain_report.h"

#include <cstdint>
#include <cstring>

#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

constexpr std::string_view kOpening = "<RUMReport><![CDATA[";
constexpr std::string_view kClosing = "]]></RUMReport>";

// Sixteen signed bytes; bytes from 0x80 on are negative.
typedef int8_t Block __attribute__((vector_size(16)));

bool MustBeLookedAt(char c) { return static_cast<int8_t>(c) < 0x20 || c == ']'; }

// The next byte that is no printable ASCII, or a bracket that may end the section.
size_t NextToLookAt(std::string_view text, size_t at) {
  for (; at + sizeof(Block) <= text.size(); at += sizeof(Block)) {
    Block block;
    std::memcpy(&block, text.data() + at, sizeof block);
    const Block hits = (block < 0x20) | (block == ']');
    uint64_t halves[2];
    std::memcpy(halves, &hits, sizeof halves);
    if ((halves[0] | halves[1]) == 0) continue;
    while (!MustBeLookedAt(text[at])) ++at;
    return at;
  }
  while (at < text.size() && !MustBeLookedAt(text[at])) ++at;
  return at;
}

}  // namespace

PlainReport FindPlainReport(std::string_view bytes) {
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || !bytes.substr(start).starts_with(kOpening)) return {};
  const size_t text_start = start + kOpening.size();
  for (size_t at = text_start;; ++at) {
    at = NextToLookAt(bytes, at);
    if (at == bytes.size()) return {};
    if (bytes[at] == '\n' || bytes[at] == '\t') continue;
    if (bytes[at] != ']') return {};
    const std::string_view rest = bytes.substr(at);
    if (!rest.starts_with("]]>")) continue;
    // The section ends here whatever follows.
    if (!rest.starts_with(kClosing) || at - text_start > kReportBytesMax) return {};
    return {bytes.substr(text_start, at - text_start), start, at + kClosing.size()};
  }
}

}  // namespace quartermaster::ingest
