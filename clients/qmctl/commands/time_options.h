// --as-of and --known-at, as every command that shows figures has them.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_TIME_OPTIONS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_TIME_OPTIONS_H_

#include <google/protobuf/timestamp.pb.h>

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {

struct FigureTimeOptions {
  std::string as_of;
  std::string known_at;
  bool given() const { return !as_of.empty() || !known_at.empty(); }
};

void AddFigureTimes(CLI::App& app, FigureTimeOptions& options);

// Sets nothing for an empty text. A date means its end in UTC with `date_ends_day`, else its beginning.
absl::Status SetTime(const std::string& option, const std::string& text, bool date_ends_day,
                     google::protobuf::Timestamp* time);

template <typename Request>
absl::Status SetFigureTimes(const FigureTimeOptions& options, Request& request) {
  if (!options.as_of.empty()) {
    RETURN_IF_ERROR(SetTime("--as-of", options.as_of, true, request.mutable_as_of()));
  }
  if (!options.known_at.empty()) {
    RETURN_IF_ERROR(SetTime("--known-at", options.known_at, true, request.mutable_known_at()));
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_TIME_OPTIONS_H_
