#include "clients/output/json_writer.h"

#include <string>

namespace quartermaster::output {
namespace {

// Bytes that are not UTF-8 (a name from a device, say) become U+FFFD instead of an exception.
std::string Dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

void JsonWriter::StartItem() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  out_ << (levels_.back().empty ? "\n" : ",\n") << std::string(2 * levels_.size(), ' ');
  levels_.back().empty = false;
}

void JsonWriter::Begin(char bracket) {
  StartItem();
  out_ << bracket;
  levels_.push_back({});
}

void JsonWriter::End(char bracket) {
  const bool empty = levels_.back().empty;
  levels_.pop_back();
  if (!empty) out_ << '\n' << std::string(2 * levels_.size(), ' ');
  out_ << bracket;
  if (levels_.empty()) out_ << '\n';
}

void JsonWriter::BeginObject() { Begin('{'); }
void JsonWriter::EndObject() { End('}'); }
void JsonWriter::BeginArray() { Begin('['); }
void JsonWriter::EndArray() { End(']'); }

void JsonWriter::Key(std::string_view key) {
  StartItem();
  out_ << Dump(Json(key)) << ": ";
  after_key_ = true;
}

void JsonWriter::Value(const Json& value) {
  StartItem();
  out_ << Dump(value);
}

}  // namespace quartermaster::output
