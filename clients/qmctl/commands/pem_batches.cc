#include "clients/qmctl/commands/pem_batches.h"

namespace quartermaster::qmctl {
namespace {

constexpr std::string_view kEndLine = "-----END ";

}  // namespace

std::vector<PemBatch> CutPem(std::string_view text, size_t bytes_target) {
  std::vector<PemBatch> batches;
  size_t batch_start = 0;
  int place = 0;
  int batch_place = 0;
  const auto close = [&](size_t end) {
    batches.push_back({std::string(text.substr(batch_start, end - batch_start)), batch_place});
    batch_start = end;
    batch_place = place;
  };
  size_t at = 0;
  while ((at = text.find(kEndLine, at)) != std::string_view::npos) {
    const size_t line_end = text.find('\n', at);
    const size_t end = line_end == std::string_view::npos ? text.size() : line_end + 1;
    ++place;
    if (end - batch_start >= bytes_target) close(end);
    at = end;
  }
  // The rest, unless only blanks are left of it.
  const bool rest = text.find_first_not_of(" \t\r\n", batch_start) != std::string_view::npos;
  if (rest || batches.empty()) close(text.size());
  return batches;
}

}  // namespace quartermaster::qmctl
