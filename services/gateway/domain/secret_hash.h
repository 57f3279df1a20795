// Secrets of API clients: made at random, kept only as Argon2id hashes that name their algorithm and
// cost ("$argon2id$v=19$m=19456,t=2,p=1$…").
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_SECRET_HASH_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_SECRET_HASH_H_

#include <string>
#include <string_view>

#include "services/common/log/secret.h"

namespace quartermaster::gateway {

// 256 random bits, base64url without padding (43 characters).
log::Secret NewSecret();

// Costs some 20 ms of one core and 19 MiB while it runs.
std::string HashSecret(std::string_view secret);
// Whether `hash` is of `secret`; false for a hash that cannot be read. Costs what the hash says.
bool SecretMatches(const std::string& hash, std::string_view secret);
// Takes as long as SecretMatches, so that an unknown client cannot be told from a wrong secret.
void PretendToMatch(std::string_view secret);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_SECRET_HASH_H_
