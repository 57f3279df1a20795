// What every session of ours looks like, written into its connection string.
#include <postgresql/libpq-fe.h>

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/common/pg/pool.h"

namespace quartermaster::pg {
namespace {

// Quoted as libpq reads it.
std::string Quote(const std::string& value) {
  return absl::StrCat("'", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// Server settings. The administrator's own come first, so that ours win.
std::string SessionSettings(const Options& options, const std::string& given) {
  const int64_t timeout_ms = absl::ToInt64Milliseconds(options.statement_timeout);
  return absl::StrCat(given, given.empty() ? "" : " ", "-c statement_timeout=", timeout_ms,
                      // A session that hangs between statements would hold back the change feeds.
                      " -c idle_in_transaction_session_timeout=", timeout_ms,
                      " -c search_path=quartermaster -c TimeZone=UTC -c DateStyle=ISO");
}

}  // namespace

std::string SessionConnectionString(const Options& options) {
  std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> given(
      PQconninfoParse(options.connection_string.c_str(), nullptr), &PQconninfoFree);
  // Not readable: connecting says precisely why.
  if (given == nullptr) return options.connection_string;

  // A session notices within about 3 s that its primary was cut off, and connecting does not wait
  // for a dead host. Sockets in the file system ignore the TCP settings.
  std::map<std::string, std::string> keywords = {
      {"target_session_attrs", "read-write"},
      {"connect_timeout", "2"},
      {"tcp_user_timeout", "3000"},
      {"keepalives", "1"},
      {"keepalives_idle", "2"},
      {"keepalives_interval", "1"},
      {"keepalives_count", "3"},
  };
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) keywords[option->keyword] = option->val;
  }
  if (!options.application_name.empty()) keywords["application_name"] = options.application_name;
  keywords["client_encoding"] = "UTF8";
  keywords["options"] = SessionSettings(options, keywords["options"]);

  std::string connection_string;
  for (const auto& [keyword, value] : keywords) {
    absl::StrAppend(&connection_string, connection_string.empty() ? "" : " ", keyword, "=", Quote(value));
  }
  return connection_string;
}

}  // namespace quartermaster::pg
