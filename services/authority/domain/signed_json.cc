#include "services/authority/domain/signed_json.h"

#include <utility>

#include "services/common/status/status_macros.h"

namespace quartermaster::authority {

using Json = nlohmann::ordered_json;

std::string WriteJson(const Json& json) {
  const std::string text = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      case '\'':
        safe += "\\u0027";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

absl::StatusOr<std::string> SignedEnvelope(const std::string& payload, KeyPurpose purpose, const char* domain,
                                           const SigningKeys& keys) {
  ASSIGN_OR_RETURN(const DocumentSignature signature, keys.Sign(purpose, domain, payload));
  Json certificates = Json::array();
  for (const crypto::Certificate& certificate : signature.certificates) {
    certificates.push_back(crypto::Base64Encode(certificate.der()));
  }
  return WriteJson(Json{{"payload", payload},
                        {"signature", Json{{"alg", std::string(crypto::AlgorithmName(signature.algorithm))},
                                           {"key_id", signature.key_id},
                                           {"value", crypto::Base64Encode(signature.value)},
                                           {"certificates", std::move(certificates)}}}});
}

}  // namespace quartermaster::authority
