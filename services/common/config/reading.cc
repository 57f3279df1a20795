#include "services/common/config/reading.h"

#include <filesystem>

#include "absl/strings/str_cat.h"

namespace quartermaster::config {

void Reading::Refuse(int line, std::string_view path, std::string_view got, std::string_view want) {
  std::string mistake = file_name_;
  if (line > 0) absl::StrAppend(&mistake, ":", line);
  mistake += ": ";
  if (!path.empty()) {
    mistake += path;
    mistake += ": ";
  }
  mistake += "got ";
  mistake += got;
  mistake += ", want ";
  mistake += want;
  mistakes_.push_back(std::move(mistake));
}

int Reading::LineOf(const std::string& path) const {
  const auto found = lines_.find(path);
  return found == lines_.end() ? 0 : found->second;
}

std::string Reading::Absolute(const std::string& path) const {
  return (std::filesystem::absolute(base_directory_) / path).lexically_normal().string();
}

}  // namespace quartermaster::config
