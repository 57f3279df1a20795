// Who is behind a call, once the credential was found good.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_CALLER_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_CALLER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quartermaster::gateway {

// Values are bits, so that a set of roles is their sum.
enum class Role : uint8_t { kAdministrator = 1, kDevice = 2 };

// As in api_clients.role and x-qm-role.
constexpr std::string_view RoleName(Role role) {
  return role == Role::kAdministrator ? "administrator" : "device";
}

// None for a word that this version does not know: such a client may call nothing.
constexpr std::optional<Role> ParseRole(std::string_view name) {
  if (name == "administrator") return Role::kAdministrator;
  if (name == "device") return Role::kDevice;
  return std::nullopt;
}

struct Caller {
  std::string client_id;
  Role role = Role::kDevice;
  // Domain of the client's Smart Account; empty = not bound to one.
  std::string smart_account;
  bool operator==(const Caller&) const = default;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_CALLER_H_
