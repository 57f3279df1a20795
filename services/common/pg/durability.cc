#include "services/common/pg/durability.h"

#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::pg {
namespace {

constexpr char kSelectSettings[] =
    "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
    " current_setting('synchronous_commit'), current_setting('synchronous_standby_names')";

constexpr std::array<const char*, 3> kMustNotBeOff = {"fsync", "full_page_writes", "synchronous_commit"};

}  // namespace

absl::StatusOr<Durability> CheckDurability(RawConnection& connection) {
  ASSIGN_OR_RETURN(const Result settings, connection.Execute(kSelectSettings, Params()));
  std::vector<std::string> off;
  for (int i = 0; i < static_cast<int>(kMustNotBeOff.size()); ++i) {
    if (settings.Bytes(0, i) == "off") off.push_back(kMustNotBeOff[i]);
  }
  if (!off.empty()) {
    return DurabilityOff(absl::StrCat("database settings: got ", absl::StrJoin(off, ", "),
                                      " off, want on: an answer would not be safe"));
  }
  Durability durability;
  durability.synchronous_commit = std::string(settings.Bytes(0, 2));
  durability.synchronous_standby = durability.synchronous_commit != "local" && !settings.Bytes(0, 3).empty();
  return durability;
}

}  // namespace quartermaster::pg
