// The authority service: the only signer of a node.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_AUTHORITY_SERVICE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_AUTHORITY_SERVICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "services/common/lifecycle/service.h"

namespace quartermaster {

// Opens the key-encryption key (making it at the first start) and the signing keys (likewise), so
// that a service that starts can sign. Role qm_authority.
absl::StatusOr<std::unique_ptr<Service>> MakeAuthorityService(const ServiceContext& context);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_AUTHORITY_SERVICE_H_
