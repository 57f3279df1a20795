#include "services/common/lifecycle/lifecycle_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster {
namespace {

using errors::MakeError;
using errors::RegisterErrorKind;

const errors::ErrorKind kCommandLineInvalid = RegisterErrorKind(
    {"lifecycle.command_line_invalid", absl::StatusCode::kInvalidArgument, /*retryable=*/false});
const errors::ErrorKind kCannotListen = RegisterErrorKind(
    {"lifecycle.cannot_listen", absl::StatusCode::kFailedPrecondition, /*retryable=*/false});
const errors::ErrorKind kStarting =
    RegisterErrorKind({"lifecycle.starting", absl::StatusCode::kUnavailable, /*retryable=*/true});
const errors::ErrorKind kStopping =
    RegisterErrorKind({"lifecycle.stopping", absl::StatusCode::kUnavailable, /*retryable=*/true});
const errors::ErrorKind kSchemaNotReady =
    RegisterErrorKind({"lifecycle.schema_not_ready", absl::StatusCode::kUnavailable, /*retryable=*/true});

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::Status CommandLineInvalid(std::string_view got, std::string_view want) {
  return MakeError(kCommandLineInvalid, absl::StrCat("command line: got ", View(got), ", want ", View(want)));
}

absl::Status CannotListen(std::string_view address, std::string_view why) {
  return MakeError(kCannotListen, absl::StrCat("internal listener: got ", View(why), " for \"", View(address),
                                               "\", want a free address"));
}

absl::Status Starting(std::string_view what) {
  return MakeError(kStarting, absl::StrCat("starting: ", View(what)));
}

absl::Status Stopping() { return MakeError(kStopping, "stopping"); }

absl::Status SchemaNotReady(int got, int want) {
  return MakeError(kSchemaNotReady, absl::StrCat("database schema: got version ", got, ", want ", want,
                                                 " or the one before; `migrate` brings it there"));
}

}  // namespace quartermaster
