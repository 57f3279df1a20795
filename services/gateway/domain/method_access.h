// The one table that says who may call which method. Deny by default: a method without a row is
// refused, and a test walks every method of every service and requires a row.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_METHOD_ACCESS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_METHOD_ACCESS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "services/gateway/domain/caller.h"

namespace quartermaster::gateway {

// A sum of Role bits. Zero: the method is for services among themselves and not reachable here.
using RoleSet = uint8_t;
inline constexpr RoleSet kInternal = 0;
inline constexpr RoleSet kAdministrators = static_cast<RoleSet>(Role::kAdministrator);
inline constexpr RoleSet kEveryClient = kAdministrators | static_cast<RoleSet>(Role::kDevice);

struct MethodAccess {
  // "package.Service/Method".
  std::string_view method;
  RoleSet roles;
};

// Sorted by method.
std::span<const MethodAccess> MethodAccessTable();

// The row of a method; none when there is no row.
std::optional<RoleSet> RolesOf(std::string_view method);

constexpr bool Allows(RoleSet roles, Role role) { return (roles & static_cast<RoleSet>(role)) != 0; }

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_METHOD_ACCESS_H_
