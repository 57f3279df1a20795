// One pass over a configuration file: where a mistake is noted, and how single values are read.
// Internal to this library.
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_READING_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_READING_H_

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quartermaster::config {

// Notes mistakes and goes on, so that all are reported together.
class Reading {
 public:
  Reading(std::string file_name, std::string base_directory)
      : file_name_(std::move(file_name)), base_directory_(std::move(base_directory)) {}

  // "file:line: path: got X, want Y". `line` counts from 1; 0 = the whole file.
  void Refuse(int line, std::string_view path, std::string_view got, std::string_view want);

  // The line of a field that the file sets; 0 for one that it leaves at its default.
  int LineOf(const std::string& path) const;
  void NoteLine(const std::string& path, int line) { lines_[path] = line; }
  bool IsSet(const std::string& path) const { return lines_.contains(path); }

  // A path of the file, made absolute.
  std::string Absolute(const std::string& path) const;

  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  const std::string file_name_;
  const std::string base_directory_;
  std::map<std::string, int> lines_;
  std::vector<std::string> mistakes_;
};

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_READING_H_
