// A JSON text as a tree that keeps every field in its place, those that stand twice too: the usual trees
// keep one of the two and do not say so. For report_rereader only.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_JSON_TREE_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_JSON_TREE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quartermaster::ledger::fsck {

struct JsonValue {
  // kInteger fits into 64 bits with a sign; kNumber is any other.
  enum class Kind { kNull, kBool, kInteger, kNumber, kText, kList, kObject };
  Kind kind = Kind::kNull;
  int64_t integer = 0;
  std::string text;
  // Of a list or an object; names[i] is the name of items[i].
  std::vector<JsonValue> items;
  std::vector<std::string> names;
};

// Throws std::invalid_argument when the text is no JSON, holds a whole number beyond 64 bits, or has
// anything more than 32 levels deep.
JsonValue ParseJson(std::string_view text);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_JSON_TREE_H_
