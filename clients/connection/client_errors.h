// Errors that the clients themselves make, before or instead of an answer of the node.
#ifndef QUARTERMASTER_CLIENTS_CONNECTION_CLIENT_ERRORS_H_
#define QUARTERMASTER_CLIENTS_CONNECTION_CLIENT_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::client {

// No answer came, or the node cannot serve. Ids are stable: `client.unreachable`.
inline constexpr std::string_view kUnreachableId = "client.unreachable";
inline constexpr std::string_view kUsageId = "client.usage";

// client.unreachable: `message` says what was tried.
absl::Status Unreachable(std::string_view message);
// client.usage: the command line or the environment is wrong.
absl::Status Usage(std::string_view message);
// client.file_unreadable and client.file_unwritable: `why` is the system's word.
absl::Status FileUnreadable(std::string_view path, std::string_view why);
absl::Status FileUnwritable(std::string_view path, std::string_view why);
// client.credential_malformed: the credential file.
absl::Status CredentialMalformed(std::string_view path, std::string_view message);
// client.input_malformed: a CSV or JSON file of rows; `message` names line, field, got, want.
absl::Status InputMalformed(std::string_view message);
// client.answer_malformed: the node answered something that this client cannot read.
absl::Status AnswerMalformed(std::string_view message);

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_CONNECTION_CLIENT_ERRORS_H_
