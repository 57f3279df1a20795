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
  static constexpr size_t kKeptBytesMax = 1 << 20;

  // "-" is standard input. client.file_unreadable.
  static absl::StatusOr<std::unique_ptr<ByteSource>> Open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `bytes_max` bytes; fewer than one only at the end.
  absl::StatusOr<std::string> Read(size_t bytes_max);
  // Back to the first byte; false when that is not possible (a pipe that more than kKeptBytesMax was read
  // from: enough to begin again with a node that has no room yet).
  bool Rewind();
  // Bytes in all; 0 when unknown.
  int64_t size() const { return size_; }
  const std::string& name() const { return name_; }

 private:
  ByteSource(std::string name, int file, int64_t size, bool seekable)
      : name_(std::move(name)), file_(file), size_(size), seekable_(seekable) {}

  void Keep(const std::string& bytes);

  const std::string name_;
  const int file_;
  const int64_t size_;
  const bool seekable_;
  bool read_from_ = false;
  // Of a pipe: what was read so far, while that is little, and how far it was handed out.
  std::string kept_;
  size_t kept_given_ = 0;
  bool kept_whole_ = true;
};

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_USAGE_IMPORT_BYTE_SOURCE_H_
