// The address part of what gRPC calls a peer.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_PEER_ADDRESS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_PEER_ADDRESS_H_

#include <string>
#include <string_view>

namespace quartermaster::gateway {

// "ipv4:10.1.2.3:45678" -> "10.1.2.3"; "ipv6:%5B::1%5D:45678" -> "::1". Other forms stay whole.
inline std::string PeerAddress(std::string_view peer) {
  const size_t scheme = peer.find(':');
  const size_t port = peer.rfind(':');
  if (scheme == std::string_view::npos || port <= scheme) return std::string(peer);
  std::string_view address = peer.substr(scheme + 1, port - scheme - 1);
  for (const std::string_view bracket : {"%5B", "["}) {
    if (address.starts_with(bracket)) address.remove_prefix(bracket.size());
  }
  for (const std::string_view bracket : {"%5D", "]"}) {
    if (address.ends_with(bracket)) address.remove_suffix(bracket.size());
  }
  return std::string(address);
}

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_PEER_ADDRESS_H_
