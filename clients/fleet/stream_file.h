// A file that is written in one go from front to back.
#ifndef QUARTERMASTER_CLIENTS_FLEET_STREAM_FILE_H_
#define QUARTERMASTER_CLIENTS_FLEET_STREAM_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::fleet {

// Not thread-safe. The file appears under its name with Close(); before, it has ".partial" behind.
class StreamFile {
 public:
  static absl::StatusOr<std::unique_ptr<StreamFile>> Create(const std::string& path);
  ~StreamFile();
  StreamFile(const StreamFile&) = delete;
  StreamFile& operator=(const StreamFile&) = delete;

  absl::Status Append(std::string_view bytes);
  absl::Status Close();
  int64_t bytes() const { return bytes_; }

 private:
  StreamFile(std::string path, int file) : path_(std::move(path)), file_(file) {}

  const std::string path_;
  int file_;
  int64_t bytes_ = 0;
};

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_STREAM_FILE_H_
