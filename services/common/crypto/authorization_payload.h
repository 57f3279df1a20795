// What stands inside authorization and reservation codes.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_PAYLOAD_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_PAYLOAD_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "services/common/crypto/authorization_file.h"

namespace quartermaster::crypto {

// Both: `crypto.authorization_code_malformed` with the field and what it must be.
// The payload of an authorization code, JSON.
absl::StatusOr<AuthorizationFile> ParseAuthorizationPayload(std::string_view json);
// The <authorizationCode> element of a reservation code and the text of its <udi>.
absl::StatusOr<AuthorizationFile> ParseReservation(std::string_view element, std::string_view udi);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_PAYLOAD_H_
