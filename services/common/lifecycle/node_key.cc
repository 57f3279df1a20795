#include "services/common/lifecycle/node_key.h"

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"

namespace quartermaster {

absl::StatusOr<crypto::KeyEncryptionKey> OpenNodeKey(const config::NodeConfig& config) {
  if (config.key_encryption_key.is_set()) {
    ASSIGN_OR_RETURN(const log::Secret text, config.key_encryption_key.Read());
    return crypto::KeyEncryptionKey::FromText(text.Reveal());
  }
  return crypto::KeyEncryptionKey::LoadOrCreate(
      absl::StrCat(config.data_directory, "/secrets/key_encryption_key"));
}

}  // namespace quartermaster
