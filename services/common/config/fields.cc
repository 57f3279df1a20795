#include "services/common/config/fields.h"

#include <algorithm>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "services/common/config/addresses.h"

namespace quartermaster::config {
namespace {

// A field whose scalar text `parse` turns into a value, or refuses by answering false.
template <typename Parse>
FieldSchema Parsed(FieldSchema field, Parse parse) {
  field.read = [field, parse](const YAML::Node& node, int line, Reading& reading) {
    const auto text = ScalarText(node, line, field, reading);
    if (text.has_value() && !parse(*text, reading)) {
      reading.Refuse(line, field.path, Describe(node), field.takes);
    }
  };
  return field;
}

bool ParseBytes(absl::string_view text, int64_t& bytes) {
  int64_t unit = 1;
  for (const auto& [suffix, factor] : std::initializer_list<std::pair<const char*, int64_t>>{
           {"KiB", 1ll << 10}, {"MiB", 1ll << 20}, {"GiB", 1ll << 30}}) {
    if (absl::ConsumeSuffix(&text, suffix)) unit = factor;
  }
  int64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 0 || count > std::numeric_limits<int64_t>::max() / unit) {
    return false;
  }
  bytes = count * unit;
  return true;
}

bool ParseDuration(absl::string_view text, absl::Duration& duration) {
  int days = 0;
  absl::string_view number = text;
  if (absl::ConsumeSuffix(&number, "d") && absl::SimpleAtoi(number, &days)) {
    duration = absl::Hours(24) * days;
    return true;
  }
  return absl::ParseDuration(text, &duration);
}

bool IsAddress(const std::string& text, bool unix_allowed) {
  // A socket's path must fit the 108 bytes that the kernel has for it, with a NUL.
  if (unix_allowed && text.starts_with("unix:/")) return text.size() > 6 && text.size() <= 5 + 107;
  const auto parsed = ParseHostPort(text);
  return parsed.has_value() && parsed->port != 0;
}

// Goes into logs, certificates and connection strings; a NUL would end it there.
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

constexpr char kHostPort[] = "host:port with port 1 to 65535";

}  // namespace

std::string Describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return absl::StrCat("\"", absl::Utf8SafeCEscape(node.Scalar()), "\"");
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a mapping";
    default:
      return "nothing";
  }
}

std::optional<std::string> ScalarText(const YAML::Node& node, int line, const FieldSchema& field,
                                      Reading& reading) {
  if (node.IsScalar()) return node.Scalar();
  reading.Refuse(line, field.path, Describe(node), field.takes);
  return std::nullopt;
}

std::string BytesText(int64_t bytes) {
  if (bytes % (1ll << 30) == 0) return absl::StrCat(bytes >> 30, " GiB");
  if (bytes % (1ll << 20) == 0) return absl::StrCat(bytes >> 20, " MiB");
  if (bytes % (1ll << 10) == 0) return absl::StrCat(bytes >> 10, " KiB");
  return absl::StrCat(bytes);
}

std::string DurationText(absl::Duration duration) {
  constexpr absl::Duration kDay = absl::Hours(24);
  if (duration != absl::ZeroDuration() && absl::Trunc(duration, kDay) == duration) {
    return absl::StrCat(duration / kDay, "d");
  }
  return absl::FormatDuration(duration);
}

FieldSchema Text(std::string path, std::string* to, std::string meaning) {
  return Parsed({std::move(path), "text without control characters", *to, std::move(meaning), nullptr},
                [to](const std::string& text, Reading&) {
                  *to = text;
                  return !text.empty() && std::none_of(text.begin(), text.end(), IsControl);
                });
}

FieldSchema Path(std::string path, std::string* to, std::string meaning) {
  return Parsed({std::move(path), "path", *to, std::move(meaning), nullptr},
                [to](const std::string& text, Reading& reading) {
                  *to = reading.Absolute(text);
                  return !text.empty();
                });
}

FieldSchema Integer(std::string path, int* to, int min, int max, std::string meaning) {
  return Parsed(
      {std::move(path), absl::StrCat(min, " to ", max), absl::StrCat(*to), std::move(meaning), nullptr},
      [to, min, max](const std::string& text, Reading&) {
        return absl::SimpleAtoi(text, to) && *to >= min && *to <= max;
      });
}

FieldSchema Bytes(std::string path, int64_t* to, int64_t min, int64_t max, std::string meaning) {
  return Parsed({std::move(path), absl::StrCat(BytesText(min), " to ", BytesText(max)), BytesText(*to),
                 std::move(meaning), nullptr},
                [to, min, max](const std::string& text, Reading&) {
                  return ParseBytes(text, *to) && *to >= min && *to <= max;
                });
}

FieldSchema Duration(std::string path, absl::Duration* to, absl::Duration min, absl::Duration max,
                     std::string meaning) {
  return Parsed({std::move(path), absl::StrCat("duration ", DurationText(min), " to ", DurationText(max)),
                 DurationText(*to), std::move(meaning), nullptr},
                [to, min, max](const std::string& text, Reading&) {
                  return ParseDuration(text, *to) && *to >= min && *to <= max;
                });
}

FieldSchema OptionalDuration(std::string path, std::optional<absl::Duration>* to, absl::Duration min,
                             absl::Duration max, std::string meaning) {
  return Parsed({std::move(path), absl::StrCat("duration ", DurationText(min), " to ", DurationText(max)), "",
                 std::move(meaning), nullptr},
                [to, min, max](const std::string& text, Reading&) {
                  absl::Duration given;
                  if (!ParseDuration(text, given) || given < min || given > max) return false;
                  *to = given;
                  return true;
                });
}

FieldSchema Boolean(std::string path, bool* to, std::string meaning) {
  return Parsed({std::move(path), "true or false", *to ? "true" : "false", std::move(meaning), nullptr},
                [to](const std::string& text, Reading&) {
                  *to = text == "true";
                  return text == "true" || text == "false";
                });
}

FieldSchema ServerNames(std::string path, std::vector<std::string>* to, std::string meaning) {
  FieldSchema field{std::move(path), "list of DNS names and IP addresses", "[]", std::move(meaning), nullptr};
  field.read = [to, field](const YAML::Node& node, int line, Reading& reading) {
    if (!node.IsSequence()) return reading.Refuse(line, field.path, Describe(node), field.takes);
    to->clear();
    for (const YAML::Node& item : node) {
      if (!item.IsScalar() || !IsDnsNameOrAddress(item.Scalar())) {
        reading.Refuse(item.Mark().line + 1, absl::StrCat(field.path, "[", to->size(), "]"), Describe(item),
                       "a DNS name or an IP address");
      }
      to->push_back(item.IsScalar() ? item.Scalar() : "");
    }
  };
  return field;
}

FieldSchema Address(std::string path, std::string* to, std::string meaning) {
  return Parsed({std::move(path), kHostPort, *to, std::move(meaning), nullptr},
                [to](const std::string& text, Reading&) {
                  *to = text;
                  return IsAddress(text, /*unix_allowed=*/false);
                });
}

FieldSchema OptionalAddress(std::string path, std::optional<std::string>* to, bool unix_allowed,
                            std::string default_value, std::string meaning) {
  std::string takes = kHostPort;
  if (unix_allowed) takes += ", or unix:/path of at most 107 bytes";
  return Parsed({std::move(path), std::move(takes), std::move(default_value), std::move(meaning), nullptr},
                [to, unix_allowed](const std::string& text, Reading&) {
                  *to = text;
                  return IsAddress(text, unix_allowed);
                });
}

FieldSchema SecretAt(std::string path, SecretReference* to, std::string meaning) {
  FieldSchema field{std::move(path), "{file: PATH} or {environment: NAME}", "", std::move(meaning), nullptr};
  field.read = [to, field](const YAML::Node& node, int line, Reading& reading) {
    const auto refuse = [&](const std::string& got) { reading.Refuse(line, field.path, got, field.takes); };
    // A scalar here may be the secret itself: it is never repeated.
    if (node.IsScalar()) return refuse("text (a secret never stands in this file)");
    if (!node.IsMap() || node.size() != 1) return refuse(Describe(node));
    const auto entry = *node.begin();
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (!entry.second.IsScalar() || entry.second.Scalar().empty()) {
      return refuse(absl::StrCat(key, " without text"));
    }
    *to = {};
    if (key == "file") {
      to->file = reading.Absolute(entry.second.Scalar());
    } else if (key == "environment") {
      to->environment = entry.second.Scalar();
    } else {
      refuse(absl::StrCat("\"", key, "\""));
    }
  };
  return field;
}

}  // namespace quartermaster::config
