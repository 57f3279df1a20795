// How much room UTF-8 text takes on a terminal.
#ifndef QUARTERMASTER_CLIENTS_OUTPUT_TEXT_WIDTH_H_
#define QUARTERMASTER_CLIENTS_OUTPUT_TEXT_WIDTH_H_

#include <string>
#include <string_view>

namespace quartermaster::output {

// `text` with control characters and malformed UTF-8 replaced by U+FFFD: what came from a device
// must not be able to steer the reader's terminal.
std::string Printable(std::string_view text);

bool IsUtf8(std::string_view text);

// Columns that printable UTF-8 text takes; East Asian wide characters take two.
int DisplayWidth(std::string_view text);

// At most `width` (>= 1) columns of `text`, ending in "…" when something was cut off.
std::string Shortened(std::string_view text, int width);

}  // namespace quartermaster::output

#endif  // QUARTERMASTER_CLIENTS_OUTPUT_TEXT_WIDTH_H_
