// The configuration files of the embedded server. They are ours and rewritten at every start; an
// operator's own settings go into local.conf beside them, which is read last.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_SERVER_SETTINGS_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_SERVER_SETTINGS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace quartermaster::postgres_host {

// The superuser of the embedded cluster; migrations come in as this one.
inline constexpr char kAdminRole[] = "qm_admin";

struct ServerSettings {
  std::string socket_directory;
  int64_t shared_buffers_bytes = 128ll << 20;
  int64_t wal_bytes_max = 2ll << 30;
  int connections_max = 100;
  // A value that the server knows: "lz4" costs a fraction of "pglz" but is a matter of its build.
  std::string wal_compression = "pglz";
};

// quartermaster.conf, which postgresql.conf includes.
std::string ConfText(const ServerSettings& settings);

// pg_hba.conf: local connections of mapped users, nothing else.
std::string HbaText();

// pg_ident.conf: the user `os_user` of this machine may be each of our roles.
std::string IdentText(const std::string& os_user);

// Roles that IdentText maps.
const std::vector<std::string>& MappedRoles();

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_SERVER_SETTINGS_H_
