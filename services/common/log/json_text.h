// Text into JSON strings, for log lines: never fails, whatever the bytes are.
#ifndef QUARTERMASTER_SERVICES_COMMON_LOG_JSON_TEXT_H_
#define QUARTERMASTER_SERVICES_COMMON_LOG_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace quartermaster::log {

// Appends `text` as a JSON string with its quotes. Control characters are escaped, and bytes that
// are not UTF-8 become U+FFFD, so that a hostile field cannot forge or break a line.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace quartermaster::log

#endif  // QUARTERMASTER_SERVICES_COMMON_LOG_JSON_TEXT_H_
