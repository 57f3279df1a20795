#include "services/gateway/domain/address_group.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace quartermaster::gateway {
namespace {

constexpr size_t kNetworkBytes = 8;
constexpr size_t kMappedAt = 12;

}  // namespace

std::string AddressGroup(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string(address);
  const std::string plain(address.substr(0, address.find('%')));
  in6_addr bytes = {};
  if (inet_pton(AF_INET6, plain.c_str(), &bytes) != 1) return std::string(address);
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    inet_ntop(AF_INET, bytes.s6_addr + kMappedAt, text, sizeof(text));
    return text;
  }
  std::fill(bytes.s6_addr + kNetworkBytes, bytes.s6_addr + sizeof(bytes.s6_addr), 0);
  inet_ntop(AF_INET6, &bytes, text, sizeof(text));
  return std::string(text) + "/64";
}

}  // namespace quartermaster::gateway
