// The reports of a usage file, found without reading it into memory.
#ifndef QUARTERMASTER_CLIENTS_FLEET_REPORT_FILE_H_
#define QUARTERMASTER_CLIENTS_FLEET_REPORT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::fleet {

// A file that `fleet generate` or an agent wrote: reports stand in "<RUMReport>…</RUMReport>"
// literally. Immutable; thread-safe. Mapped: views live as long as this.
class ReportFile {
 public:
  static absl::StatusOr<std::unique_ptr<ReportFile>> Open(const std::string& path);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  // Both tags included.
  std::string_view report(size_t index) const {
    return text_.substr(reports_[index].offset, reports_[index].length);
  }
  size_t size() const { return reports_.size(); }

 private:
  struct Extent {
    size_t offset;
    size_t length;
  };
  explicit ReportFile(std::string_view text) : text_(text) {}

  const std::string_view text_;
  std::vector<Extent> reports_;
};

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_REPORT_FILE_H_
