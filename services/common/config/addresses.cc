#include "services/common/config/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace quartermaster::config {

std::optional<HostPort> ParseHostPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  const std::string_view port_text = address.substr(colon + 1);
  uint32_t port = 0;
  const bool digits = port_text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || !absl::SimpleAtoi(absl::string_view(port_text.data(), port_text.size()), &port) ||
      port > 65535) {
    return std::nullopt;
  }
  if (host.front() == '[') {
    in6_addr ignored;
    if (host.size() < 3 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, std::string(host).c_str(), &ignored) != 1) return std::nullopt;
  } else if (host.find_first_of(":/ []") != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{std::string(host), static_cast<uint16_t>(port)};
}

bool IsDnsNameOrAddress(std::string_view text) {
  const std::string terminated(text);
  in_addr v4;
  in6_addr v6;
  if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1 || inet_pton(AF_INET6, terminated.c_str(), &v6) == 1) {
    return true;
  }
  constexpr size_t kNameBytesMax = 253, kLabelBytesMax = 63;
  if (text.empty() || text.size() > kNameBytesMax) return false;
  if (text.starts_with("*.")) text.remove_prefix(2);
  bool last_is_number = true;
  while (true) {
    const size_t size = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, size);
    if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return false;
    }
    last_is_number = label.find_first_not_of("0123456789") == std::string_view::npos;
    if (size == text.size()) break;
    text.remove_prefix(size + 1);
  }
  // "10.0.0.256" is a mistyped address.
  return !last_is_number;
}

bool IsLoopback(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const std::optional<HostPort> parsed = ParseHostPort(address);
  if (!parsed.has_value()) return false;
  if (parsed->host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, parsed->host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, parsed->host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace quartermaster::config
