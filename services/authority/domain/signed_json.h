// JSON as the authority writes it into files, and the envelope around what it signs.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_SIGNED_JSON_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_SIGNED_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "services/authority/domain/signing_keys.h"

namespace quartermaster::authority {

// ASCII, and without what XML or a shell gives a meaning to (no apostrophe); the order of fields is kept.
std::string WriteJson(const nlohmann::ordered_json& json);

// {"payload":…,"signature":{alg,key_id,value,certificates}}: signed over `domain` + `payload`.
absl::StatusOr<std::string> SignedEnvelope(const std::string& payload, KeyPurpose purpose, const char* domain,
                                           const SigningKeys& keys);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_SIGNED_JSON_H_
