#include "services/ingest/domain/json_cutter.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

// Longer names than this are none of those that matter.
constexpr size_t kNameBytesMax = 8;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Bytes of a string that mean nothing here: all but quotes, backslashes and control characters.
constexpr std::array<bool, 256> MakePlain() {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < plain.size(); ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlain();

// From `at` inside a string to its closing quote, or the first control character, or the end of
// the bytes. `escaped` is whether the byte at `at` follows a backslash, and then whether the one
// after these bytes does.
size_t FindStringEnd(std::string_view bytes, size_t at, bool& escaped) {
  if (escaped) {
    ++at;
    escaped = false;
  }
  while (at < bytes.size()) {
    const uint8_t c = static_cast<uint8_t>(bytes[at]);
    if (kPlain[c]) {
      ++at;
    } else if (c == '\\') {
      at += 2;
    } else {
      return at;
    }
  }
  escaped = at > bytes.size();
  return bytes.size();
}

const char* NameOfValue(char first) {
  switch (first) {
    case '[':
      return "a list";
    case '"':
      return "a string";
    default:
      return "a bare word or number";
  }
}

}  // namespace

absl::Status JsonCutter::Feed(std::string_view bytes, ItemSink on_item) {
  capture_start_ = 0;
  size_t at = 0;
  while (at < bytes.size() && error_.ok()) at += Step(bytes, at, on_item);
  if (!error_.ok()) return error_;
  KeepOpenCapture(bytes);
  chunk_offset_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status JsonCutter::Finish(ItemSink) {
  if (place_ == Place::kBetween) return absl::OkStatus();
  error_offset_ = chunk_offset_;
  error_ = DocumentMalformed("the end of the document", chunk_offset_,
                             in_string_ ? "the end of a string and of the object around it"
                                        : "the end of the object that was begun");
  return error_;
}

size_t JsonCutter::Step(std::string_view bytes, size_t at, ItemSink on_item) {
  switch (place_) {
    case Place::kBetween:
      return Between(bytes, at);
    case Place::kBeforeElement:
      return BeforeElement(bytes, at);
    case Place::kAfterElement:
      return AfterElement(bytes, at);
    case Place::kObject:
    case Place::kElement:
    case Place::kTail:
      break;
  }
  if (in_string_) return InString(bytes, at, on_item);
  if (in_scalar_) return InScalar(bytes, at, on_item);
  return InValue(bytes, at, on_item);
}

size_t JsonCutter::Between(std::string_view bytes, size_t at) {
  if (IsSpace(bytes[at])) return 1;
  if (bytes[at] != '{') return Refuse(bytes, at, "{ or the end of the document");
  StartCapture(bytes, at);
  if (!Open(bytes, at)) return 0;
  place_ = Place::kObject;
  name_expected_ = true;
  name_ = Name::kOther;
  payload_seen_ = false;
  colon_was_last_ = false;
  return 1;
}

void JsonCutter::EnterUsage() {
  DropCapture();
  place_ = Place::kBeforeElement;
  after_comma_ = false;
  element_index_ = 0;
}

size_t JsonCutter::BeforeElement(std::string_view bytes, size_t at) {
  const char c = bytes[at];
  if (IsSpace(c)) return 1;
  if (c == ']' && !after_comma_) {
    if (!Close(bytes, at)) return 0;
    place_ = Place::kTail;
    return 1;
  }
  if (c == ',' || c == ':' || c == ']' || c == '}') return Refuse(bytes, at, "an object");
  StartCapture(bytes, at);
  place_ = Place::kElement;
  if (c == '{' || c == '[') {
    if (!Open(bytes, at)) return 0;
  } else if (c == '"') {
    in_string_ = true;
  } else {
    in_scalar_ = true;
  }
  return 1;
}

size_t JsonCutter::AfterElement(std::string_view bytes, size_t at) {
  const char c = bytes[at];
  if (IsSpace(c)) return 1;
  if (c == ',') {
    after_comma_ = true;
    place_ = Place::kBeforeElement;
    return 1;
  }
  if (c != ']') return Refuse(bytes, at, "a comma or ]");
  if (!Close(bytes, at)) return 0;
  place_ = Place::kTail;
  return 1;
}

size_t JsonCutter::InValue(std::string_view bytes, size_t at, ItemSink on_item) {
  const char c = bytes[at];
  switch (c) {
    case '"':
      in_string_ = true;
      in_name_ = AtNames() && name_expected_;
      name_text_.clear();
      colon_was_last_ = false;
      return 1;
    case '{':
    case '[': {
      const bool enters_usage =
          AtNames() && c == '[' && colon_was_last_ && name_ == Name::kUsage && !payload_seen_;
      colon_was_last_ = false;
      if (!Open(bytes, at)) return 0;
      if (enters_usage) EnterUsage();
      return 1;
    }
    case '}':
    case ']':
      if (!Close(bytes, at)) return 0;
      if (place_ == Place::kElement && depth_ == 2) {
        EmitCapture(bytes, at + 1, on_item);
        place_ = Place::kAfterElement;
      } else if (depth_ == 0) {
        if (place_ == Place::kObject) EmitCapture(bytes, at + 1, on_item);
        place_ = Place::kBetween;
      }
      return 1;
    default:
      if (AtNames()) FollowNames(c);
      return 1;
  }
}

void JsonCutter::FollowNames(char c) {
  if (IsSpace(c)) return;
  colon_was_last_ = c == ':';
  if (c == ',') {
    name_expected_ = true;
    name_ = Name::kOther;
  }
}

bool JsonCutter::NameEnds(size_t at) {
  in_name_ = false;
  name_expected_ = false;
  name_ = name_text_ == "usage" ? Name::kUsage : name_text_ == "payload" ? Name::kPayload : Name::kOther;
  if (name_ != Name::kPayload) return true;
  payload_seen_ = true;
  if (place_ != Place::kTail) return true;
  // The reports of the list were cut already: the object cannot be a report as well.
  error_offset_ = chunk_offset_ + static_cast<int64_t>(at);
  error_ = DocumentMalformed("\"payload\" beside \"usage\"", error_offset_, "one of them");
  return false;
}

size_t JsonCutter::InString(std::string_view bytes, size_t at, ItemSink on_item) {
  const size_t end = FindStringEnd(bytes, at, escaped_);
  if (in_name_ && name_text_.size() <= kNameBytesMax) {
    name_text_ += bytes.substr(at, std::min(end - at, kNameBytesMax + 1));
  }
  if (end == bytes.size()) return end - at;
  if (bytes[end] != '"') return Refuse(bytes, end, "no control character in a string");
  in_string_ = false;
  if (in_name_ && !NameEnds(end)) return 0;
  if (place_ == Place::kElement && depth_ == 2) {
    EmitCapture(bytes, end + 1, on_item);
    place_ = Place::kAfterElement;
  }
  return end + 1 - at;
}

size_t JsonCutter::InScalar(std::string_view bytes, size_t at, ItemSink on_item) {
  size_t i = at;
  while (i < bytes.size() && !IsSpace(bytes[i]) && bytes[i] != ',' && bytes[i] != ']') ++i;
  if (i == bytes.size()) return i - at;
  in_scalar_ = false;
  EmitCapture(bytes, i, on_item);
  place_ = Place::kAfterElement;
  return i - at;
}

bool JsonCutter::Open(std::string_view bytes, size_t at) {
  if (depth_ == kNestingDepthMax) {
    error_offset_ = chunk_offset_ + static_cast<int64_t>(at);
    error_ = NestingTooDeep("document", error_offset_);
    return false;
  }
  ++depth_;
  objects_ = objects_ << 1 | (bytes[at] == '{' ? 1 : 0);
  return true;
}

bool JsonCutter::Close(std::string_view bytes, size_t at) {
  const bool in_object = (objects_ & 1) != 0;
  if (in_object != (bytes[at] == '}')) {
    Refuse(bytes, at, in_object ? "}" : "]");
    return false;
  }
  --depth_;
  objects_ >>= 1;
  return true;
}

void JsonCutter::StartCapture(std::string_view bytes, size_t at) {
  capturing_ = true;
  too_large_ = false;
  capture_start_ = at;
  item_offset_ = chunk_offset_ + static_cast<int64_t>(at);
  item_first_ = bytes[at];
}

void JsonCutter::DropCapture() {
  capturing_ = false;
  text_.clear();
}

void JsonCutter::KeepOpenCapture(std::string_view bytes) {
  if (!capturing_ || too_large_) return;
  const std::string_view more = bytes.substr(capture_start_);
  too_large_ = text_.size() + more.size() > kReportBytesMax;
  if (too_large_) {
    text_.clear();
  } else {
    text_ += more;
  }
}

void JsonCutter::EmitCapture(std::string_view bytes, size_t end, ItemSink on_item) {
  const std::string_view more = bytes.substr(capture_start_, end - capture_start_);
  DocumentItem item{DocumentItem::Kind::kReport, more, item_offset_, absl::OkStatus()};
  if (item_first_ != '{') {
    item.status =
        ReportMalformed(absl::StrCat("usage[", element_index_, "]"), NameOfValue(item_first_), "an object");
  } else if (too_large_ || text_.size() + more.size() > kReportBytesMax) {
    item.status = ReportTooLarge("report", kReportBytesMax + 1);
  } else if (!text_.empty()) {
    text_ += more;
    item.text = text_;
  }
  if (!item.status.ok()) {
    item.kind = DocumentItem::Kind::kUnreadableReport;
    item.text = {};
  }
  ++element_index_;
  on_item(item);
  DropCapture();
}

size_t JsonCutter::Refuse(std::string_view bytes, size_t at, const char* want) {
  error_offset_ = chunk_offset_ + static_cast<int64_t>(at);
  error_ =
      DocumentMalformed(absl::StrFormat("byte 0x%02x", static_cast<uint8_t>(bytes[at])), error_offset_, want);
  return 0;
}

}  // namespace quartermaster::ingest
