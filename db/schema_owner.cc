#include "db/schema_owner.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "db/migrate_errors.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::db {
namespace {

using pg::Params;
using pg::RawConnection;
using pg::Result;

struct SessionRole {
  std::string name;
  bool superuser = false;
  bool may_create_roles = false;
};

absl::StatusOr<SessionRole> ReadSessionRole(RawConnection& connection) {
  static constexpr char kSql[] =
      "SELECT rolname::text, rolsuper, rolsuper OR rolcreaterole FROM pg_roles"
      " WHERE rolname = current_user";
  ASSIGN_OR_RETURN(const Result role, connection.Execute(kSql, Params()));
  return SessionRole{std::string(role.Bytes(0, 0)), role.Bool(0, 1), role.Bool(0, 2)};
}

absl::StatusOr<std::vector<std::string>> MissingRoles(RawConnection& connection,
                                                      std::vector<std::string> wanted) {
  static constexpr char kSql[] = "SELECT rolname::text FROM pg_roles WHERE rolname::text = ANY ($1)";
  const std::vector<std::string_view> names(wanted.begin(), wanted.end());
  Params params;
  params.AddTextArray(names);
  ASSIGN_OR_RETURN(const Result found, connection.Execute(kSql, params));
  for (int row = 0; row < found.rows(); ++row) {
    std::erase(wanted, std::string(found.Bytes(row, 0)));
  }
  return wanted;
}

// Names are checked by IsRolePrefix: identifiers cannot be bound as parameters.
absl::Status CreateRole(RawConnection& connection, const std::string& name) {
  const absl::Status status = connection.Run(absl::StrCat("CREATE ROLE ", name, " LOGIN").c_str());
  const std::string sql_state = pg::SqlStateOf(status);
  // Roles belong to the whole server: a migrator of another database may have been faster.
  if (sql_state == "42710" || sql_state == "23505") return absl::OkStatus();
  return status;
}

absl::Status EnsureRoles(RawConnection& connection, const SessionRole& self,
                         const std::vector<std::string>& roles) {
  ASSIGN_OR_RETURN(const std::vector<std::string> missing, MissingRoles(connection, roles));
  if (missing.empty()) return absl::OkStatus();
  if (!self.may_create_roles) {
    return RoleMissing(absl::StrCat("database roles: got no ", absl::StrJoin(missing, ", "), ", and ",
                                    self.name,
                                    " may not make them; want an administrator to run CREATE ROLE "
                                    "… LOGIN for each"));
  }
  for (const std::string& role : missing) RETURN_IF_ERROR(CreateRole(connection, role));
  if (self.superuser || self.name == roles.front()) return absl::OkStatus();
  return connection.Run(absl::StrCat("GRANT ", roles.front(), " TO CURRENT_USER").c_str());
}

absl::Status CheckMayActAs(RawConnection& connection, const SessionRole& self, const std::string& owner) {
  static constexpr char kSql[] = "SELECT pg_has_role(current_user, $1, 'MEMBER')";
  Params params;
  params.AddText(owner);
  ASSIGN_OR_RETURN(const Result member, connection.Execute(kSql, params));
  if (member.Bool(0, 0)) return absl::OkStatus();
  return NotOwner(
      absl::StrCat("database role: got ", self.name, ", want ", owner, ", a member of it, or a superuser"));
}

absl::Status EnsureSchema(RawConnection& connection, const std::string& owner) {
  static constexpr char kSql[] =
      "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'quartermaster'";
  ASSIGN_OR_RETURN(const Result schema, connection.Execute(kSql, Params()));
  if (schema.rows() == 0) {
    return connection.Run(absl::StrCat("CREATE SCHEMA quartermaster AUTHORIZATION ", owner).c_str());
  }
  if (schema.Bytes(0, 0) == owner) return absl::OkStatus();
  return NotOwner(
      absl::StrCat("schema quartermaster: got owner ", std::string(schema.Bytes(0, 0)), ", want ", owner));
}

}  // namespace

std::vector<std::string> RoleNames(const std::string& prefix) {
  std::vector<std::string> names;
  for (const char* name : {"owner", "ingest", "ledger", "authority", "gateway"}) {
    names.push_back(prefix + name);
  }
  return names;
}

bool IsRolePrefix(const std::string& prefix) {
  const auto allowed = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_'; };
  return !prefix.empty() && prefix.size() <= 40 && !std::isdigit(static_cast<unsigned char>(prefix[0])) &&
         std::all_of(prefix.begin(), prefix.end(), allowed);
}

absl::Status BecomeSchemaOwner(RawConnection& connection, const std::string& role_prefix) {
  const std::vector<std::string> roles = RoleNames(role_prefix);
  const std::string& owner = roles.front();
  ASSIGN_OR_RETURN(const SessionRole self, ReadSessionRole(connection));
  RETURN_IF_ERROR(EnsureRoles(connection, self, roles));
  RETURN_IF_ERROR(CheckMayActAs(connection, self, owner));
  RETURN_IF_ERROR(EnsureSchema(connection, owner));
  if (self.name != owner) {
    RETURN_IF_ERROR(connection.Run(absl::StrCat("SET ROLE ", owner).c_str()));
  }
  // Functions keep this path (SET search_path FROM CURRENT): temporary tables must come last, or
  // their caller could put one in the place of ours.
  return connection.Run("SET search_path = quartermaster, pg_temp");
}

}  // namespace quartermaster::db
