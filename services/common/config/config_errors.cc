#include "services/common/config/config_errors.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/errors/error.h"

namespace quartermaster::config {
namespace {

using errors::MakeError;
using errors::RegisterErrorKind;

const errors::ErrorKind kInvalid =
    RegisterErrorKind({"config.invalid", absl::StatusCode::kInvalidArgument, /*retryable=*/false});
const errors::ErrorKind kFileUnreadable =
    RegisterErrorKind({"config.file_unreadable", absl::StatusCode::kNotFound, /*retryable=*/false});
const errors::ErrorKind kSecretUnreadable = RegisterErrorKind(
    {"config.secret_unreadable", absl::StatusCode::kFailedPrecondition, /*retryable=*/false});

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::Status Invalid(const std::vector<std::string>& mistakes) {
  return MakeError(kInvalid, absl::StrJoin(mistakes, "\n"));
}

absl::Status FileUnreadable(std::string_view path, std::string_view why) {
  return MakeError(kFileUnreadable, absl::StrCat(View(path), ": got ", View(why), ", want a readable file"));
}

absl::Status SecretUnreadable(std::string_view where, std::string_view got) {
  return MakeError(kSecretUnreadable, absl::StrCat(View(where), ": got ", View(got),
                                                   ", want a secret that only its owner and group "
                                                   "can read"));
}

}  // namespace quartermaster::config
