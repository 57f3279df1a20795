#include "clients/fleet/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "clients/connection/client_errors.h"
#include "clients/qmctl/convert/proto_json.h"

namespace quartermaster::fleet {

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path) {
  if (path.empty()) return std::unique_ptr<Journal>(new Journal(path, -1));
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return client::FileUnwritable(path, strerror(errno));
  return std::unique_ptr<Journal>(new Journal(path, file));
}

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

void Journal::Write(const ingest::v1::ReportResult& result) {
  if (file_ < 0) return;
  const output::Json line = {
      {"outcome", qmctl::EnumWord(result.outcome())},
      {"product_id", result.udi().product_id()},
      {"serial_number", result.udi().serial_number()},
      {"entitlement_tag", result.entitlement_tag()},
      {"report_id", result.report_id()},
      {"name", result.name()},
      {"received_at", qmctl::TimeJson(result.has_received_at(), result.received_at())}};
  lines_ += line.dump(-1, ' ', false, output::Json::error_handler_t::replace);
  lines_ += '\n';
}

absl::Status Journal::Flush() {
  std::string_view left = lines_;
  while (file_ >= 0 && !left.empty()) {
    const ssize_t written = write(file_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return client::FileUnwritable(path_, strerror(errno));
    left.remove_prefix(written);
  }
  lines_.clear();
  return absl::OkStatus();
}

}  // namespace quartermaster::fleet
