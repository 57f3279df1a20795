#include "clients/qmctl/commands/time_options.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/connection/client_errors.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/input/row_file.h"

namespace quartermaster::qmctl {

void AddFigureTimes(CLI::App& app, FigureTimeOptions& options) {
  app.add_option("--as-of", options.as_of,
                 "What is effective then, past or future: a date (its end, UTC) or an RFC 3339 time");
  app.add_option("--known-at", options.known_at, "What was recorded by then");
}

absl::Status SetTime(const std::string& option, const std::string& text, bool date_ends_day,
                     google::protobuf::Timestamp* time) {
  const std::optional<absl::Time> parsed = ParseTime(text, date_ends_day);
  if (!parsed.has_value()) {
    return client::Usage(absl::StrCat(option, ": got '", text, "', want a date (its ",
                                      date_ends_day ? "end" : "beginning",
                                      ", UTC) or a time like 2026-01-31T12:00:00Z"));
  }
  *time = ToProto(*parsed);
  return absl::OkStatus();
}

}  // namespace quartermaster::qmctl
