#include "services/gateway/domain/request_target.h"

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/hex_digit.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

absl::StatusOr<std::string> Decode(std::string_view encoded, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%') {
      const bool complete = encoded.size() - i > 2;
      const int high = complete ? text::HexDigitValue(encoded[i + 1]) : -1;
      const int low = complete ? text::HexDigitValue(encoded[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return RequestMalformed("target: got a percent sign that starts no escape, want %XX");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (c == '\0') return RequestMalformed("target: got a zero byte, want none");
    decoded.push_back(c);
  }
  return decoded;
}

// Calls `part` for each piece between separators.
template <typename Part>
absl::Status ForEachPart(std::string_view text, char separator, Part part) {
  while (true) {
    const size_t end = text.find(separator);
    RETURN_IF_ERROR(part(text.substr(0, end)));
    if (end == std::string_view::npos) return absl::OkStatus();
    text.remove_prefix(end + 1);
  }
}

}  // namespace

absl::StatusOr<RequestTarget> ParseRequestTarget(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return RequestMalformed("target: got no absolute path, want one that starts with a slash");
  }
  const size_t question = target.find('?');
  RequestTarget parsed;
  RETURN_IF_ERROR(ForEachPart(target.substr(1, question == std::string_view::npos ? question : question - 1),
                              '/', [&](std::string_view segment) -> absl::Status {
                                ASSIGN_OR_RETURN(std::string decoded, Decode(segment, false));
                                parsed.segments.push_back(std::move(decoded));
                                return absl::OkStatus();
                              }));
  if (question == std::string_view::npos || question + 1 == target.size()) return parsed;
  RETURN_IF_ERROR(ForEachPart(target.substr(question + 1), '&', [&](std::string_view pair) -> absl::Status {
    if (pair.empty()) return absl::OkStatus();
    const size_t equals = pair.find('=');
    ASSIGN_OR_RETURN(std::string name, Decode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      ASSIGN_OR_RETURN(value, Decode(pair.substr(equals + 1), true));
    }
    parsed.query.emplace_back(std::move(name), std::move(value));
    return absl::OkStatus();
  }));
  return parsed;
}

}  // namespace quartermaster::gateway
