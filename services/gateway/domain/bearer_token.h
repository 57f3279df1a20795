// The credential of a call: `authorization: Bearer <client id>.<secret>`.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_BEARER_TOKEN_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_BEARER_TOKEN_H_

#include <optional>
#include <string_view>

namespace quartermaster::gateway {

// Views into the header's value.
struct BearerToken {
  std::string_view client_id;
  std::string_view secret;
  // "<client id>.<secret>", what is hashed for the cache.
  std::string_view whole;
};

// None when the value is not of that form. The scheme is compared without case (RFC 9110). A client
// id is 1 to 64 of [A-Za-z0-9_-], a secret 1 to 256 printable characters without blanks.
std::optional<BearerToken> ParseBearerToken(std::string_view header_value);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_BEARER_TOKEN_H_
