#include "clients/output/cell.h"

#include <array>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "clients/output/text_width.h"

namespace quartermaster::output {
namespace {

std::string Grouped(int64_t value) {
  std::string digits = absl::StrCat(value);
  const int first = value < 0 ? 1 : 0;
  for (int at = static_cast<int>(digits.size()) - 3; at > first; at -= 3) digits.insert(at, 1, ',');
  return digits;
}

std::string HumanBytes(int64_t bytes) {
  if (bytes < 1000) return absl::StrCat(bytes, " B");
  static constexpr std::array<const char*, 4> kUnits = {"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

// "2022-12-24T11:10:45.123Z" to the second, without what every line would repeat.
std::string HumanTime(std::string text) {
  if (text.size() > 10 && text[10] == 'T') text[10] = ' ';
  if (!text.empty() && text.back() == 'Z') text.pop_back();
  if (const size_t fraction = text.find('.'); fraction != std::string::npos) text.resize(fraction);
  return text;
}

std::string Joined(const Json& list, const char* separator) {
  std::string result;
  for (const Json& item : list) {
    absl::StrAppend(&result, result.empty() ? "" : separator, item.get<std::string>());
  }
  return result;
}

std::string Plain(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

bool IsRightAligned(CellKind kind) {
  return kind == CellKind::kCount || kind == CellKind::kNumber || kind == CellKind::kBytes;
}

std::string TableText(CellKind kind, const Json& value) {
  if (value.is_null()) return "";
  switch (kind) {
    case CellKind::kCount:
      return Grouped(value.get<int64_t>());
    case CellKind::kBytes:
      return HumanBytes(value.get<int64_t>());
    case CellKind::kTime:
      return HumanTime(value.get<std::string>());
    case CellKind::kFlag:
      return value.get<bool>() ? "yes" : "";
    case CellKind::kList:
      return Printable(Joined(value, ", "));
    case CellKind::kText:
    case CellKind::kNumber:
    case CellKind::kNested:
      break;
  }
  return Printable(Plain(value));
}

std::string CsvText(CellKind kind, const Json& value) {
  if (value.is_null()) return "";
  return kind == CellKind::kList ? Joined(value, ";") : Plain(value);
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  const absl::string_view view(text.data(), text.size());
  return absl::StrCat("\"", absl::StrReplaceAll(view, {{"\"", "\"\""}}), "\"");
}

}  // namespace quartermaster::output
