// The kinds of fields that the schema is made of. Each takes the field's place in the draft, whose
// present value is its default. Internal to this library.
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_FIELDS_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/common/config/schema.h"

namespace quartermaster::config {

FieldSchema Text(std::string path, std::string* to, std::string meaning);
// A file or directory; relative to the configuration file's directory.
FieldSchema Path(std::string path, std::string* to, std::string meaning);
FieldSchema Integer(std::string path, int* to, int min, int max, std::string meaning);
// "4 MiB", "64KiB", "1048576".
FieldSchema Bytes(std::string path, int64_t* to, int64_t min, int64_t max, std::string meaning);
// "90d", "1h30m", "250ms"; min may be negative.
FieldSchema Duration(std::string path, absl::Duration* to, absl::Duration min, absl::Duration max,
                     std::string meaning);
// The same, for what has no duration unless one is given.
FieldSchema OptionalDuration(std::string path, std::optional<absl::Duration>* to, absl::Duration min,
                             absl::Duration max, std::string meaning);
FieldSchema Boolean(std::string path, bool* to, std::string meaning);
// DNS names and IP addresses, each checked.
FieldSchema ServerNames(std::string path, std::vector<std::string>* to, std::string meaning);
// "host:port"; with `unix_allowed` also "unix:/path".
FieldSchema Address(std::string path, std::string* to, std::string meaning);
FieldSchema OptionalAddress(std::string path, std::optional<std::string>* to, bool unix_allowed,
                            std::string default_value, std::string meaning);
// {file: PATH} or {environment: NAME}.
FieldSchema SecretAt(std::string path, SecretReference* to, std::string meaning);

// One of a closed set of words.
template <typename T>
FieldSchema Choice(std::string path, T* to, std::vector<std::pair<std::string, T>> choices,
                   std::string meaning);

// For messages: "\"text\"", "a list", "a mapping", "nothing".
std::string Describe(const YAML::Node& node);
// The text of a scalar; refuses anything else and answers nothing.
std::optional<std::string> ScalarText(const YAML::Node& node, int line, const FieldSchema& field,
                                      Reading& reading);

std::string BytesText(int64_t bytes);
std::string DurationText(absl::Duration duration);

template <typename T>
FieldSchema Choice(std::string path, T* to, std::vector<std::pair<std::string, T>> choices,
                   std::string meaning) {
  FieldSchema field{std::move(path), "one of ", "", std::move(meaning), nullptr};
  for (const auto& [word, value] : choices) {
    if (value == *to) field.default_value = word;
    field.takes += (word == choices.front().first ? "" : ", ") + word;
  }
  field.read = [to, choices, field](const YAML::Node& node, int line, Reading& reading) {
    const auto text = ScalarText(node, line, field, reading);
    if (!text.has_value()) return;
    for (const auto& [word, value] : choices) {
      if (word == *text) {
        *to = value;
        return;
      }
    }
    reading.Refuse(line, field.path, Describe(node), field.takes);
  };
  return field;
}

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_FIELDS_H_
