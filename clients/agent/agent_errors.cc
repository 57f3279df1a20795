#include "clients/agent/agent_errors.h"

#include <string>

#include "services/common/errors/error.h"

namespace quartermaster::agent {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kStateMalformed =
    RegisterErrorKind({"agent.state_malformed", absl::StatusCode::kDataLoss, false});
const ErrorKind kStateExists =
    RegisterErrorKind({"agent.state_exists", absl::StatusCode::kAlreadyExists, false});
const ErrorKind kStateMissing =
    RegisterErrorKind({"agent.state_missing", absl::StatusCode::kNotFound, false});
const ErrorKind kStateInUse = RegisterErrorKind({"agent.state_in_use", absl::StatusCode::kAborted, true});
const ErrorKind kCertificateMismatch =
    RegisterErrorKind({"agent.certificate_mismatch", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kKeyMissing =
    RegisterErrorKind({"agent.key_missing", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kTrustMissing =
    RegisterErrorKind({"agent.trust_missing", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kArgumentInvalid =
    RegisterErrorKind({"agent.argument_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kAuthorityUnknown =
    RegisterErrorKind({"agent.authority_unknown", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kNotAuthorized =
    RegisterErrorKind({"agent.not_authorized", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kNothingInstalled =
    RegisterErrorKind({"agent.nothing_installed", absl::StatusCode::kFailedPrecondition, false});

}  // namespace

absl::Status StateMalformed(std::string_view message) { return MakeError(kStateMalformed, message); }

absl::Status StateExists(std::string_view directory) {
  return MakeError(kStateExists,
                   "state: got a product instance in " + std::string(directory) + ", want none");
}

absl::Status StateMissing(std::string_view directory) {
  return MakeError(kStateMissing, "state: got no product instance in " + std::string(directory) +
                                      ", want one made by `agent init`");
}

absl::Status StateInUse(std::string_view directory) {
  return MakeError(kStateInUse, "state: " + std::string(directory) + " is used by another process");
}

absl::Status CertificateMismatch(std::string_view message) {
  return MakeError(kCertificateMismatch, message);
}

absl::Status KeyMissing(std::string_view file) {
  return MakeError(kKeyMissing, "key: got no " + std::string(file) +
                                    " in the state directory, want the private key that signs the reports");
}

absl::Status TrustMissing() {
  return MakeError(kTrustMissing,
                   "trust code: got none, want one by `agent trust establish` or `agent trust factory`");
}

absl::Status ArgumentInvalid(std::string_view message) { return MakeError(kArgumentInvalid, message); }

absl::Status AuthorityUnknown() {
  return MakeError(kAuthorityUnknown,
                   "authority certificates: got none, want them by `agent install authority FILE` "
                   "or by an online poll");
}

absl::Status NotAuthorized(std::string_view message) { return MakeError(kNotAuthorized, message); }

absl::Status NothingInstalled() {
  return MakeError(kNothingInstalled,
                   "authorization code: got none installed, want one by "
                   "`agent authorization install FILE` or `agent authorization request`");
}

}  // namespace quartermaster::agent
