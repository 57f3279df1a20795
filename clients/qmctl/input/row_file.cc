#include "clients/qmctl/input/row_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "clients/connection/client_errors.h"
#include "clients/qmctl/input/csv_reader.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/json_nesting.h"

namespace quartermaster::qmctl {
namespace {

constexpr char kProblemReason[] = "client.input_malformed";
// An array of objects with a list in it has three levels; to print and to drop a value costs stack for
// each.
constexpr int kJsonDepthMax = 32;
// Of a file's own words in a message.
constexpr size_t kShownBytesMax = 160;

// What comes from a file, short enough for a message.
std::string Cut(std::string text) {
  if (text.size() <= kShownBytesMax) return text;
  size_t end = kShownBytesMax;
  // Not within a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

// Whatever it holds: bytes of CSV need not be UTF-8.
std::string Shown(const nlohmann::json& value) {
  return Cut(value.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace));
}

absl::StatusOr<std::vector<InputRow>> ReadCsvRows(std::string_view text) {
  ASSIGN_OR_RETURN(CsvTable table, ReadCsv(text));
  std::vector<InputRow> rows;
  for (CsvRecord& record : table.records) {
    InputRow row{absl::StrCat("line ", record.line), nlohmann::json::object()};
    for (size_t i = 0; i < table.header.size(); ++i) {
      row.fields[table.header[i]] = std::move(record.fields[i]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<std::vector<InputRow>> ReadJsonRows(std::string_view text, const std::string& array_key) {
  if (text::IsNestedDeeper(text, kJsonDepthMax)) {
    return client::InputMalformed(absl::StrCat("got JSON nested deeper than ", kJsonDepthMax));
  }
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    // Not only what cannot be parsed: a number beyond all numbers is another exception.
    return client::InputMalformed(Cut(error.what()));
  }
  if (json.is_object() && json.size() == 1 && json.contains(array_key))
    json = nlohmann::json(std::move(json[array_key]));
  if (!json.is_array()) {
    return client::InputMalformed(
        absl::StrCat("got ", json.type_name(), ", want an array of objects or {\"", array_key, "\": [...]}"));
  }
  std::vector<InputRow> rows;
  for (nlohmann::json& item : json) {
    InputRow row{absl::StrCat("row ", rows.size() + 1), std::move(item)};
    if (!row.fields.is_object()) {
      return client::InputMalformed(
          absl::StrCat(row.place, ": got ", row.fields.type_name(), ", want an object"));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

absl::StatusOr<std::vector<InputRow>> ReadRowFile(std::string_view text, const std::string& array_key) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
  return json ? ReadJsonRows(text, array_key) : ReadCsvRows(text);
}

std::optional<absl::Time> ParseTime(std::string_view text, bool date_ends_day) {
  const std::string word(text);
  absl::CivilDay day;
  if (word.size() == 10 && absl::ParseCivilTime(word, &day)) {
    return absl::FromCivil(date_ends_day ? day + 1 : day, absl::UTCTimeZone());
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, word, &time, &error)) return std::nullopt;
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  return time;
}

const nlohmann::json* RowReader::Find(const char* field) {
  asked_.push_back(field);
  const auto found = row_.fields.find(field);
  if (found == row_.fields.end() || found->is_null()) return nullptr;
  if (found->is_string() && found->get_ref<const std::string&>().empty()) return nullptr;
  return &*found;
}

void RowReader::Refuse(const char* field, const std::string& got, const std::string& want) {
  ok_ = false;
  problems_.push_back({row_.place, kProblemReason, absl::StrCat(field, ": got ", got, ", want ", want)});
}

int64_t RowReader::Number(const char* field, int64_t fallback) {
  const nlohmann::json* value = Find(field);
  if (value == nullptr) return fallback;
  // Beyond int64 it would read as another number.
  const bool fits = !value->is_number_unsigned() || value->get<uint64_t>() <= INT64_MAX;
  if (value->is_number_integer() && fits) return value->get<int64_t>();
  int64_t number = 0;
  if (value->is_string() && absl::SimpleAtoi(value->get<std::string>(), &number)) return number;
  Refuse(field, Shown(*value), "a whole number");
  return fallback;
}

int64_t RowReader::RequiredNumber(const char* field) {
  if (Find(field) == nullptr) Refuse(field, "nothing", "a whole number");
  return Number(field);
}

std::string RowReader::Text(const char* field) {
  const nlohmann::json* value = Find(field);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  Refuse(field, Shown(*value), "a string");
  return "";
}

std::string RowReader::RequiredText(const char* field) {
  if (Find(field) == nullptr) Refuse(field, "nothing", "a string");
  return Text(field);
}

bool RowReader::Flag(const char* field, bool fallback) {
  const nlohmann::json* value = Find(field);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  bool flag = false;
  if (value->is_string() && absl::SimpleAtob(value->get<std::string>(), &flag)) return flag;
  Refuse(field, Shown(*value), "true or false");
  return fallback;
}

std::vector<std::string> RowReader::List(const char* field) {
  const nlohmann::json* value = Find(field);
  if (value == nullptr) return {};
  std::vector<std::string> list;
  if (value->is_string()) {
    for (const absl::string_view part : absl::StrSplit(value->get_ref<const std::string&>(), ';')) {
      const absl::string_view word = absl::StripAsciiWhitespace(part);
      if (!word.empty()) list.emplace_back(word);
    }
    return list;
  }
  const bool strings = value->is_array() && std::all_of(value->begin(), value->end(),
                                                        [](const auto& item) { return item.is_string(); });
  if (!strings) {
    Refuse(field, Shown(*value), "a list of strings");
    return {};
  }
  return value->get<std::vector<std::string>>();
}

std::optional<size_t> RowReader::Word(const char* field, const std::vector<std::string>& words) {
  const nlohmann::json* value = Find(field);
  if (value == nullptr) return std::nullopt;
  const std::string word = value->is_string() ? value->get<std::string>() : value->dump();
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return found - words.begin();
  Refuse(field, Shown(*value), absl::StrCat("one of ", absl::StrJoin(words, ", ")));
  return std::nullopt;
}

std::optional<absl::Time> RowReader::Time(const char* field, bool date_ends_day) {
  const nlohmann::json* value = Find(field);
  if (value == nullptr) return std::nullopt;
  std::optional<absl::Time> time;
  if (value->is_string()) time = ParseTime(value->get_ref<const std::string&>(), date_ends_day);
  if (!time.has_value()) {
    Refuse(field, Shown(*value), "a date (2026-01-31) or an RFC 3339 time (2026-01-31T12:00:00Z)");
  }
  return time;
}

void RowReader::RefuseOtherFields() {
  for (const auto& item : row_.fields.items()) {
    if (std::find(asked_.begin(), asked_.end(), item.key()) != asked_.end()) continue;
    std::vector<std::string> known = asked_;
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    Refuse(Cut(item.key()).c_str(), "a field of this name",
           absl::StrCat("one of ", absl::StrJoin(known, ", ")));
  }
}

}  // namespace quartermaster::qmctl
