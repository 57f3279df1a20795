// Where the bytes of an import come from.
#ifndef QUARTERMASTER_CLIENTS_USAGE_IMPORT_BYTE_SOURCE_H_
#define QUARTERMASTER_CLIENTS_USAGE_IMPORT_BYTE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::client {

// A file or standard input, read in order. Not thread-safe.
class ByteSource {
 public:
  // "-" is standard input. client.file_unreadable.
  static absl::StatusOr<std::unique_ptr<ByteSource>> Open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `bytes_max` bytes; fewer than one only at the end.
  absl::StatusOr<std::string> Read(size_t bytes_max);
  // Back to the first byte; false when that is not possible (a pipe that was read from).
  bool Rewind();
  // Bytes in all; 0 when unknown.
  int64_t size() const { return size_; }
  const std::string& name() const { return name_; }

 private:
  ByteSource(std::string name, int file, int64_t size, bool seekable)
      : name_(std::move(name)), file_(file), size_(size), seekable_(seekable) {}

  const std::string name_;
  const int file_;
  const int64_t size_;
  const bool seekable_;
  bool read_from_ = false;
};

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_USAGE_IMPORT_BYTE_SOURCE_H_
