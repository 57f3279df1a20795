// The key-encryption key of this node.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_NODE_KEY_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_NODE_KEY_H_

#include "absl/status/statusor.h"
#include "services/common/config/node_config.h"
#include "services/common/crypto/key_encryption.h"

namespace quartermaster {

// The one that the configuration names; else that of `<data_directory>/secrets/key_encryption_key`, which is
// made when it is not there. Services of one data directory end up with the same key.
absl::StatusOr<crypto::KeyEncryptionKey> OpenNodeKey(const config::NodeConfig& config);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_NODE_KEY_H_
