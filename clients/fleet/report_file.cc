#include "clients/fleet/report_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "clients/connection/client_errors.h"

namespace quartermaster::fleet {
namespace {

constexpr std::string_view kBegin = "<RUMReport>";
constexpr std::string_view kEnd = "</RUMReport>";

}  // namespace

absl::StatusOr<std::unique_ptr<ReportFile>> ReportFile::Open(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return client::FileUnreadable(path, strerror(errno));
  struct stat status {};
  fstat(file, &status);
  const size_t size = static_cast<size_t>(status.st_size);
  void* memory = size == 0 ? MAP_FAILED : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (memory == MAP_FAILED) return client::FileUnreadable(path, size == 0 ? "empty" : strerror(errno));
  std::unique_ptr<ReportFile> result(
      new ReportFile(std::string_view(static_cast<const char*>(memory), size)));
  const std::string_view text = result->text_;
  for (size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
    const size_t end = text.find(kEnd, at);
    if (end == std::string_view::npos) break;
    result->reports_.push_back({at, end + kEnd.size() - at});
    at = end + kEnd.size();
  }
  if (result->reports_.empty()) return client::FileUnreadable(path, "holds no <RUMReport>");
  return result;
}

ReportFile::~ReportFile() { munmap(const_cast<char*>(text_.data()), text_.size()); }

}  // namespace quartermaster::fleet
