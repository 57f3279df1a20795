// The file by which a product instance asks for authorization codes and gives them back
// (docs/reference/formats.md, "Authorization request").
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_AUTHORIZATION_REQUEST_FILE_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_AUTHORIZATION_REQUEST_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::ledger {

inline constexpr size_t kAuthorizationRequestFileBytesMax = 1 << 20;
inline constexpr size_t kAuthorizationRequestsMax = 1000;

struct AuthorizationFileRequest {
  struct Key {
    std::string tag;
    int64_t count = 0;
    bool operator==(const Key&) const = default;
  };
  std::string product_id, serial_number;
  std::vector<Key> keys;
  // Empty where the file has null.
  std::string confirmation_code, removal_code;
};

// In the order of the file; at least one. What they say is not judged. `ledger.authorization_file_malformed`.
absl::StatusOr<std::vector<AuthorizationFileRequest>> ReadAuthorizationRequestFile(std::string_view file);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_AUTHORIZATION_REQUEST_FILE_H_
