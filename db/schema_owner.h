// The roles and the schema that migrations need, and becoming their owner.
#ifndef QUARTERMASTER_DB_SCHEMA_OWNER_H_
#define QUARTERMASTER_DB_SCHEMA_OWNER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::db {

// "<prefix>owner" first, then one per service.
std::vector<std::string> RoleNames(const std::string& prefix);

// Whether it can stand in SQL without quotes.
bool IsRolePrefix(const std::string& prefix);

// Makes roles and schema where they are missing, then makes this session the owner's, with the
// search_path that migrations run under.
absl::Status BecomeSchemaOwner(pg::RawConnection& connection, const std::string& role_prefix);

}  // namespace quartermaster::db

#endif  // QUARTERMASTER_DB_SCHEMA_OWNER_H_
