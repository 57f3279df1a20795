// Reading the files of config::TlsFiles.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_PEM_FILES_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_PEM_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/common/config/tls_files.h"

namespace quartermaster::rpc {

struct PemTexts {
  std::string certificate;
  std::string key;
  std::string ca;
};

// The files that are set; others stay empty. `rpc.tls_file_unreadable` names the file and why,
// also for one that holds no PEM.
absl::StatusOr<PemTexts> ReadPemFiles(const config::TlsFiles& files);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_PEM_FILES_H_
