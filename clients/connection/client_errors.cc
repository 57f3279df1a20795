#include "clients/connection/client_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster::client {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kUnreachable =
    RegisterErrorKind({"client.unreachable", absl::StatusCode::kUnavailable, true});
const ErrorKind kUsage = RegisterErrorKind({"client.usage", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kFileUnreadable =
    RegisterErrorKind({"client.file_unreadable", absl::StatusCode::kNotFound, false});
const ErrorKind kFileUnwritable =
    RegisterErrorKind({"client.file_unwritable", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kCredentialMalformed =
    RegisterErrorKind({"client.credential_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kInputMalformed =
    RegisterErrorKind({"client.input_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kAnswerMalformed =
    RegisterErrorKind({"client.answer_malformed", absl::StatusCode::kInternal, false});

std::string FileMessage(std::string_view path, std::string_view why) {
  return std::string(path) + ": " + std::string(why);
}

}  // namespace

absl::Status Unreachable(std::string_view message) { return MakeError(kUnreachable, message); }

absl::Status Usage(std::string_view message) { return MakeError(kUsage, message); }

absl::Status FileUnreadable(std::string_view path, std::string_view why) {
  return MakeError(kFileUnreadable, FileMessage(path, why));
}

absl::Status FileUnwritable(std::string_view path, std::string_view why) {
  return MakeError(kFileUnwritable, FileMessage(path, why));
}

absl::Status CredentialMalformed(std::string_view path, std::string_view message) {
  return MakeError(kCredentialMalformed, FileMessage(path, message));
}

absl::Status InputMalformed(std::string_view message) { return MakeError(kInputMalformed, message); }

absl::Status AnswerMalformed(std::string_view message) { return MakeError(kAnswerMalformed, message); }

}  // namespace quartermaster::client
