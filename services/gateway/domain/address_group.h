// Which addresses count as one sender. Whoever has an IPv6 address has 2^64 of them, so these count by
// their /64.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_ADDRESS_GROUP_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_ADDRESS_GROUP_H_

#include <string>
#include <string_view>

namespace quartermaster::gateway {

// "10.1.2.3" and "::ffff:10.1.2.3" -> "10.1.2.3"; "2001:db8:0:1:aaaa::1" -> "2001:db8:0:1::/64"; a
// scope ("%eth0") is left out. What is no address stays as it is.
std::string AddressGroup(std::string_view address);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_ADDRESS_GROUP_H_
