// Addresses of listeners: "host:port", "[v6]:port" or "unix:/path".
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_ADDRESSES_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_ADDRESSES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quartermaster::config {

struct HostPort {
  std::string host;  // without brackets
  uint16_t port = 0;
};

// Nothing when the text is not host:port with port 0 to 65535.
std::optional<HostPort> ParseHostPort(std::string_view address);

// Whether a certificate can be made out to it: an IP address (without brackets), or a DNS name of
// letters, digits, "-" and "_", where a first label "*" stands for any.
bool IsDnsNameOrAddress(std::string_view text);

// Whether "host:port" or "unix:/path" can be reached from this machine only. A name is loopback
// when it is "localhost".
bool IsLoopback(std::string_view address);

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_ADDRESSES_H_
