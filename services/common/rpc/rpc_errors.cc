#include "services/common/rpc/rpc_errors.h"

#include <string>

#include "services/common/errors/error.h"

namespace quartermaster::rpc {
namespace {

using errors::MakeError;
using errors::RegisterErrorKind;

const errors::ErrorKind kTlsFileUnreadable = RegisterErrorKind(
    {"rpc.tls_file_unreadable", absl::StatusCode::kFailedPrecondition, /*retryable=*/false});
const errors::ErrorKind kPlaintextBeyondLoopback = RegisterErrorKind(
    {"rpc.plaintext_beyond_loopback", absl::StatusCode::kFailedPrecondition, /*retryable=*/false});

const errors::ErrorKind kSmartAccountDenied =
    RegisterErrorKind({"rpc.smart_account_denied", absl::StatusCode::kPermissionDenied, /*retryable=*/false});

}  // namespace

absl::Status SmartAccountDenied(std::string_view bound_to) {
  return MakeError(kSmartAccountDenied, "smart_account: got another one, want none or \"" +
                                            std::string(bound_to) + "\": this client is bound to it");
}

absl::Status TlsFileUnreadable(std::string_view path, std::string_view got) {
  return MakeError(kTlsFileUnreadable,
                   std::string(path) + ": got " + std::string(got) + ", want a readable PEM file");
}

absl::Status PlaintextBeyondLoopback(std::string_view address) {
  return MakeError(kPlaintextBeyondLoopback, "address: got \"" + std::string(address) +
                                                 "\" without TLS, want a certificate authority "
                                                 "for every address beyond loopback");
}

}  // namespace quartermaster::rpc
