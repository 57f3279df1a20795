// The schema that this binary brings along: db/migrations/*.sql and db/roles.sql, embedded.
#ifndef QUARTERMASTER_DB_MIGRATIONS_H_
#define QUARTERMASTER_DB_MIGRATIONS_H_

#include <string_view>
#include <vector>

namespace quartermaster::db {

struct Migration {
  int version;
  std::string_view name;  // "create_foundation"
  std::string_view sql;   // ends with a NUL, as a literal does
};

// Versions 1, 2, 3, … without holes.
const std::vector<Migration>& Migrations();

std::string_view RolesSql();

}  // namespace quartermaster::db

#endif  // QUARTERMASTER_DB_MIGRATIONS_H_
