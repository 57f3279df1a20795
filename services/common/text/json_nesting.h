// How deep JSON is nested, looked at before a reader follows it: deep nesting costs stack or memory out
// of proportion to the text.
#ifndef QUARTERMASTER_SERVICES_COMMON_TEXT_JSON_NESTING_H_
#define QUARTERMASTER_SERVICES_COMMON_TEXT_JSON_NESTING_H_

#include <cstddef>
#include <string_view>

namespace quartermaster::text {

// Whether more than `levels` lists and objects are open at once. Judges well-formed JSON exactly, and
// of other text no less than any reader would follow.
inline bool IsNestedDeeper(std::string_view json, int levels) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > levels) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace quartermaster::text

#endif  // QUARTERMASTER_SERVICES_COMMON_TEXT_JSON_NESTING_H_
